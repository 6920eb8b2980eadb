package ingest

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"fairdial/numbering"
	"fairdial/store"
	"fairdial/store/journal"
	"fairdial/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

func open(t testing.TB) (*Ingester, *store.Store) {
	t.Helper()
	s := storetest.Open(t)
	return onStore(t, s), s
}

func onStore(t testing.TB, conn Conn) *Ingester {
	t.Helper()
	plan, err := numbering.New()
	require.NoError(t, err)
	return New(Options{
		Conn: conn, Journal: journal.New(conn, time.Now, uuid.New), Classifier: plan,
		Now: time.Now, NewID: uuid.New, Logger: slog.New(slog.DiscardHandler), Stdin: strings.NewReader(""), TempDir: t.TempDir(),
	})
}

func TestSample(t *testing.T) {
	g, s := open(t)
	_ = s
	for _, x := range []string{"501148ec-614d-4165-bc2d-7cfa7b48f4ae", "26e4ee2f-e76d-4af0-805f-d73d9425c439"} {
		for range 2 {
			t0 := time.Now()
			r, err := g.Ingest(t.Context(), x, "me", []string{os.Getenv("FAIRDIAL_SAMPLE") + "/usage/" + x}, nil)
			require.NoError(t, err)
			t.Log(r.Total, time.Since(t0))
		}
		q, err := g.Quarantine(t.Context(), Filter{TenantID: x})
		require.NoError(t, err)
		for _, r := range q {
			t.Log(r.File, r.Member, r.Position, r.Reason, r.Detail)
		}
		l, err := g.Ledger(t.Context(), x)
		require.NoError(t, err)
		for _, r := range l {
			t.Log(r.File, r.State, r.Counts)
		}
	}
}
