package ingest

import (
	"bufio"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const foreign = `
format: csv
delimiter: ";"
columns: {id: CallUUID, userId: Owner, calleeNumber: To, callType: Direction, startDateTime: Begin, duration: Dur, charge: Cost}
constants: {currency: USD, usageCountryCode: US}
values: {callType: {OUT-CONF: conf_out, "*": other}}
time_layout: "02.01.2006 15:04:05"
time_zone: America/New_York
duration_unit: ms
money_unit: "0.01"
`

func TestAForeignLayoutByItsMapping(t *testing.T) {
	t.Parallel()
	m, err := ReadMapping([]byte(foreign))
	require.NoError(t, err)
	text := "CallUUID;Trunk;Owner;To;Direction;Begin;Dur;Cost\n" +
		`c1;a;ann;"+1206;5550100";out-conf;01.03.2026 23:30:00;60001;125` + "\n" +
		"c2;a;ann;+12065550100;IN;01.07.2026 12:00:00;0;\n" +
		"c3;a;ann;+12065550100;OUT-CONF;2026-03-01;1000;1\n" +
		"c4;a;ann;+12065550100;OUT-CONF;01.03.2026 10:00:00;-5000;1\n" +
		"c5;a;ann\n"
	rows, header, err := m.open(bufio.NewReader(strings.NewReader(text)))
	require.NoError(t, err)
	require.Equal(t, "CallUUID;Trunk;Owner;To;Direction;Begin;Dur;Cost", header)
	next := func() row {
		r, err := rows.next()
		require.NoError(t, err)
		return r
	}
	first := next()
	rec, reason, detail := first.record("t1")
	require.Empty(t, reason, detail)
	require.Equal(t, "conf_out", rec.CallType)
	require.Equal(t, "+1206;5550100", rec.CalleeNumber, "quotes hold the delimiter")
	require.Equal(t, time.Date(2026, 3, 2, 4, 30, 0, 0, time.UTC), rec.StartedAt, "winter in New York")
	require.EqualValues(t, 61, rec.Seconds, "a begun second counts")
	require.Equal(t, rec.StartedAt.Add(61*time.Second), rec.EndedAt)
	require.Equal(t, "1.25", rec.Charge.Decimal.String())
	require.Equal(t, "USD", rec.Currency)
	second := next()
	rec, reason, detail = second.record("t1")
	require.Empty(t, reason, detail)
	require.Equal(t, "other", rec.CallType)
	require.Equal(t, time.Date(2026, 7, 1, 16, 0, 0, 0, time.UTC), rec.StartedAt, "summer in New York")
	require.False(t, rec.Charge.Valid)
	for _, want := range []Reason{ReasonBadDate, ReasonBadDate, ReasonTruncated} {
		r := next()
		_, reason, detail := r.record("t1")
		if want == ReasonBadDate && reason != ReasonBadDate {
			want = ReasonNegativeDuration // c4
		}
		require.Equal(t, want, reason, detail)
		require.True(t, strings.HasPrefix(r.raw, "c"), "the row is kept as it stood")
	}
	_, err = rows.next()
	require.ErrorIs(t, err, io.EOF)
}

func TestMappedJSONAndUnixTimes(t *testing.T) {
	t.Parallel()
	m, err := ReadMapping([]byte(`
format: json_lines
columns: {id: uuid, userId: owner, calleeNumber: to, startDateTime: t0, endDateTime: t1}
constants: {callType: conf_out}
time_layout: unix_ms
`))
	require.NoError(t, err)
	rows, _, err := m.open(bufio.NewReader(strings.NewReader(`{"uuid":"x","owner":"o","to":"+1","t0":1772323200123,"t1":1772323260000,"junk":{"a":1}}` + "\nnonsense\n")))
	require.NoError(t, err)
	r, err := rows.next()
	require.NoError(t, err)
	rec, reason, detail := r.record("t")
	require.Empty(t, reason, detail)
	require.Equal(t, time.Date(2026, 3, 1, 0, 0, 0, 123e6, time.UTC), rec.StartedAt)
	require.EqualValues(t, 60, rec.Seconds)
	r, err = rows.next()
	require.NoError(t, err)
	_, reason, _ = r.record("t")
	require.Equal(t, ReasonBadJSON, reason)
}

func TestAMappingsMistakesAreToldAtOnce(t *testing.T) {
	t.Parallel()
	_, err := ReadMapping([]byte("format: xml\ncolumns: {id: A, userId: A, shoe: B}\ntime_zone: Mars\nduration_unit: h\nmoney_unit: -1\n"))
	for _, want := range []string{"xml", `"A" is both`, `"shoe" is no field`, "Mars", "duration_unit", "money_unit", "nothing gives calleeNumber", "nothing gives duration"} {
		require.ErrorContains(t, err, want)
	}
	_, err = ReadMapping([]byte("colums: {}\n"))
	require.ErrorContains(t, err, "colums")
	m, err := ReadMapping([]byte(foreign))
	require.NoError(t, err)
	_, _, err = m.open(bufio.NewReader(strings.NewReader("CallUUID;Owner\n")))
	require.ErrorContains(t, err, `lacks columns of the mapping: "Begin"`)
}
