package rating

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"fairdial/store/journal"
	"fairdial/usage"
)

// CloseStream is the stream of the journal that closed months are in. A subject is the
// month and the tenant, "2026-02/contoso"; the id of an event that closes is the close_id
// of its frozen rows.
const CloseStream = "close"

// The kinds of events of CloseStream.
const (
	Closed   = "closed"
	Reopened = "reopened"
)

// CloseLog is what the books need of the journal.
type CloseLog interface {
	Append(ctx context.Context, e journal.Event) error
	History(ctx context.Context, stream, subject string) ([]journal.Event, error)
	Heads(ctx context.Context, stream string, f journal.Filter) ([]journal.Event, error)
}

// Books gives the statements that finance works with: of a closed month what was frozen,
// of an open one what is rated now, with what is to be put right of closed ones.
type Books struct {
	rater   *Rater
	log     CloseLog
	latency time.Duration
	apart   func(ctx context.Context, first, second string, asked time.Time) error
}

// Apart has the books ask why the second of two actors is no other person than the first, who
// did something at a moment, though their names differ; without it they go by names alone.
func (b *Books) Apart(apart func(ctx context.Context, first, second string, asked time.Time) error) *Books {
	b.apart = apart
	return b
}

// NewBooks makes books on a rater. Records may arrive for the latency after a month's end;
// it is not to be closed before.
func NewBooks(r *Rater, log CloseLog, latency time.Duration) *Books {
	return &Books{rater: r, log: log, latency: latency}
}

// Closing is what the books say of a tenant-month.
type Closing struct {
	TenantID string    `json:"tenant_id"`
	Month    string    `json:"month"`
	State    string    `json:"state"` // closed, reopened
	Version  uint32    `json:"version"`
	Actor    string    `json:"actor"`
	Reason   string    `json:"reason,omitempty"`
	At       time.Time `json:"at"` // UTC
	CloseID  uuid.UUID `json:"close_id"`
	RunID    uuid.UUID `json:"run_id"`   // the rating run that was frozen
	Sequence uint32    `json:"sequence"` // and its place among the runs of the tenant-month
	Rows     int       `json:"rows"`
	SHA256   string    `json:"sha256"` // of the canonical CSV of the frozen rows
	// Forced is what spoke against closing, where somebody closed all the same.
	Forced []string `json:"forced,omitempty"`
	// Notes are what somebody should know of the closing, though it is no obstacle.
	Notes []string `json:"notes,omitempty"`
	// Account is the one that the actor used: the operating system's, or the console's.
	Account string `json:"account,omitempty"`
	// Adjusts are the months that the closed statement puts right, each with the id of its
	// own closing.
	Adjusts map[string]uuid.UUID `json:"adjusts,omitempty"`

	month usage.Month
}

// frozen is the body of an event that closes.
type frozen struct {
	Closing
	Statement Statement `json:"statement"`

	was Closing // as the event before said it: of one that opens a month again, who had closed it
}

func subjectOf(month usage.Month, tenantID string) string { return month.String() + "/" + tenantID }

// oneTenant leaves out what others closed where only one tenant is asked about.
func oneTenant(tenants []string) journal.Filter {
	if len(tenants) == 1 {
		return journal.Filter{TenantID: tenants[0]}
	}
	return journal.Filter{}
}

// heads are the newest closing events, by tenant and then month.
func (b *Books) heads(ctx context.Context, f journal.Filter) (map[string][]frozen, error) {
	events, err := b.log.Heads(ctx, CloseStream, f)
	if err != nil {
		return nil, fmt.Errorf("read which months are closed: %w", err)
	}
	out := map[string][]frozen{}
	for _, e := range events {
		f, err := decodeClosing(e)
		if err != nil {
			return nil, err
		}
		out[f.TenantID] = append(out[f.TenantID], f)
	}
	for _, own := range out {
		slices.SortFunc(own, func(a, b frozen) int { return strings.Compare(a.Month, b.Month) })
	}
	return out, nil
}

