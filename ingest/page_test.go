package ingest

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// all reads every row; the positions count from 1 without a gap.
func all(t require.TestingT, r rows) (out []row) {
	for {
		one, err := r.next()
		if errors.Is(err, io.EOF) {
			return out
		}
		require.NoError(t, err)
		out = append(out, one)
	}
}

// seen gives the ids of the rows that were read, and how many were not.
func seen(rows []row) (ids []string, broken int) {
	for _, r := range rows {
		if r.trouble != "" {
			broken++
			continue
		}
		ids = append(ids, r.cells[fUsageID])
	}
	return ids, broken
}

func object(n int) string {
	return fmt.Sprintf(`{"id":"r%d","userDisplayName":"Ann, {A} [x] \"q\" }, {","duration":%d,"administrativeUnitInfos":[{"id":"x"}],"startDateTime":"2026-02-01T00:00:00Z","charge":0.10,"conferenceId":null}`, n, n)
}

func TestPagesInEveryShape(t *testing.T) {
	t.Parallel()
	a, b, c := object(1), object(2), object(3)
	pretty := strings.NewReplacer(",\"", ",\n  \"", "{\"id\":\"r", "{\n  \"id\":\"r").Replace(a)
	for name, x := range map[string]struct {
		text   string
		ids    string
		broken int
	}{
		"a page":                        {`{"@odata.context":"c","value":[` + a + `,` + b + `],"@odata.nextLink":"n"}`, "r1 r2", 0},
		"value first":                   {`{"value":[` + a + `]}`, "r1", 0},
		"an empty page":                 {`{"value":[]}`, "", 0},
		"value elsewhere":               {`{"error":{"value":["x"]},"value":[` + a + `]}`, "r1", 0},
		"a bare array":                  {"\ufeff [" + a + ",\n" + b + "]", "r1 r2", 0},
		"pages one after the other":     {`{"value":[` + a + `]}` + "\n" + `{"value":[` + b + `]}[` + c + `]`, "r1 r2 r3", 0},
		"printed over many lines":       {"{\"value\": [\n " + pretty + ",\n " + pretty + "\n]\n}", "r1 r1", 0},
		"objects over many lines":       {pretty + "\n" + pretty + "\n", "r1 r1", 0},
		"a text torn in one line":       {`{"value":[` + a + `,{"id":"r2","userDisplayName":"An},` + c + `]}`, "r1 r3", 1},
		"a value torn in one line":      {`{"value":[` + a + `,{"id":"r2","duration":21` + c + `]}`, "r1 r3", 1},
		"a comma and then nothing":      {`{"value":[` + a + `,{"id":"r2",` + b + `]}`, "r1 r2", 1},
		"a brace too many":              {`{"value":[` + a + `},` + b + `]}`, "r1 r2", 1},
		"a bracket too many":            {`{"value":[` + a + `],` + b + `,` + c + `]}`, "r1 r2 r3", 0},
		"a bracket in a record":         {`{"value":[{"id":"r1","x":]},` + b + `]}`, "r2", 1},
		"words and numbers":             {`[true,` + a + `,7,"x",` + b + `]`, "r1 r2", 3},
		"cut between two records":       {`{"value":[` + a + `,`, "r1", 1},
		"cut in a record":               {`{"value":[` + a + `,` + b[:30], "r1", 1},
		"cut after the last record":     {`{"value":[` + a + `]`, "r1", 0},
		"an array in place of a record": {`[[` + a + `],` + b + `]`, "r2", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _, _, err := openRows(iotest.OneByteReader(strings.NewReader(x.text)), 1<<20, nil)
			require.NoError(t, err)
			ids, broken := seen(all(t, r))
			require.Equal(t, x.ids, strings.Join(ids, " "))
			require.Equal(t, x.broken, broken)
		})
	}
}

func TestARecordWithoutEndIsCutAndReadingGoesOn(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", longestRow+10)
	text := `{"value":[` + object(1) + `,{"id":"r2","userDisplayName":"` + long + `"},` + object(3) + `,` + object(4) + `]}`
	rows := all(t, newPageReader(strings.NewReader(text)))
	ids, broken := seen(rows)
	require.Equal(t, []string{"r1", "r3", "r4"}, ids)
	require.Equal(t, 1, broken)
	require.Equal(t, ReasonOversized, rows[1].trouble)
	require.Len(t, rows[1].raw, longestRow)

	text = "{\"id\":\"r1\"}\n{\"id\":\"" + long + "\"}\n{\"id\":\"r3\"}"
	rows = all(t, &jsonLinesReader{newLines(strings.NewReader(text))})
	ids, _ = seen(rows)
	require.Equal(t, []string{"r1", "r3"}, ids)
	require.Equal(t, ReasonOversized, rows[1].trouble)
}

// One record torn anywhere costs itself and at most the one after it.
func TestATornRecordCostsNoMoreThanItsNeighbour(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		const n = 8
		separator := rapid.SampledFrom([]string{",", ",\n", " ,\r\n  "}).Draw(t, "separator")
		torn := rapid.IntRange(0, n-1).Draw(t, "torn")
		objects := make([]string, n)
		for i := range objects {
			objects[i] = object(i)
		}
		whole := objects[torn]
		objects[torn] = whole[:rapid.IntRange(1, len(whole)-1).Draw(t, "cut")]
		rows := all(t, newPageReader(strings.NewReader(`{"value":[`+strings.Join(objects, separator)+`]}`)))
		ids, broken := seen(rows)
		require.NotZero(t, broken)
		for i := range n {
			if i < torn || i > torn+1 {
				require.Contains(t, ids, fmt.Sprintf("r%d", i))
			}
		}
		for i, r := range rows {
			require.EqualValues(t, i+1, r.position)
		}
	})
}

// Nothing that an object says depends on which of the two readers reads it.
func FuzzJSONRow(f *testing.F) {
	f.Add(object(1))
	f.Add(`{"id":"x","duration":-0.50,"charge":null,"a":true,"b":[],"c":"\u00e9"}`)
	f.Add(`{"id":01}`)
	f.Add(`{"id":"a"} x`)
	f.Fuzz(func(t *testing.T, raw string) {
		var quick, careful row
		if !quick.flat(raw) {
			return
		}
		require.NoError(t, careful.nested(raw))
		if strings.ToValidUTF8(raw, "") == raw {
			require.Equal(t, careful.cells, quick.cells)
		}
	})
}

func FuzzPage(f *testing.F) {
	f.Add(`{"value":[`+object(1)+`,`+object(2)[:40]+`,`+object(3)+`]}`, 3)
	f.Add(`[1,"{",{"a":{}},}{"b":2}]`, 1)
	f.Fuzz(func(t *testing.T, text string, step int) {
		var reader io.Reader = strings.NewReader(text)
		if step%2 != 0 {
			reader = iotest.HalfReader(reader)
		}
		rows := all(t, newPageReader(reader))
		require.LessOrEqual(t, len(rows), len(text)+1)
		kept := 0
		for i, r := range rows {
			require.EqualValues(t, i+1, r.position)
			require.Contains(t, text, r.raw)
			kept += len(r.raw)
		}
		require.LessOrEqual(t, kept, len(text), "no byte is in two rows")
	})
}
