package graph_test

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"fairdial/ingest"
	"fairdial/numbering"
	"fairdial/source/graph"
	"fairdial/source/graph/graphfake"
	"fairdial/store"
	"fairdial/store/journal"
	"fairdial/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// clock is a time that passes only in Sleep.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
	return ctx.Err()
}

var month = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

type world struct {
	clock  *clock
	fake   *graphfake.Graph
	server *httptest.Server
	store  *store.Store
	in     *ingest.Ingester
	log    *journal.Journal
}

func newWorld(t *testing.T, random *rand.Rand) *world {
	t.Helper()
	plan, err := numbering.New()
	require.NoError(t, err)
	w := &world{clock: &clock{at: month}, store: storetest.Open(t)}
	w.log = journal.New(w.store, w.clock.now, uuid.New)
	w.in = ingest.New(ingest.Options{
		Conn: w.store, Journal: w.log, Classifier: plan, Now: w.clock.now, NewID: uuid.New,
		Logger: slog.New(slog.DiscardHandler), TempDir: t.TempDir(),
	})
	w.fake = &graphfake.Graph{Now: w.clock.now, PageSize: 40, Random: random}
	w.server = httptest.NewServer(w.fake)
	t.Cleanup(w.server.Close)
	return w
}

// poller is a process that has just been started.
func (w *world) poller(t *testing.T, receiver graph.Receiver) *graph.Poller {
	t.Helper()
	base, err := url.Parse(w.server.URL)
	require.NoError(t, err)
	token := ""
	client := &graph.Client{
		HTTP: w.server.Client(), Base: base, Now: w.clock.now, Sleep: w.clock.sleep,
		Token: func(_ context.Context, fresh bool) (string, error) {
			if token == "" || fresh {
				token = w.fake.Token()
			}
			return token, nil
		},
	}
	return &graph.Poller{
		Name: "contoso", TenantID: "t1", Client: client, Receiver: receiver, Journal: w.log, Now: w.clock.now,
		Backfill: 10 * 24 * time.Hour, Overlap: 72 * time.Hour, Window: 7 * 24 * time.Hour,
	}
}

// crashing stores what it is given and then, at times, is killed before it can say so.
type crashing struct {
	*ingest.Ingester
	crash func() bool
}

var errKilled = errors.New("killed")

func (c crashing) Receive(ctx context.Context, in ingest.Received) (ingest.FileReport, error) {
	report, err := c.Ingester.Receive(ctx, in)
	if err == nil && c.crash() {
		err = errKilled
	}
	return report, err
}

