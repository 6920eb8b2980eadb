package ingest

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"fairdial/numbering"
	"fairdial/store/journal"
)

// folder writes files into a new folder.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return dir
}

// ledgerLine is a line of the ledger without ids and clocks.
type ledgerLine struct {
	File, State, Format string
	Counts
}

func ledgerLines(t testing.TB, g *Ingester) (out []ledgerLine) {
	t.Helper()
	entries, err := g.Ledger(t.Context(), "t1")
	require.NoError(t, err)
	for _, e := range entries {
		out = append(out, ledgerLine{e.File, e.State, e.Format, e.Counts})
	}
	return out
}

// A run over several files that ends at any write, called again, reports and leaves what
// one that nobody disturbed does, also when it works in chunks of another size.
func TestARunOfSeveralFilesGoesOn(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{
		"a.csv":   header25 + "\n" + csvRow(1, 60) + "\n" + csvRow(2, 60) + "\n" + with(17, "-1") + "\n" + csvRow(1, 70),
		"b.txt":   "hello",
		"c/a.csv": header25 + "\n" + csvRow(1, 60) + "\n" + csvRow(2, 60) + "\n" + with(17, "-1") + "\n" + csvRow(1, 70), // a.csv again
		"d.csv":   header25 + "\n" + csvRow(1, 60) + "\n" + csvRow(3, 60),                                                // takes the correction back
	})
	calm, calmStore := open(t)
	calm.chunkRows = 2
	want, err := calm.Ingest(t.Context(), "t1", "ann", []string{dir}, nil)
	require.NoError(t, err)
	require.Equal(t, Counts{Read: 10, Accepted: 5, Duplicate: 3, Rejected: 2, Corrected: 2}, want.Total)
	wantLedger := ledgerLines(t, calm)
	require.Len(t, wantLedger, 4)
	wantRecords, wantSeconds := sum(t, calmStore)

	for _, rows := range []int{2, 100} { // to a chunk: two files a chunk, and all in one
		t.Run(strconv.Itoa(rows), func(t *testing.T) {
			t.Parallel()
			for writes := 0; ; writes++ {
				_, s := open(t)
				cut := onStore(t, &cutShort{Store: s, left: writes})
				cut.chunkRows = rows
				_, err := cut.Ingest(t.Context(), "t1", "ann", []string{dir}, nil)
				again := onStore(t, s)
				again.chunkRows = 1 + writes%3
				if err != nil {
					require.ErrorIs(t, err, errCut)
					got, err := again.Ingest(t.Context(), "t1", "ann", []string{dir}, nil)
					require.NoError(t, err)
					require.Equal(t, want, got, "cut after %d writes", writes)
				}
				require.ElementsMatch(t, wantLedger, ledgerLines(t, again), "cut after %d writes", writes)
				records, seconds := sum(t, s)
				require.Equal(t, wantRecords, records)
				require.Equal(t, wantSeconds, seconds)
				if err == nil {
					require.Greater(t, writes, 5)
					// A run that ended is over: the same files again are a new one.
					got, err := again.Ingest(t.Context(), "t1", "ann", []string{dir}, nil)
					require.NoError(t, err)
					require.Equal(t, Counts{Read: 10, Duplicate: 8, Rejected: 2}, got.Total)
					return
				}
			}
		})
	}
}

