// Package workbook writes the statements of a month as an Excel workbook (XLSX). Totals are
// formulas whose results are stored with them, and amounts of different currencies are
// never added up.
package workbook

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
	"github.com/xuri/excelize/v2"

	"fairdial/rating"
)

// Entries gives the entries of statements one by one.
type Entries interface {
	Entries(ctx context.Context, all []rating.Statement, each func(rating.Entry) error) error
}

// Write writes the statements of one month. Their entries are read once; what is kept of
// them is a line an organizer, destination, bucket and currency.
func Write(ctx context.Context, w io.Writer, month string, all []rating.Statement, entries Entries) (err error) {
	organizers, destinations, err := grouped(ctx, all, entries)
	if err != nil {
		return err
	}
	f := excelize.NewFile()
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
	}()
	b := &book{file: f}
	if err := b.styles(); err != nil {
		return err
	}
	// The summary is the first sheet, and is written last: its formulas name the others' rows.
	if err := f.SetSheetName("Sheet1", sheetSummary); err != nil {
		return err
	}
	tenants, err := b.tenants(all)
	if err != nil {
		return err
	}
	if err := b.organizers(organizers); err != nil {
		return err
	}
	if err := b.destinations(destinations); err != nil {
		return err
	}
	if err := b.exceptions(all); err != nil {
		return err
	}
	adjustments, err := b.adjustments(all)
	if err != nil {
		return err
	}
	if err := b.summary(month, all, tenants, adjustments); err != nil {
		return err
	}
	always := true
	if err := f.SetCalcProps(&excelize.CalcPropsOptions{FullCalcOnLoad: &always}); err != nil {
		return err
	}
	f.SetActiveSheet(0)
	if err := f.Write(w); err != nil {
		return fmt.Errorf("write the workbook: %w", err)
	}
	return nil
}

// The sheets.
const (
	sheetSummary      = "Summary"
	sheetTenants      = "By tenant"
	sheetOrganizers   = "By organizer"
	sheetDestinations = "By destination"
	sheetExceptions   = "Exceptions"
	sheetAdjustments  = "Adjustments"
)

type book struct {
	file                *excelize.File
	head, count, amount int // styles
	bold, boldCount     int
	boldAmount          int
}

func (b *book) styles() (err error) {
	places := "#,##0.00#####"
	font := &excelize.Font{Bold: true}
	for _, x := range []struct {
		id    *int
		style excelize.Style
	}{
		{&b.head, excelize.Style{Font: font, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"E7E6E6"}}}},
		{&b.count, excelize.Style{NumFmt: 3}},
		{&b.amount, excelize.Style{CustomNumFmt: &places}},
		{&b.bold, excelize.Style{Font: font}},
		{&b.boldCount, excelize.Style{Font: font, NumFmt: 3}},
		{&b.boldAmount, excelize.Style{Font: font, CustomNumFmt: &places}},
	} {
		if *x.id, err = b.file.NewStyle(&x.style); err != nil {
			return err
		}
	}
	return nil
}

func (b *book) tenants(all []rating.Statement) (*table, error) {
	t, err := b.table(sheetTenants, text("Tenant", 20), text("Name", 28), text("Bucket", 10), text("Reason", 18), text("Conferencing", 16),
		text("Unfunded because", 20), currency, counted("Calls"), counted("Seconds"), counted("Billed tenths of a minute"), money("Amount"),
		counted("Calls without a rate"), counted("Seconds without a rate"))
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		for _, l := range s.Lines {
			err := t.add(s.TenantID, s.TenantName, string(l.Bucket), l.Reason, l.Conferencing, l.UnfundedBecause, l.Currency, int64(l.Calls),
				int64(l.Seconds), int64(l.BilledTenths), l.Amount, int64(l.UnpricedCalls), int64(l.UnpricedSeconds))
			if err != nil {
				return nil, err
			}
		}
	}
	return t, t.end()
}

