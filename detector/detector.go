// Package detector finds abnormal and fraudulent use: it makes feature views of the
// usage, runs rules over them, keeps what they found, scores it and opens cases.
// README.md states the rules.
package detector

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"

	"fairdial/cases"
	"fairdial/rules"
	"fairdial/store/journal"
)

// Conn is what the detector needs of the store.
type Conn interface {
	Exec(ctx context.Context, query string, args ...any) error
	Query(ctx context.Context, query string, args ...any) (driver.Rows, error)
	Select(ctx context.Context, dest any, query string, args ...any) error
	PrepareBatch(ctx context.Context, query string, opts ...driver.PrepareBatchOption) (driver.Batch, error)
}

// Cases is the log of cases.
type Cases interface {
	List(ctx context.Context, f cases.Filter) ([]cases.Case, error)
	Record(ctx context.Context, events []cases.Event) ([]*journal.ConflictError, error)
	History(ctx context.Context, id string) ([]cases.Event, error)
}

// Actor is who the detector is in the log of cases.
const Actor = "system:detector"

// Options says what a detector works with.
type Options struct {
	Conn  Conn
	Cases Cases
	Pack  rules.Pack
	// AddonPlans are the service plan ids that are the add-on; without them no call is
	// known to be covered by it or not.
	AddonPlans []string
	// Rates price the exposure of findings. The zero value stands for DefaultRates.
	Rates Rates
	// Terms are how soon somebody must look at a case.
	Terms cases.Terms
	// OpenScore is the risk (1 to 100) from which a case is opened; 50 by default.
	OpenScore int
	// Parameters stand over the defaults of rules: by rule id, then by name.
	Parameters map[string]map[string]any
	// WholeCalls is up to how many calls, in the time that rules look back, a pass is always
	// over all organizers; a million by default.
	WholeCalls int64
	// Known keeps what Records gives; nil keeps nothing.
	Known  *RecordMemo
	Now    func() time.Time
	NewID  func() uuid.UUID
	Logger *slog.Logger
}

// Detector runs rules and keeps what they find. It holds no state.
type Detector struct {
	o      Options
	scorer scorer
}

// New makes a detector.
func New(o Options) (*Detector, error) {
	switch {
	case o.Conn == nil, o.Cases == nil, o.Now == nil, o.NewID == nil, o.Logger == nil:
		return nil, errors.New("a detector needs a store, a log of cases, a clock, ids and a logger")
	case o.OpenScore < 0 || o.OpenScore > 100:
		return nil, errors.New("detection.open_score: want 1 to 100")
	}
	if o.OpenScore == 0 {
		o.OpenScore = 50
	}
	if o.WholeCalls == 0 {
		o.WholeCalls = wholeCalls
	}
	if o.Rates.Currency == "" {
		o.Rates = DefaultRates()
	}
	means, err := readCalibration(calibrationText)
	if err != nil {
		return nil, err
	}
	return &Detector{o, scorer{o.OpenScore, means, o.Terms}}, nil
}
