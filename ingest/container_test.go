package ingest

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func zipped(t testing.TB, members map[string]string, order ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, name := range order {
		w, err := z.Create(name)
		require.NoError(t, err)
		_, err = w.Write([]byte(members[name]))
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return out.Bytes()
}

func TestTheAdminCentersZIP(t *testing.T) {
	t.Parallel()
	g, _ := open(t)
	data := zipped(t, map[string]string{
		"parameters.json": `{"startTime":"2026-02-01T00:00:00Z"}`,
		"a.csv":           header25 + "\n" + csvRow(1, 60) + "\n" + with(17, "-1"),
		"b.csv":           header25 + "\n" + csvRow(2, 60),
		"notes.txt":       "hello",
	}, "parameters.json", "a.csv", "b.csv", "notes.txt")
	path := write(t, "Export.callingplans.0.zip", string(data))
	report, err := g.Ingest(t.Context(), "t1", "ann", []string{path}, nil)
	require.NoError(t, err)
	require.Equal(t, FormatZIP, report.Files[0].Format)
	require.Equal(t, Counts{Read: 3, Accepted: 2, Rejected: 1}, report.Total)
	require.Len(t, report.Skipped, 1, "a member that holds no usage is told of, and no more")
	require.Equal(t, path+": notes.txt", report.Skipped[0].File)
	require.Contains(t, report.Skipped[0].Reason, `it begins with "hello"`)
	rows, err := g.Quarantine(t.Context(), Filter{})
	require.NoError(t, err)
	require.Len(t, rows, 1)
	require.Equal(t, "a.csv", rows[0].Member)
	require.EqualValues(t, 3, rows[0].Position)
}

func TestABrokenMemberDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	g, _ := open(t)
	many := header25
	for i := range 400 {
		many += "\n" + csvRow(i, i)
	}
	data := zipped(t, map[string]string{"a.csv": many, "b.csv": header25 + "\n" + csvRow(1000, 60)}, "a.csv", "b.csv")
	// Bytes in the middle of the first member's compressed stream.
	for i := 1500; i < 1540; i++ {
		data[i] ^= 0xff
	}
	report := ingestOne(t, g, write(t, "x.zip", string(data)))
	require.Empty(t, report.Error)
	require.Equal(t, Counts{Read: 2, Accepted: 1, Rejected: 1}, report.Counts, "nothing of a damaged member is stored, all of the other")
	rows, err := g.Quarantine(t.Context(), Filter{})
	require.NoError(t, err)
	require.Equal(t, string(ReasonBrokenMember), rows[len(rows)-1].Reason)
	require.Equal(t, "a.csv", rows[len(rows)-1].Member)
}

func TestStdinAndGZIP(t *testing.T) {
	t.Parallel()
	g, s := open(t)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write([]byte(header25 + "\n" + csvRow(1, 60)))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	g.stdin = &packed
	require.Equal(t, Counts{Read: 1, Accepted: 1}, ingestOne(t, g, "-").Counts)
	g.stdin = strings.NewReader(header25 + "\n" + csvRow(2, 60))
	require.Equal(t, Counts{Read: 1, Accepted: 1}, ingestOne(t, g, "-").Counts)
	records, _ := sum(t, s)
	require.EqualValues(t, 2, records)
	left, err := os.ReadDir(g.tempDir)
	require.NoError(t, err)
	require.Empty(t, left, "what was kept of stdin is gone")
}

