package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNumbers(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000"} {
		require.Equal(t, want, number(n))
	}
	require.Equal(t, "6,900:05", minutes(6900*60+5))
}

func TestMinutesHaveOneSign(t *testing.T) {
	require.Equal(t, "1,000:05", minutes(60005))
	require.Equal(t, "-22:41", minutes(-22*60-41))
	require.Equal(t, "-0:01", minutes(-1))
}

func TestTableAlignsAndKeepsHostileTextOnItsLine(t *testing.T) {
	var out bytes.Buffer
	a := &app{stdout: &out}
	require.NoError(t, a.table([][]string{{"name", ">minutes"}, {"Åsa", "1,200"}, {"evil\nrow\x1b[2J", "7"}}))
	require.Equal(t, ""+
		"name          minutes\n"+
		"Åsa             1,200\n"+
		"evil·row·[2J        7\n", out.String())
}
