package console

import (
	"context"
	"net/http"
	"time"
)

// Feed is a source that usage arrives from by itself, and how it fares.
type Feed struct {
	Name     string   `json:"source"`
	Kind     string   `json:"kind"`
	TenantID string   `json:"tenant_id"`
	State    string   `json:"state"` // fresh, new, retrying, or its gravest trouble
	Troubles []string `json:"troubles"`
	Mend     string   `json:"mend"` // what to do about the gravest
	// LastNew is when a new record last came, ReadUntil up to when a source that is asked was
	// read; both UTC, null for never.
	LastNew   *time.Time `json:"last_new"`
	ReadUntil *time.Time `json:"read_until"`
}

// feeds are the sources that the reader sees: of somebody scoped, those of their tenants alone.
func (o Options) feeds(ctx context.Context) ([]Feed, error) {
	if o.Feeds == nil {
		return nil, nil
	}
	all, err := o.Feeds(ctx)
	return only(ctx, all, func(f Feed) string { return f.TenantID }), err
}

// sources are the configured sources of usage.
func (a *api) sources(w http.ResponseWriter, r *http.Request) {
	l, ok := a.listing(w, r, 1)
	if !ok {
		return
	}
	all, err := a.opts.feeds(r.Context())
	if err != nil {
		a.fail(w, r, err)
		return
	}
	page, next := from(l, all)
	writePage(w, "sources", page, next, nil)
}
