package chart

import (
	"bytes"
	"image/png"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

func TestTheBarsStandAboveTheLine(t *testing.T) {
	minutes := make([]float64, Days)
	for i := range minutes {
		minutes[i] = 10
	}
	minutes[Days-1] = 100
	require.InDelta(t, 10, Baseline(minutes), 0)
	require.Equal(t, "Dial-out minutes a day over 4 weeks: usually 10 (the line), 100 on the highest day of the last 7 (red)", Says(minutes))
	picture, err := Draw(minutes)
	require.NoError(t, err)
	img, err := png.Decode(bytes.NewReader(picture))
	require.NoError(t, err)
	require.Less(t, len(picture), 10<<10)
	require.Equal(t, width, img.Bounds().Dx())
	at := func(x, y int) any { return img.At(x, y) }
	require.Equal(t, recent, at(width-margin-8, margin+2), "the last day reaches the top")
	require.Equal(t, usual, at(margin+8, height-margin-4))
	require.Equal(t, ground, at(margin+8, margin+2), "the first does not")
	for _, odd := range [][]float64{{0}, {5}, make([]float64, 3)} {
		_, err = Draw(odd)
		require.NoError(t, err)
		require.NotEmpty(t, Says(odd))
	}
	_, err = Draw(nil)
	require.Error(t, err)
}

func TestMinutesOfEachDay(t *testing.T) {
	s := storetest.Open(t)
	until := time.Date(2026, 3, 28, 15, 0, 0, 0, time.UTC)
	require.NoError(t, s.Exec(t.Context(), "INSERT INTO usage_revisions (tenant_id, usage_id, call_type, is_conf_out, organizer_id, started_at, ended_at, seconds) VALUES "+
		"('t','a','conf_out',true,'o','2026-03-28 10:00:00','2026-03-28 11:00:00',3600), ('t','b','conf_out',true,'o','2026-03-28 23:59:59','2026-03-29 00:00:59',60), "+
		"('t','c','conf_out',true,'o','2026-03-01 00:00:00','2026-03-01 00:01:00',120), ('t','d','conf_out',true,'o','2026-02-28 23:59:59','2026-03-01 00:01:00',60), "+
		"('t','e','conf_out',true,'other','2026-03-05 00:00:00','2026-03-05 00:01:00',60), ('t','f','conf_in',false,'o','2026-03-05 00:00:00','2026-03-05 00:01:00',60)"))
	got, err := Minutes(t.Context(), s, "t", "o", until)
	require.NoError(t, err)
	want := make([]float64, Days)
	want[0], want[Days-1] = 2, 61
	require.Equal(t, want, got)
}
