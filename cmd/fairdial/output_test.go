package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/shopspring/decimal"
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

func TestWordsForCountsAndMoney(t *testing.T) {
	require.Equal(t, []string{"0 calls", "1 call", "2 calls", "1,000 calls"}, []string{counted(0, "call"), counted(1, "call"), counted(2, "call"), counted(1000, "call")})
	for text, want := range map[string]string{"0": "0.00", "-0.5": "-0.50", "999.999": "1,000.00", "-1234567.8": "-1,234,567.80", "-123": "-123.00"} {
		d := decimal.RequireFromString(text)
		require.Equal(t, want, priced(&d))
	}
	require.Equal(t, "unpriced", priced(nil))
}

// The file that is written first, and then given its name, is nobody's business.
func TestAFailedFileIsCalledAsTheUserCalledIt(t *testing.T) {
	name := filepath.Join(t.TempDir(), "none", "out.csv")
	err := (&app{}).toFile(name, func() error { return nil })
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NotContains(t, err.Error(), ".out.csv-")

	name = filepath.Join(t.TempDir(), "out.csv")
	a := &app{}
	err = a.toFile(name, func() error {
		file := a.stdout.(*os.File)
		require.NoError(t, file.Close())
		_, err := file.WriteString("x")
		return err
	})
	require.ErrorIs(t, err, os.ErrClosed)
	require.NotContains(t, err.Error(), ".out.csv-")
	require.Contains(t, err.Error(), name)
	left, err := os.ReadDir(filepath.Dir(name))
	require.NoError(t, err)
	require.Empty(t, left)
}
