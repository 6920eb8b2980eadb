package workbook

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
	"github.com/xuri/excelize/v2"

	"fairdial/rating"
	"fairdial/usage"
)

// summary is the first sheet: what each bucket paid, and what is due in each currency.
func (b *book) summary(month string, all []rating.Statement, tenants, adjustments *table) error {
	t, err := b.table(sheetSummary, 0, text("Statement "+month, 34), currency, calls, counted("Calls begun"), counted("Seconds"), minutes, money("Amount"),
		counted(withoutRate))
	if err != nil {
		return err
	}
	for _, bucket := range []usage.Bucket{usage.BucketAddon, usage.BucketPool, usage.BucketCredits, usage.BucketUnfunded} {
		if err := t.bucket(bucket, all, tenants); err != nil {
			return err
		}
	}
	if err := t.grandTotal(tenants); err != nil {
		return err
	}
	for _, code := range slices.Sorted(maps.Keys(both(tenants.sums, adjustments.sums))) {
		if err := t.due(code, tenants, adjustments); err != nil {
			return err
		}
	}
	if err := t.write(nil); err != nil {
		return err
	}
	for _, s := range all {
		if err := t.write([]any{rating.Cell(s.TenantID), nil, rating.Cell(s.TenantName), nil, nil, nil, stateOf(s)}); err != nil {
			return err
		}
		for _, n := range s.Notes {
			note := fmt.Sprintf("note by %s at %s: %s", n.By, n.At.UTC().Format("2006-01-02 15:04Z"), n.Text)
			if err := t.write([]any{rating.Cell(s.TenantID), nil, rating.Cell(s.TenantName), nil, nil, nil, rating.Cell(note)}); err != nil {
				return err
			}
		}
	}
	err = t.write([]any{"Calls: those that a row paid for, in whole or in part. Calls begun: each call once, where it begins."})
	if err != nil {
		return err
	}
	return t.out.Flush()
}

func both(a, b map[string]map[int]*decimal.Decimal) map[string]bool {
	codes := map[string]bool{}
	for code := range a {
		codes[code] = true
	}
	for code := range b {
		codes[code] = true
	}
	return codes
}

func stateOf(s rating.Statement) string {
	switch {
	case s.Closed == nil && s.Shown == nil:
		return "open"
	case s.Closed == nil:
		return rating.Cell(s.Shown.Text)
	}
	return rating.Cell(fmt.Sprintf("closed by %s at %s, SHA-256 %s", s.Closed.Actor, s.Closed.At.UTC().Format("2006-01-02 15:04Z"), s.Closed.SHA256))
}

// bucket is a row for what the bucket paid, and one a currency for the money.
func (t *table) bucket(bucket usage.Bucket, all []rating.Statement, tenants *table) error {
	var calls, begun, seconds, priceless int64
	amounts, lacking := map[string]*decimal.Decimal{}, map[string]int64{}
	for _, s := range all {
		for _, l := range s.Lines {
			if l.Bucket != bucket {
				continue
			}
			calls, begun = calls+int64(l.Calls), begun+int64(l.CallsBegun)
			seconds, priceless = seconds+int64(l.Seconds), priceless+int64(l.UnpricedCalls)
			if l.Currency != "" {
				amounts[l.Currency] = rating.Plus(amounts[l.Currency], l.Amount)
				lacking[l.Currency] += int64(l.UnpricedCalls)
			}
		}
	}
	count := func(title string, n int64) excelize.Cell {
		formula := "SUMIFS(" + tenants.span(tenants.index(title), true) + "," + tenants.span(tenants.index("Bucket"), true) + "," + quoted(string(bucket)) + ")"
		return excelize.Cell{StyleID: t.b.count, Formula: formula, Value: n}
	}
	secondsOf := count("Seconds", seconds)
	err := t.write([]any{
		string(bucket), nil, count("Calls", calls), count("Calls begun", begun), secondsOf, t.minutes(secondsOf.Formula, seconds, t.b.minutes), nil,
		count(withoutRate, priceless),
	})
	if err != nil {
		return err
	}
	for _, code := range slices.Sorted(maps.Keys(amounts)) {
		amount, err := t.amount(amounts[code], tenants.sumIf(tenants.index("Amount"), code, string(bucket)), t.b.amount)
		if err != nil {
			return err
		}
		without := excelize.Cell{StyleID: t.b.count, Formula: tenants.sumIf(tenants.index(withoutRate), code, string(bucket)), Value: lacking[code]}
		if err := t.write([]any{string(bucket), rating.Cell(code), nil, nil, nil, nil, amount, without}); err != nil {
			return err
		}
	}
	return nil
}

func (t *table) grandTotal(tenants *table) error {
	count := func(title string) excelize.Cell {
		i := tenants.index(title)
		return excelize.Cell{StyleID: t.b.boldCount, Formula: "SUM(" + tenants.span(i, true) + ")", Value: tenants.counts[i]}
	}
	seconds := tenants.index("Seconds")
	return t.write([]any{
		excelize.Cell{StyleID: t.b.bold, Value: "Total"},
		nil, nil, count("Calls begun"), count("Seconds"),
		t.minutes("SUM("+tenants.span(seconds, true)+")", tenants.counts[seconds], t.b.boldMinutes), nil, count(withoutRate),
	})
}

// due is what is to be paid in a currency: what the month is rated, and what is put right
// of closed months.
func (t *table) due(code string, tenants, adjustments *table) error {
	var formulas, without []string
	var sum *decimal.Decimal
	lacking := int64(0)
	for _, x := range []struct {
		title string
		from  *table
	}{{"Rated", tenants}, {"Adjustments", adjustments}} {
		i := x.from.index("Amount")
		amount, there := x.from.sums[code][i]
		if !there {
			continue
		}
		cell, err := t.amount(amount, x.from.sumIf(i, code, ""), t.b.amount)
		if err != nil {
			return err
		}
		count := excelize.Cell{StyleID: t.b.count, Formula: x.from.sumIf(x.from.index(withoutRate), code, ""), Value: x.from.lacking[code]}
		if err := t.write([]any{x.title + " " + rating.Cell(code), rating.Cell(code), nil, nil, nil, nil, cell, count}); err != nil {
			return err
		}
		lacking += x.from.lacking[code]
		without = append(without, fmt.Sprintf("%s%d", letter(t.index(withoutRate)), t.row))
		if amount == nil {
			continue
		}
		sum = rating.Plus(sum, amount)
		formulas = append(formulas, fmt.Sprintf("%s%d", letter(t.index("Amount")), t.row))
	}
	title := excelize.Cell{StyleID: t.b.bold, Value: "Due " + rating.Cell(code)}
	total, err := t.amount(sum, "ROUND("+strings.Join(formulas, "+")+",7)", t.b.boldAmount)
	if err != nil {
		return err
	}
	count := excelize.Cell{StyleID: t.b.boldCount, Formula: strings.Join(without, "+"), Value: lacking}
	return t.write([]any{title, rating.Cell(code), nil, nil, nil, nil, total, count})
}