func decodeClosing(e journal.Event) (frozen, error) {
	var f frozen
	if err := json.Unmarshal([]byte(e.Body), &f); err != nil {
		return f, fmt.Errorf("closing %s, version %d: %w", e.Subject, e.Version, err)
	}
	month, tenantID, _ := strings.Cut(e.Subject, "/")
	m, err := usage.ParseMonth(month)
	if err != nil {
		return f, fmt.Errorf("closing %s: %w", e.Subject, err)
	}
	f.TenantID, f.Month, f.month, f.was = tenantID, month, m, f.Closing
	f.State, f.Version, f.Actor, f.Reason, f.At = e.Kind, e.Version, e.Actor, e.Reason, e.At
	if e.Kind == Closed {
		f.CloseID = e.EventID
	}
	return f, nil
}

// ClosingHistory is every closing and every opening again, by month and tenant and then in
// their order; a zero month is every month.
func (b *Books) ClosingHistory(ctx context.Context, month usage.Month, tenants []string) ([]Closing, error) {
	last, err := b.Closings(ctx, month, tenants)
	if err != nil {
		return nil, err
	}
	out := []Closing{}
	for _, c := range last {
		events, err := b.log.History(ctx, CloseStream, subjectOf(c.month, c.TenantID))
		if err != nil {
			return nil, fmt.Errorf("read how %s of tenant %s was closed: %w", c.Month, c.TenantID, err)
		}
		for _, e := range events {
			f, err := decodeClosing(e)
			if err != nil {
				return nil, err
			}
			out = append(out, f.Closing)
		}
	}
	return out, nil
}

// Closings is what the books say of every tenant-month that was ever closed, by month and
// tenant; a zero month is every month.
func (b *Books) Closings(ctx context.Context, month usage.Month, tenants []string) ([]Closing, error) {
	all, err := b.heads(ctx, oneTenant(tenants))
	if err != nil {
		return nil, err
	}
	out := []Closing{}
	for tenantID, own := range all {
		for _, f := range own {
			if (month == usage.Month{} || f.month == month) && (len(tenants) == 0 || slices.Contains(tenants, tenantID)) {
				out = append(out, f.Closing)
			}
		}
	}
	slices.SortFunc(out, func(a, b Closing) int {
		return strings.Compare(a.Month+"/"+a.TenantID, b.Month+"/"+b.TenantID)
	})
	return out, nil
}

// Statements are the statements of a month as the books have them, by tenant id.
func (b *Books) Statements(ctx context.Context, month usage.Month, tenants []string) ([]Statement, error) {
	closings, err := b.heads(ctx, oneTenant(tenants))
	if err != nil {
		return nil, err
	}
	rated, err := b.rater.Statements(ctx, month, tenants)
	if err != nil {
		return nil, err
	}
	byTenant := map[string]Statement{}
	for _, s := range rated {
		byTenant[s.TenantID] = s
	}
	for tenantID, own := range closings {
		if len(tenants) > 0 && !slices.Contains(tenants, tenantID) {
			continue
		}
		s, there := byTenant[tenantID]
		if i := slices.IndexFunc(own, func(f frozen) bool { return f.month == month && f.State == Closed }); i >= 0 {
			newest := s
			if s, err = b.closed(ctx, own[i]); err != nil {
				return nil, err
			}
			if there {
				s.Shown = shownOf(own[i].Closing, run{RunID: own[i].RunID, Sequence: own[i].Sequence}, run{RunID: newest.runID, Sequence: newest.sequence})
			}
			byTenant[tenantID] = s
			continue
		}
		due, err := b.due(ctx, month, tenantID, own)
		if err != nil {
			return nil, err
		}
		if !there && len(due) == 0 {
			continue
		}
		if !there {
			// Nothing is rated in the month; what is due is put into it all the same.
			if s, err = b.rater.unused(ctx, month, tenantID); err != nil {
				return nil, err
			}
		}
		s.Adjustments = due
		if i := slices.IndexFunc(own, func(f frozen) bool { return f.month == month }); i >= 0 {
			s.Reopened = own[i].reopened()
		}
		byTenant[tenantID] = s
	}
	open, closed := []Statement{}, []Statement{}
	for _, s := range byTenant {
		if s.Closed == nil {
			open = append(open, s)
		} else {
			closed = append(closed, s)
		}
	}
	// In one order, so that what is asked is the same each time.
	slices.SortFunc(open, func(a, b Statement) int { return strings.Compare(a.TenantID, b.TenantID) })
	if err := b.rater.exceptions(ctx, month, open); err != nil {
		return nil, err
	}
	out := append(open, closed...)
	slices.SortFunc(out, func(a, b Statement) int { return strings.Compare(a.TenantID, b.TenantID) })
	return out, b.annotate(ctx, month, tenants, out)
}

