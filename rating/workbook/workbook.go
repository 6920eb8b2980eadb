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
	"time"

	"github.com/shopspring/decimal"
	"github.com/xuri/excelize/v2"

	"fairdial/rating"
)

// Entries gives the entries of statements one by one.
type Entries interface {
	Entries(ctx context.Context, all []rating.Statement, each func(rating.Entry) error) error
}

// Write writes the statements of one month, as a workbook made at a moment. Their entries
// are read once; what is kept of them is a line an organizer, destination, bucket and
// currency.
func Write(ctx context.Context, w io.Writer, month string, all []rating.Statement, entries Entries, at time.Time) (err error) {
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
	made := at.UTC().Format(time.RFC3339)
	err = f.SetDocProps(&excelize.DocProperties{Creator: "Fairdial", LastModifiedBy: "Fairdial", Title: "Statement " + month, Created: made, Modified: made})
	if err != nil {
		return err
	}
	b := &book{file: f, names: map[string]string{}, upns: upnsOf(organizers)}
	for _, s := range all {
		b.names[s.TenantID] = s.TenantName
	}
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

// withoutRate is the column of calls that are not in the amount.
const withoutRate = "Calls without a rate"

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
	minutes             int
	boldMinutes         int

	names map[string]string    // of tenants
	upns  map[[2]string]string // of a tenant's organizers with usage
}

func (b *book) styles() (err error) {
	places, time := "#,##0.00#####", "[m]:ss"
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
		{&b.minutes, excelize.Style{CustomNumFmt: &time}},
		{&b.boldMinutes, excelize.Style{Font: font, CustomNumFmt: &time}},
		{&b.boldAmount, excelize.Style{Font: font, CustomNumFmt: &places}},
	} {
		if *x.id, err = b.file.NewStyle(&x.style); err != nil {
			return err
		}
	}
	return nil
}

func (b *book) tenants(all []rating.Statement) (*table, error) {
	rows := 0
	for _, s := range all {
		rows += len(s.Lines)
	}
	t, err := b.table(sheetTenants, rows, text("Tenant", 20), text("Tenant name", 28), text("Bucket", 10), text("Reason", 18), text("Conferencing", 16),
		text("Unfunded because", 20), currency, calls, counted("Calls begun"), counted("Seconds"), minutes, counted("Billed tenths of a minute"), money("Amount"),
		counted(withoutRate), counted("Seconds without a rate"))
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		for _, l := range s.Lines {
			err := t.add(s.TenantID, s.TenantName, string(l.Bucket), l.Reason, l.Conferencing, l.UnfundedBecause, l.Currency, int64(l.Calls), int64(l.CallsBegun),
				int64(l.Seconds), int64(l.BilledTenths), l.Amount, int64(l.UnpricedCalls), int64(l.UnpricedSeconds))
			if err != nil {
				return nil, err
			}
		}
	}
	return t, t.end()
}

func (b *book) organizers(groups map[group]*sums) error {
	t, err := b.table(sheetOrganizers, len(groups), text("Tenant", 20), text("Tenant name", 28), text("Organizer", 38), text("UPN", 32), text("Name", 28),
		text("Bucket", 10), currency, calls, counted("Calls begun"), counted("Seconds"), minutes, money("Amount"), counted(withoutRate))
	if err != nil {
		return err
	}
	for _, g := range sorted(groups) {
		s := groups[g]
		if err := t.add(g.tenant, b.names[g.tenant], g.a, s.upn, s.name, g.bucket, g.currency, s.calls, s.begun, s.seconds, s.amount, s.unpriced); err != nil {
			return err
		}
	}
	return t.end()
}

func (b *book) destinations(groups map[group]*sums) error {
	t, err := b.table(sheetDestinations, len(groups), text("Tenant", 20), text("Tenant name", 28), text("Country", 10), text("Class of number", 18), text("Bucket", 10),
		currency, calls, counted("Calls begun"), counted("Seconds"), minutes, money("Amount"), counted(withoutRate))
	if err != nil {
		return err
	}
	for _, g := range sorted(groups) {
		s := groups[g]
		if err := t.add(g.tenant, b.names[g.tenant], g.a, g.b, g.bucket, g.currency, s.calls, s.begun, s.seconds, s.amount, s.unpriced); err != nil {
			return err
		}
	}
	return t.end()
}

func (b *book) exceptions(all []rating.Statement) error {
	rows := 0
	for _, s := range all {
		rows += len(s.Exceptions)
	}
	t, err := b.table(sheetExceptions, rows, text("Tenant", 20), text("Tenant name", 28), text("Exception", 30), text("Organizer", 38), text("UPN", 32),
		calls, counted("Seconds"), minutes, text("Text", 90))
	if err != nil {
		return err
	}
	t.totals = false // the same call can be in several exceptions
	for _, s := range all {
		for _, x := range s.Exceptions {
			if err := t.add(s.TenantID, s.TenantName, x.Code, x.OrganizerID, b.upn(s, x.OrganizerID, x.OrganizerUPN), int64(x.Calls), int64(x.Seconds), x.Text); err != nil {
				return err
			}
		}
	}
	return t.end()
}

func (b *book) adjustments(all []rating.Statement) (*table, error) {
	rows := 0
	for _, s := range all {
		rows += len(s.Adjustments)
	}
	t, err := b.table(sheetAdjustments, rows, text("Tenant", 20), text("Tenant name", 28), text("Of month", 10), text("Closing", 38), text("Organizer", 38),
		text("UPN", 32), text("Bucket", 10), currency, calls, counted("Calls begun"), counted("Seconds"), minutes, money("Amount"), counted(withoutRate))
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		for _, a := range s.Adjustments {
			err := t.add(s.TenantID, s.TenantName, a.OfMonth, a.CloseID.String(), a.OrganizerID, b.upn(s, a.OrganizerID, a.OrganizerUPN), a.Bucket, a.Currency,
				a.Calls, a.CallsBegun, a.Seconds, a.Amount, a.UnpricedCalls)
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
	calls, begun      int64
	seconds, unpriced int64
	amount            *decimal.Decimal // nil where no rate is known for any of the calls
	upn, name         string
}

// upn is what an organizer is called: as it was read with the statement, else as of its
// usage.
func (b *book) upn(s rating.Statement, organizer, read string) string {
	if read != "" {
		return read
	}
	return b.upns[[2]string{s.TenantID, organizer}]
}

func upnsOf(organizers map[group]*sums) map[[2]string]string {
	out := map[[2]string]string{}
	for g, s := range organizers {
		out[[2]string{g.tenant, g.a}] = s.upn
	}
	return out
}

func (s *sums) add(e rating.Entry) {
	s.calls += e.Calls
	s.begun += e.CallsBegun
	s.seconds += e.Seconds
	s.unpriced += e.UnpricedCalls
	s.amount = rating.Plus(s.amount, e.Amount)
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
