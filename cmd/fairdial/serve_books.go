package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"fairdial/cases"
	"fairdial/console"
	"fairdial/rating"
	"fairdial/rating/parquet"
	"fairdial/rating/workbook"
	"fairdial/usage"
)

// financeBooks is what finance does on the console's pages.
type financeBooks struct {
	*rating.Books
	s     *services
	ahead *ahead
	lists *cases.Pages
	now   func() time.Time
}

func (b financeBooks) Signatures(ctx context.Context, rec rating.Reconciliation) ([]rating.Signature, error) {
	return b.s.rater.Signatures(ctx, b.s.journal, rec)
}

func (b financeBooks) Sign(ctx context.Context, rec rating.Reconciliation, fingerprint, actor, reason string) error {
	return b.s.rater.SignReconciliation(ctx, b.s.journal, rec, fingerprint, actor, "", reason)
}

func (b financeBooks) Reopen(ctx context.Context, month usage.Month, tenantID, actor, reason string) (rating.Closing, error) {
	return b.Books.Reopen(ctx, month, tenantID, actor, "", reason)
}

func (b financeBooks) Leak(ctx context.Context, month usage.Month, tenantID string) (rating.Leak, error) {
	r, err := b.AsClosed(ctx, []string{tenantID})
	if err != nil {
		return rating.Leak{}, err
	}
	open, err := b.lists.Outlines(ctx, cases.PageRequest{Tenants: []string{tenantID}})
	if err != nil {
		return rating.Leak{}, err
	}
	all, err := r.Ahead(b.ahead.want).Leaks(ctx, rating.LeakRequest{Month: month, Tenants: []string{tenantID}, Cases: questioned(open)})
	if err == nil && len(all) != 1 {
		err = rating.ErrNotRated
	}
	if err != nil {
		return rating.Leak{}, err
	}
	return all[0], nil
}

func (b financeBooks) Write(ctx context.Context, w io.Writer, format string, month usage.Month, tenants []string) error {
	all, err := b.Statements(ctx, month, tenants)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return console.ErrNotFound
	}
	switch format {
	case "csv":
		return rating.WriteStatementsCSV(w, all)
	case "xlsx":
		return workbook.Write(ctx, w, month.String(), all, b, b.now())
	case "parquet":
		return parquet.Write(ctx, w, all, b)
	}
	return fmt.Errorf("no statement is written as %s", format)
}