func TestADamagedGZIPIsRefusedWhole(t *testing.T) {
	t.Parallel()
	g, s := open(t)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	for i := range 300 {
		_, err := z.Write([]byte(map[bool]string{true: header25}[i == 0] + "\n" + csvRow(i, 60)))
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	cut := ingestOne(t, g, write(t, "a.csv.gz", packed.String()[:packed.Len()/2]))
	require.Contains(t, cut.Error, "damaged, and nothing of it is stored")
	records, _ := sum(t, s)
	require.Zero(t, records)
	require.Equal(t, Counts{Read: 300, Accepted: 300}, ingestOne(t, g, write(t, "a.csv.gz", packed.String())).Counts)

	var twice bytes.Buffer
	z = gzip.NewWriter(&twice)
	_, err := z.Write(packed.Bytes())
	require.NoError(t, err)
	require.NoError(t, z.Close())
	require.Contains(t, ingestOne(t, g, write(t, "b.gz", twice.String())).Error, "packed twice")
}

func TestEncryptedMembersAndForeignZIPs(t *testing.T) {
	t.Parallel()
	g, _ := open(t)
	data := zipped(t, map[string]string{"a.csv": header25 + "\n" + csvRow(1, 60), "b.csv": header25 + "\n" + csvRow(2, 60)}, "a.csv", "b.csv")
	central := bytes.Index(data, []byte("PK\x01\x02"))
	data[central+8] |= encrypted
	require.Equal(t, Counts{Read: 2, Accepted: 1, Rejected: 1}, ingestOne(t, g, write(t, "x.zip", string(data))).Counts)
	rows, err := g.Quarantine(t.Context(), Filter{})
	require.NoError(t, err)
	require.Equal(t, "a.csv", rows[0].Member)
	require.Contains(t, rows[0].Detail, "encrypted")

	report := ingestOne(t, g, write(t, "photos.zip", string(zipped(t, map[string]string{"a.jpg": "\xff\xd8", "b.zip": string(data)}, "a.jpg", "b.zip"))))
	require.Contains(t, report.Error, "holds no usage file among its 2 members")
	require.Equal(t, Counts{}, report.Counts)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestWhatUnpacksWithoutEndIsStopped(t *testing.T) {
	t.Parallel()
	n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, newBounded(zeros{}, 1000), make([]byte, 1<<24))
	require.ErrorIs(t, err, errUnpacks)
	require.LessOrEqual(t, n, int64(unpacksAlways))
	require.EqualValues(t, 500*(1<<30), newBounded(nil, 1<<30).limit)
}

func TestProgressOfAPackedFileEndsAtItsSize(t *testing.T) {
	t.Parallel()
	g, _ := open(t)
	many := header25
	for i := range 3000 {
		many += "\n" + csvRow(i, i)
	}
	data := zipped(t, map[string]string{"a.csv": many, "b.csv": many}, "a.csv", "b.csv")
	path := write(t, "x.zip", string(data))
	var steps []int64
	_, err := g.Ingest(t.Context(), "t1", "ann", []string{path}, progressFunc(func(done, total int64) {
		require.EqualValues(t, len(data), total)
		steps = append(steps, done)
	}))
	require.NoError(t, err)
	require.IsNonDecreasing(t, steps)
	require.EqualValues(t, len(data), steps[len(steps)-1])
	require.Less(t, steps[len(steps)/2], int64(len(data)), "not all at once")
}

func TestTheInboxIsEmptiedIntoDoneAndFailed(t *testing.T) {
	t.Parallel()
	g, s := open(t)
	root := t.TempDir()
	put := func(name, text string, age time.Duration) {
		path := filepath.Join(root, "t1", name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		require.NoError(t, os.Chtimes(path, time.Now().Add(-age), time.Now().Add(-age)))
	}
	put("a.csv", header25+"\n"+csvRow(1, 60), time.Minute)
	put("bad.txt", "hello", time.Minute)
	put("growing.csv", header25+"\n", 0)
	put("later.csv.part", header25+"\n", time.Minute)
	inbox := Inbox{Name: "exports", Path: root, Settle: 10 * time.Second}

	report, err := g.Collect(t.Context(), inbox, "system:inbox")
	require.NoError(t, err)
	require.Equal(t, Counts{Read: 1, Accepted: 1}, report.Total)
	require.Equal(t, 1, report.Failed)
	require.Equal(t, 1, report.Waiting)
	day := time.Now().UTC().Format(time.DateOnly)
	require.FileExists(t, filepath.Join(root, "t1", "done", day, "a.csv"))
	require.FileExists(t, filepath.Join(root, "t1", "failed", day, "bad.txt"))
	reason, err := os.ReadFile(filepath.Join(root, "t1", "failed", day, "bad.txt.reason.txt"))
	require.NoError(t, err)
	require.Contains(t, string(reason), "neither")

	// The same name again, as after a crash before the move: nothing is overwritten.
	put("a.csv", header25+"\n"+csvRow(1, 60), time.Minute)
	report, err = g.Collect(t.Context(), inbox, "system:inbox")
	require.NoError(t, err)
	require.Equal(t, Counts{Read: 1, Duplicate: 1}, report.Total)
	entries, err := os.ReadDir(filepath.Join(root, "t1", "done", day))
	require.NoError(t, err)
	require.Len(t, entries, 2)
	records, _ := sum(t, s)
	require.EqualValues(t, 1, records)

	_, err = g.Collect(t.Context(), Inbox{Name: "gone", Path: filepath.Join(root, "nowhere")}, "x")
	require.ErrorContains(t, err, "source gone")
}

// Memory does not grow with the file: rows are handed on in chunks.
func TestLongFilesStream(t *testing.T) {
	t.Parallel()
	g, s := open(t)
	g.chunkRows = 1000
	path := filepath.Join(t.TempDir(), "long.csv")
	out, err := os.Create(path)
	require.NoError(t, err)
	_, err = out.WriteString(header25 + "\n")
	require.NoError(t, err)
	for i := range 5000 {
		_, err = out.WriteString(csvRow(i, 60) + "\n")
		require.NoError(t, err)
	}
	require.NoError(t, out.Close())
	var last, total int64
	report, err := g.Ingest(t.Context(), "t1", "ann", []string{path}, progressFunc(func(done, of int64) {
		require.GreaterOrEqual(t, done, last)
		last, total = done, of
	}))
	require.NoError(t, err)
	require.Equal(t, Counts{Read: 5000, Accepted: 5000}, report.Total)
	require.Equal(t, total, last)
	var parts uint64
	require.NoError(t, s.QueryRow(t.Context(), "SELECT uniqExact(stored_at) FROM usage_revisions").Scan(&parts))
	require.EqualValues(t, 5, parts, "one insert a chunk")
}

type progressFunc func(done, total int64)

func (f progressFunc) Set(done, total int64) { f(done, total) }

func FuzzRows(f *testing.F) {
	f.Add([]byte(header25 + "\n" + csvRow(1, 60) + "\n\"a\nb"))
	f.Add([]byte(`{"value":[{"id":"x"},{"id":`))
	f.Add([]byte("{\"id\":1}\n{\"id\":2}"))
	f.Add([]byte("\x1f\x8b\x08"))
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, _, _, err := openRows(bytes.NewReader(data), int64(len(data)), nil)
		if err != nil {
			return
		}
		var last uint64
		for range 10_000 {
			r, err := rows.next()
			if err != nil {
				return
			}
			require.GreaterOrEqual(t, r.position, last)
			last = r.position
			if _, reason, detail := r.record("t"); reason != "" {
				require.NotEmpty(t, detail)
			}
		}
	})
}

func FuzzTime(f *testing.F) {
	f.Add("2026-02-01T05:05:46.8607135+00:00")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseTime(text)
		if err == nil {
			require.Zero(t, got.Nanosecond()%100)
			require.Equal(t, time.UTC, got.Location())
		}
	})
}
