package ingest

import (
	"encoding/csv"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func csvRows(t require.TestingT, text string) []row {
	c, err := newCSVReader(strings.NewReader(text))
	require.NoError(t, err)
	return all(t, c)
}

// Whatever stands in one line, the lines around it are read.
func TestABrokenLineCostsNoOther(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		before, after := rapid.IntRange(0, 3).Draw(t, "before"), rapid.IntRange(0, 30).Draw(t, "after")
		broken := rapid.StringOf(rapid.SampledFrom([]rune(`",,,abc é`))).Draw(t, "broken")
		lines := []string{header25}
		var want []string
		add := func(n int) {
			lines = append(lines, csvRow(n, 60))
			want = append(want, id(n))
		}
		for i := range before {
			add(i)
		}
		lines = append(lines, broken)
		for i := range after {
			add(100 + i)
		}
		var got []string
		for _, r := range csvRows(t, strings.Join(lines, "\n")) {
			if strings.HasPrefix(r.raw, broken) && int(r.position) == before+2 {
				continue
			}
			require.Empty(t, r.trouble, "%s", r.raw)
			require.Equal(t, lines[r.position-1], r.raw)
			got = append(got, r.cells[fUsageID])
		}
		require.Equal(t, want, got)
	})
}

func TestColumnsAreFoundByName(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"other order":    "End Time,Start Time,UsageId,Call Type,Destination Number,Duration Seconds,Charge,AAD ObjectId\n2026-02-01T00:01:00Z,2026-02-01T00:00:00Z,u1,conf_out,+1,60,0.5,o1",
		"case and space": "  usageid ,CALL TYPE,destination number,start time,end time,duration  seconds,charge,microsoft entra objectid\nu1,conf_out,+1,2026-02-01T00:00:00Z,2026-02-01T00:01:00Z,60,0.5,o1",
		"more columns":   "New,UsageId,Call Type,Destination Number,Start Time,End Time,Duration Seconds,Charge,AAD ObjectId,New\nx,u1,conf_out,+1,2026-02-01T00:00:00Z,2026-02-01T00:01:00Z,60,0.5,o1,y",
		"Graph's names":  "id,callType,calleeNumber,startDateTime,endDateTime,duration,charge,userId\nu1,conf_out,+1,2026-02-01T00:00:00Z,2026-02-01T00:01:00Z,60,0.5,o1",
		"all quoted":     "\"UsageId\",\"Call Type\",\"Destination Number\",\"Start Time\",\"End Time\",\"Duration Seconds\",\"Charge\",\"AAD ObjectId\"\r\n\"u1\",\"conf_out\",\"+1\",\"2026-02-01T00:00:00Z\",\"2026-02-01T00:01:00Z\",\"60\",\"0.5\",\"o1\"\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows := csvRows(t, text)
			require.Len(t, rows, 1)
			record, reason, detail := rows[0].record("t")
			require.Empty(t, reason, detail)
			require.Equal(t, []any{"u1", "o1", "conf_out", "+1", int64(60), "0.5"},
				[]any{record.ID, record.OrganizerID, record.CallType, record.CalleeNumber, record.Seconds, record.Charge.Decimal.String()})
		})
	}
}

// The splitter agrees with encoding/csv wherever that accepts a line.
func FuzzCSV(f *testing.F) {
	f.Add(csvRow(1, 60))
	f.Add(`a,"b ""c"",",,"`)
	f.Add(`"a`)
	f.Fuzz(func(t *testing.T, text string) {
		lines := "UsageId,AAD ObjectId,Call Type,Destination Number,Start Time,End Time,Duration Seconds\n" + text
		rows := csvRows(t, lines)
		// Every line is in one row, and in its order; blank ones are in none.
		var raws []string
		for _, r := range rows {
			raws = append(raws, r.raw)
		}
		plain := func(s string) string {
			var out []string
			for line := range strings.SplitSeq(s, "\n") {
				if line = strings.TrimRight(line, "\r"); strings.TrimSpace(line) != "" {
					out = append(out, line)
				}
			}
			return strings.Join(out, "\n")
		}
		if len(text) < longestRow {
			require.Equal(t, plain(text), plain(strings.Join(raws, "\n")))
		}

		if strings.ContainsAny(text, "\r\n") || text == "" {
			return
		}
		want, err := csv.NewReader(strings.NewReader(text)).Read()
		if err != nil {
			return
		}
		got, open, bad := splitCells(text)
		require.False(t, open || bad)
		require.Equal(t, want, got)
	})
}

func TestLinesEndAsTheyLike(t *testing.T) {
	t.Parallel()
	header := "UsageId,AAD ObjectId,Call Type,Destination Number,Start Time,End Time,Duration Seconds"
	for _, end := range []string{"\n", "\r\n"} {
		for _, last := range []string{"", end} {
			rows := csvRows(t, "\ufeff"+end+header+end+"1,2,3,4,5,6,7"+end+end+`"a`+end+`b",2,3,4,5,6,7`+last)
			require.Len(t, rows, 2)
			require.EqualValues(t, 3, rows[0].position)
			require.EqualValues(t, 5, rows[1].position, "a record over two lines stands where it begins")
			require.Equal(t, "a\nb", rows[1].cells[fUsageID])
			require.Equal(t, "7", rows[1].cells[fSeconds])
		}
	}
	_, err := newCSVReader(strings.NewReader(fmt.Sprintf("%s,\"open\n", header)))
	require.ErrorContains(t, err, "quotes do not pair")
}