func (b *book) organizers(groups map[group]*sums) error {
	t, err := b.table(sheetOrganizers, text("Tenant", 20), text("Organizer", 38), text("UPN", 32), text("Name", 28), text("Bucket", 10), currency,
		counted("Calls"), counted("Seconds"), money("Amount"), counted("Calls without a rate"))
	if err != nil {
		return err
	}
	for _, g := range sorted(groups) {
		s := groups[g]
		if err := t.add(g.tenant, g.a, s.upn, s.name, g.bucket, g.currency, s.calls, s.seconds, s.amount, s.unpriced); err != nil {
			return err
		}
	}
	return t.end()
}

func (b *book) destinations(groups map[group]*sums) error {
	t, err := b.table(sheetDestinations, text("Tenant", 20), text("Country", 10), text("Class of number", 18), text("Bucket", 10), currency,
		counted("Calls"), counted("Seconds"), money("Amount"), counted("Calls without a rate"))
	if err != nil {
		return err
	}
	for _, g := range sorted(groups) {
		s := groups[g]
		if err := t.add(g.tenant, g.a, g.b, g.bucket, g.currency, s.calls, s.seconds, s.amount, s.unpriced); err != nil {
			return err
		}
	}
	return t.end()
}

func (b *book) exceptions(all []rating.Statement) error {
	t, err := b.table(sheetExceptions, text("Tenant", 20), text("Exception", 30), text("Organizer", 38), counted("Calls"), counted("Seconds"), text("Text", 90))
	if err != nil {
		return err
	}
	t.totals = false // the same call can be in several exceptions
	for _, s := range all {
		for _, x := range s.Exceptions {
			if err := t.add(s.TenantID, x.Code, x.OrganizerID, int64(x.Calls), int64(x.Seconds), x.Text); err != nil {
				return err
			}
		}
	}
	return t.end()
}

func (b *book) adjustments(all []rating.Statement) (*table, error) {
	t, err := b.table(sheetAdjustments, text("Tenant", 20), text("Of month", 10), text("Closing", 38), text("Organizer", 38), text("Bucket", 10), currency,
		counted("Calls"), counted("Seconds"), money("Amount"), counted("Calls without a rate"))
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		for _, a := range s.Adjustments {
			err := t.add(s.TenantID, a.OfMonth, a.CloseID.String(), a.OrganizerID, a.Bucket, a.Currency, a.Calls, a.Seconds, a.Amount, a.UnpricedCalls)
			if err != nil {
				return nil, err
			}
		}
	}
	return t, t.end()
}

// group is what a line of the sheets by organizer and by destination is of.
type group struct{ tenant, a, b, bucket, currency string }

type sums struct {
	calls, seconds, unpriced int64
	amount                   decimal.Decimal
	upn, name                string
}

func (s *sums) add(e rating.Entry) {
	s.calls += e.Calls
	s.seconds += e.Seconds
	s.unpriced += e.UnpricedCalls
	s.amount = s.amount.Add(e.Amount)
	s.upn, s.name = e.OrganizerUPN, e.OrganizerName
}

func grouped(ctx context.Context, all []rating.Statement, entries Entries) (organizers, destinations map[group]*sums, err error) {
	organizers, destinations = map[group]*sums{}, map[group]*sums{}
	err = entries.Entries(ctx, all, func(e rating.Entry) error {
		if e.Adjusts() {
			return nil // they have a sheet of their own
		}
		for _, x := range []struct {
			in map[group]*sums
			g  group
		}{
			{organizers, group{e.TenantID, e.OrganizerID, "", e.Bucket, e.Currency}},
			{destinations, group{e.TenantID, e.DestinationCountry, e.DestinationClass, e.Bucket, e.Currency}},
		} {
			if x.in[x.g] == nil {
				x.in[x.g] = &sums{}
			}
			x.in[x.g].add(e)
		}
		return nil
	})
	return organizers, destinations, err
}

func sorted(groups map[group]*sums) []group {
	return slices.SortedFunc(maps.Keys(groups), func(x, y group) int {
		return slices.Compare([]string{x.tenant, x.a, x.b, x.bucket, x.currency}, []string{y.tenant, y.a, y.b, y.bucket, y.currency})
	})
}

// quoted is a text in a formula.
func quoted(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