// Rated are books in which nothing was ever closed.
func (b *Books) Rated() *RatedBooks { return &RatedBooks{b} }

// RatedBooks give statements as they are rated now; those of closed months say so.
type RatedBooks struct{ books *Books }

// Statements are the statements of a month, by tenant id.
func (b *RatedBooks) Statements(ctx context.Context, month usage.Month, tenants []string) ([]Statement, error) {
	r, err := b.books.AsRated(ctx, tenants)
	if err != nil {
		return nil, err
	}
	all, err := r.Statements(ctx, month, tenants)
	if err != nil {
		return nil, err
	}
	shown, err := r.Shown(ctx, month, tenants)
	if err != nil {
		return nil, err
	}
	for _, s := range shown {
		if i := slices.IndexFunc(all, func(a Statement) bool { return a.TenantID == s.TenantID }); i >= 0 {
			all[i].Shown = &s
		}
	}
	if err := b.books.annotate(ctx, month, tenants, all); err != nil {
		return nil, err
	}
	return all, r.exceptions(ctx, month, all)
}

// Entries gives the entries of statements one by one.
func (b *RatedBooks) Entries(ctx context.Context, all []Statement, each func(Entry) error) error {
	return b.books.Entries(ctx, all, each)
}

// closed is the statement of a month as it was frozen.
func (b *Books) closed(ctx context.Context, f frozen) (Statement, error) {
	s := f.Statement
	closing := f.Closing
	s.Closed, s.closeID, s.month = &closing, f.CloseID, f.month
	s.Adjustments = []Adjustment{}
	s.totalled()
	older := s.Calls > 0 && !slices.ContainsFunc(s.Lines, func(l StatementLine) bool { return l.CallsBegun > 0 })
	if len(f.Adjusts) == 0 && !older {
		return s, nil
	}
	err := b.rater.entries(ctx, f.month, f.TenantID, uuid.Nil, f.CloseID, func(e Entry) error {
		if older && !e.Adjusts() {
			s.begun(e)
		}
		if e.Adjusts() {
			s.Adjustments = append(s.Adjustments, e.adjustment(f.Adjusts))
		}
		return nil
	})
	return s, err
}

// Entries gives the entries of statements one by one, in the order of the statements. A
// statement must be one that these books gave.
func (b *Books) Entries(ctx context.Context, all []Statement, each func(Entry) error) error {
	for _, s := range all {
		err := b.rater.entries(ctx, s.month, s.TenantID, s.runID, s.closeID, func(e Entry) error {
			if e.Adjusts() && s.Closed != nil {
				e.Closing = s.Closed.Adjusts[e.OfMonth]
			}
			return each(e)
		})
		if err != nil {
			return err
		}
		if s.Closed != nil {
			continue // the frozen rows have the adjustments in them
		}
		for _, a := range s.Adjustments {
			if err := each(a.entry(s)); err != nil {
				return err
			}
		}
	}
	return nil
}
