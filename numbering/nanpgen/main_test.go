package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheTableIsCurrent(t *testing.T) {
	kept, err := os.ReadFile("../data/nanp_kept.csv")
	require.NoError(t, err)
	want, err := generate(kept)
	require.NoError(t, err)
	got, err := os.ReadFile("../data/nanp.csv")
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "run: go generate ./numbering")
}

func TestGenerateRefusesWhatDoesNotAgree(t *testing.T) {
	const heading = "npa,country,region,class,in_service,note\n"
	cases := []struct{ name, kept, says string }{
		{"country", heading + "212,CA,NY,geographic,,\n", "212"},
		{"state", heading + "212,US,NJ,geographic,,\n", "US NY"},
		{"twice", heading + "621,US,TX,geographic,,\n621,US,TX,geographic,,\n", "twice"},
		{"not by hand", heading, "500"},
		{"fields", "npa\n212\n", "nanp_kept.csv"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := generate([]byte(c.kept))
			require.ErrorContains(t, err, c.says)
		})
	}
}

func TestRegionOf(t *testing.T) {
	for name, want := range map[string]string{
		"Reno, NV": "NV", "Washington State": "WA", "Washington D.C.": "DC", "Quebec": "QC", "Nova Scotia/Prince Edward Island": "",
	} {
		got, err := regionOf(name)
		require.NoError(t, err)
		require.Equal(t, want, got, name)
	}
	_, err := regionOf("Atlantis")
	require.ErrorContains(t, err, "Atlantis")
}