func TestAMonthPolledAndKilledAtRandomStoresWhatWasServed(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	w := newWorld(t, rand.New(rand.NewPCG(seed, 2)))
	w.fake.Trouble, w.fake.Repeat, w.fake.DriftAt = 0.1, 0.02, month.Add(20*24*time.Hour)
	want := map[string]uint32{}
	for i := range 600 {
		row := graphfake.Row{ID: uuid.NewString(), Seconds: 1 + random.IntN(3000)}
		row.StartedAt = month.Add(time.Duration(random.Int64N(int64(31 * 24 * time.Hour)))).Truncate(time.Microsecond)
		if i%10 == 0 { // on a boundary of windows
			row.StartedAt = row.StartedAt.Truncate(12 * time.Hour)
		}
		row.VisibleAt = row.StartedAt.Add(time.Duration(random.Int64N(int64(48 * time.Hour))))
		want[row.ID] = uint32(row.Seconds)
		if i%20 == 0 {
			row.CorrectedAt, row.CorrectedSeconds = row.StartedAt.Add(50*time.Hour), row.Seconds+7
			want[row.ID] += 7
		}
		w.fake.Rows = append(w.fake.Rows, row)
	}
	var mu sync.Mutex // the service draws beside the poller
	dies := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return random.IntN(8) == 0
	}
	kills, accepted := 0, uint64(0)
	for day := month; day.Before(month.Add(35 * 24 * time.Hour)); day = day.Add(24 * time.Hour) {
		if now := w.clock.now(); now.Before(day) {
			_ = w.clock.sleep(t.Context(), day.Sub(now))
		}
		for {
			ctx, kill := context.WithCancelCause(t.Context())
			w.fake.Before = func() {
				if dies() {
					kill(errKilled)
				}
			}
			result, err := w.poller(t, crashing{w.in, dies}).Poll(ctx)
			kill(nil)
			accepted += result.Accepted
			if err == nil {
				break
			}
			require.ErrorIs(t, err, errKilled)
			w.fake.Forget()
			kills++
		}
	}
	require.GreaterOrEqual(t, kills, 3)
	require.Empty(t, w.fake.Violations())
	t.Logf("%d requests, killed %d times", w.fake.Requests(), kills)

	var rows []struct {
		ID      string `ch:"usage_id"`
		Seconds uint32 `ch:"seconds"`
	}
	require.NoError(t, w.store.Select(t.Context(), &rows, "SELECT usage_id, seconds FROM usage WHERE tenant_id = 't1'"))
	got := map[string]uint32{}
	for _, r := range rows {
		got[r.ID] = r.Seconds
	}
	require.Len(t, rows, len(got), "a record is stored once")
	require.Equal(t, want, got)
	entries, err := w.in.Ledger(t.Context(), "t1")
	require.NoError(t, err)
	var total ingest.Counts
	for _, e := range entries {
		require.Equal(t, e.Read, e.Accepted+e.Duplicate+e.Ignored+e.Rejected, e.File)
		total.Rejected += e.Rejected
		total.Accepted += e.Accepted
		total.Corrected += e.Corrected
	}
	require.Zero(t, total.Rejected)
	require.EqualValues(t, len(want), total.Accepted-total.Corrected, "the ledger knows each record once")
}

func TestWhatGraphRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		handle http.HandlerFunc
		says   string
	}{
		"permission": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }, "CallRecord-PstnCalls.Read.All"},
		"secret":     {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, "refuses a fresh token"},
		"other host": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"value":[],"@odata.nextLink":"https://elsewhere.example/x"}`))
		}, "not followed"},
		"no page": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{}`)) }, "no page of usage records"},
		"down":    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, "502"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, rand.New(rand.NewPCG(1, 1)))
			w.server.Config.Handler = c.handle
			_, err := w.poller(t, w.in).Poll(t.Context())
			require.ErrorContains(t, err, c.says)
			_, there, err := w.log.Latest(t.Context(), "source", "contoso/t1")
			require.NoError(t, err)
			require.False(t, there, "the cursor stays")
		})
	}
}

// stored takes everything.
type stored struct{}

func (stored) Receive(context.Context, ingest.Received) (ingest.FileReport, error) {
	return ingest.FileReport{}, nil
}

// Hundreds of pages at once, by a poller that is killed and started again and again, stay
// below the 50 requests a minute that Graph allows.
func TestManyPagesKeepThePace(t *testing.T) {
	t.Parallel()
	w := newWorld(t, rand.New(rand.NewPCG(1, 2)))
	w.fake.PageSize, w.fake.Trouble = 1, 0.05
	for i := range 150 {
		at := month.Add(-time.Duration(i) * time.Minute)
		w.fake.Rows = append(w.fake.Rows, graphfake.Row{ID: uuid.NewString(), StartedAt: at, VisibleAt: at, Seconds: 60})
	}
	began := w.clock.now()
	for kills := 0; ; kills++ {
		ctx, kill := context.WithCancelCause(t.Context())
		left := 40 + 10*kills
		w.fake.Before = func() {
			if left--; left < 0 && kills < 20 {
				kill(errKilled)
			}
		}
		_, err := w.poller(t, stored{}).Poll(ctx)
		kill(nil)
		if err == nil {
			break
		}
		require.ErrorIs(t, err, errKilled)
		w.fake.Forget()
	}
	require.Empty(t, w.fake.Violations())
	took := w.clock.now().Sub(began)
	t.Logf("%d requests in %s", w.fake.Requests(), took)
	require.Greater(t, w.fake.Requests(), 300)
	require.LessOrEqual(t, float64(w.fake.Requests())/took.Minutes(), 50.0)
}
