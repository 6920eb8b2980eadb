package simulate

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/usage"
)

// small is a workload with every format, made in a fraction of a second.
func small(seed uint64) Options { return Options{Seed: seed, Organizers: 400, Months: 2} }

// made is a workload that several tests read.
type made struct {
	sync.Once
	dir     string
	summary Summary
	took    time.Duration
	err     error
	rows    map[string][]given // by tenant, once read
}

var full, crowded made

func (m *made) get(t *testing.T, o Options) (string, Summary) {
	t.Helper()
	m.Do(func() {
		if m.dir, m.err = os.MkdirTemp("", "workload"); m.err != nil {
			return
		}
		start := time.Now()
		m.summary, m.err = Generate(context.Background(), m.dir, o, nil)
		m.took = time.Since(start)
	})
	require.NoError(t, m.err)
	return m.dir, m.summary
}

// dense is a smaller workload with many abusers: every scenario at every intensity.
func dense(t *testing.T) (string, Summary) {
	return crowded.get(t, Options{Seed: 11, Organizers: 800, AbuserShare: 0.15})
}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, dir := range []string{full.dir, crowded.dir} {
		if dir != "" {
			os.RemoveAll(dir)
		}
	}
	os.Exit(code)
}

func digest(t *testing.T, dir string) map[string][32]byte {
	t.Helper()
	out := map[string][32]byte{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		out[rel] = sha256.Sum256(body)
		return err
	})
	require.NoError(t, err)
	return out
}

func TestEqualOptionsGiveEqualBytes(t *testing.T) {
	a, b, c := t.TempDir(), t.TempDir(), t.TempDir()
	first, err := Generate(t.Context(), a, small(1), nil)
	require.NoError(t, err)
	second, err := Generate(t.Context(), b, small(1), nil)
	require.NoError(t, err)
	_, err = Generate(t.Context(), c, small(2), nil)
	require.NoError(t, err)
	require.Equal(t, first, second)
	files := digest(t, a)
	require.Greater(t, len(files), 50)
	require.Equal(t, files, digest(t, b))
	require.NotEqual(t, files["labels.csv"], digest(t, c)["labels.csv"])
}

func TestDefaultSize(t *testing.T) {
	_, s := full.get(t, Options{Seed: 11})
	t.Logf("%d records in %v: %.0f a second", s.Records, full.took, float64(s.Records)/full.took.Seconds())
	require.GreaterOrEqual(t, s.Records, int64(500_000))
	require.LessOrEqual(t, s.Records, int64(800_000))
	require.Equal(t, s.Records, s.ConfOut+s.Other+s.Duplicates+s.Corrections+s.Malformed)
	require.Equal(t, 160, s.Abusers)
	require.Equal(t, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), s.From)
	require.Equal(t, time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC), s.To)
	for _, p := range profiles() {
		require.NotZero(t, s.Archetypes[p.archetype], p.archetype)
	}
	for _, sc := range scenarios() {
		require.NotZero(t, s.Scenarios[sc.name], sc.name)
	}
	// Some pools run out and some do not: both sides of the waterfall are there.
	dry, lasting := 0, 0
	for _, p := range s.Pools {
		require.Len(t, p.Dry, 3)
		require.LessOrEqual(t, p.Used, p.Seconds)
		for _, at := range p.Dry {
			if at.IsZero() {
				lasting++
			} else {
				dry++
			}
		}
	}
	require.NotZero(t, dry)
	require.NotZero(t, lasting)
}

func TestOddSizes(t *testing.T) {
	feb := usage.Month{Year: 2028, Month: time.February}
	for _, o := range []Options{
		{Tenants: 1, Organizers: 1, Months: 1},
		{Tenants: 1, Organizers: 1, Months: 1, AbuserShare: 0.5},
		{Tenants: 1, Organizers: 60, Months: 1, From: feb, AbuserShare: 0.5},
		{Tenants: 16, Organizers: 16, Months: 1},
		{Tenants: 16, Organizers: 240, Months: 1, From: feb, Volume: 0.2, Intensity: 0.1, AbuserShare: 0.3},
		{Tenants: 3, Organizers: 60, Months: 2, Volume: 3, Intensity: 2, AbuserShare: -1},
		{Tenants: 3, Organizers: 90, Months: 2, AbuserShare: 0.3, Strange: true},
	} {
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) {
			dir := t.TempDir()
			s, err := Generate(t.Context(), dir, o, nil)
			require.NoError(t, err)
			require.Equal(t, o.Organizers, s.Organizers)
			if o.AbuserShare < 0 {
				require.Zero(t, s.Abusers)
			}
			checkLedger(t, dir)
		})
	}
}

func TestOptionsAreRefusedAllAtOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	_, err := Generate(t.Context(), dir, Options{Tenants: -1, Months: 99, Volume: -2, Intensity: 1e9, AbuserShare: 0.9}, nil)
	for _, want := range []string{"tenants is -1", "months is 99", "volume is -2", "intensity is 1e+09", "share of abusers is 0.9"} {
		require.ErrorContains(t, err, want)
	}
	require.NoDirExists(t, dir)
	_, err = Generate(t.Context(), dir, Options{Tenants: 5, Organizers: 4}, nil)
	require.ErrorContains(t, err, "organizers is 4: want 5 to")
}

func TestAWorkloadIsNotMixedWithAnother(t *testing.T) {
	dir := t.TempDir()
	o := Options{Seed: 3, Tenants: 1, Organizers: 5, Months: 1}
	_, err := Generate(t.Context(), dir, o, nil)
	require.NoError(t, err)
	before := digest(t, dir)
	_, err = Generate(t.Context(), dir, o, nil)
	require.ErrorContains(t, err, "already there")
	require.Equal(t, before, digest(t, dir))
}

func TestProgressEndsAtTheTotal(t *testing.T) {
	var last, total int64
	_, err := Generate(t.Context(), t.TempDir(), Options{Tenants: 3, Organizers: 30, Months: 1}, func(d, n int64) {
		require.Greater(t, d, last)
		last, total = d, n
	})
	require.NoError(t, err)
	require.Equal(t, int64(30*33), total) // January and a day on either side
	require.Equal(t, total, last)
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Generate(ctx, t.TempDir(), Options{Organizers: 400, Months: 24}, func(int64, int64) { cancel() })
	require.ErrorIs(t, err, context.Canceled)
}