// Two processes (here: two ingesters that share nothing but a folder for locks) read the
// same records at the same time, and each is stored once.
func TestOneIngestOfATenantAtATime(t *testing.T) {
	t.Parallel()
	_, s := open(t)
	plan, err := numbering.New()
	require.NoError(t, err)
	locks := filepath.Join(t.TempDir(), "locks")
	lines := []string{header25}
	for i := range 2000 {
		lines = append(lines, csvRow(i, 60))
	}
	path := write(t, "a.csv", strings.Join(lines, "\n"))
	var work errgroup.Group
	totals := make([]Counts, 3)
	for i := range totals {
		work.Go(func() error {
			g := New(Options{
				Conn: s, Journal: journal.New(s, time.Now, uuid.New), Classifier: plan, Now: time.Now, NewID: uuid.New,
				Logger: slog.New(slog.DiscardHandler), ChunkRows: 500, LockDir: locks,
			})
			report, err := g.Ingest(t.Context(), "t1", "ann", []string{path}, nil)
			totals[i] = report.Total
			return err
		})
	}
	require.NoError(t, work.Wait())
	var all Counts
	for _, c := range totals {
		all.add(c)
	}
	require.Equal(t, Counts{Read: 6000, Accepted: 2000, Duplicate: 4000}, all)
	records, _ := sum(t, s)
	require.EqualValues(t, 2000, records)
	var revisions uint64
	require.NoError(t, s.QueryRow(t.Context(), "SELECT count() FROM usage_revisions").Scan(&revisions))
	require.EqualValues(t, 2000, revisions)
}

func TestPipesAndLinkedFolders(t *testing.T) {
	t.Parallel()
	g, _ := open(t)
	dir := folder(t, map[string]string{"in/a.csv": header25 + "\n" + csvRow(1, 60), "in/.git/x.csv": "x", "in/b.csv.tmp": "x"})
	link := filepath.Join(dir, "link")
	require.NoError(t, os.Symlink("in", link))
	report, err := g.Ingest(t.Context(), "t1", "ann", []string{link}, nil)
	require.NoError(t, err)
	require.Equal(t, Counts{Read: 1, Accepted: 1}, report.Total)
	require.Equal(t, filepath.Join(link, "a.csv"), report.Files[0].File)
	require.Equal(t, []Skipped{
		{filepath.Join(link, ".git"), "hidden folder"},
		{filepath.Join(link, "b.csv.tmp"), "still being written"},
	}, report.Skipped)

	pipe := filepath.Join(dir, "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	var work errgroup.Group
	work.Go(func() error { return os.WriteFile(pipe, []byte(header25+"\n"+csvRow(2, 60)), 0o600) })
	require.Equal(t, Counts{Read: 1, Accepted: 1}, ingestOne(t, g, pipe).Counts)
	require.NoError(t, work.Wait())
	left, err := os.ReadDir(g.tempDir)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestAFileThatGrowsWhileItIsReadIsToldOf(t *testing.T) {
	t.Parallel()
	g, _ := open(t)
	path := write(t, "a.csv", header25+"\n"+csvRow(1, 60)+"\n")
	grow := sync.OnceFunc(func() {
		out, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		require.NoError(t, err)
		_, err = out.WriteString(csvRow(2, 60) + "\n")
		require.NoError(t, errors.Join(err, out.Close()))
	})
	report, err := g.Ingest(t.Context(), "t1", "ann", []string{path}, progressFunc(func(_, _ int64) { grow() }))
	require.NoError(t, err)
	require.Contains(t, report.Files[0].Error, "changed while it was read")
	require.Equal(t, stateFailed, ledgerLines(t, g)[0].State)
	again := ingestOne(t, g, path)
	require.Empty(t, again.Error)
	require.Positive(t, again.Duplicate)
}

// A store that fails while the file, too, turns out to be broken is still a failure of
// the store: nothing is written down as read that is not stored.
func TestAFailingStoreIsNotTakenForABrokenFile(t *testing.T) {
	t.Parallel()
	_, s := open(t)
	packed := zipped(t, map[string]string{"a.csv": header25 + "\n" + csvRow(1, 60)}, "a.csv")
	for _, text := range []string{`{"value":[` + fmt.Sprintf(`{"id":%q}`, id(1)) + `,`, string(packed)} {
		g := onStore(t, &cutShort{Store: s, left: 1})
		_, err := g.Ingest(t.Context(), "t1", "ann", []string{write(t, "a", text)}, nil)
		require.ErrorIs(t, err, errCut)
	}
	for _, l := range ledgerLines(t, onStore(t, s)) {
		require.Equal(t, stateStarted, l.State)
	}
}
