package rating

import (
	"context"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"fairdial/rules/plan"
)

// ReportComparison sets the provider's own totals against what is here. It is what tells
// of calls that are not here at all.
type ReportComparison struct {
	Organizers int `json:"organizers"` // in the report or here
	// MissingHere and MissingThere are calls, summed over organizers that have more on
	// one side.
	MissingHere  uint64           `json:"missing_here"`
	MissingThere uint64           `json:"missing_there"`
	Totals       []ReportVariance `json:"totals"`  // by currency
	Differ       []ReportDiffers  `json:"differ"`  // organizers, the largest difference in calls first
	Amounts      []ReportAmount   `json:"amounts"` // organizers whose charge differs, by currency, the largest first
}

// ReportVariance is the money of a report in one currency.
type ReportVariance struct {
	Currency string          `json:"currency"`
	Report   decimal.Decimal `json:"report"`  // what the report says was charged
	Records  decimal.Decimal `json:"records"` // what the records here say was charged
	Rated    decimal.Decimal `json:"rated"`
	Variance decimal.Decimal `json:"variance"` // report less rated
}

// ReportDiffers is an organizer whose calls or seconds differ.
type ReportDiffers struct {
	OrganizerID  string `json:"organizer_id"`
	Status       string `json:"status"` // missing_here, missing_there; other_seconds: as many calls of another length
	CallsThere   uint64 `json:"calls_there"`
	CallsHere    uint64 `json:"calls_here"`
	SecondsThere uint64 `json:"seconds_there"`
	SecondsHere  uint64 `json:"seconds_here"`
}

// ReportAmount is an organizer whose charge differs from that of the records here.
type ReportAmount struct {
	OrganizerID string          `json:"organizer_id"`
	Currency    string          `json:"currency"`
	Report      decimal.Decimal `json:"report"`
	Records     decimal.Decimal `json:"records"`
	Rated       decimal.Decimal `json:"rated"`
	Variance    decimal.Decimal `json:"variance"` // report less records
}

// OtherSeconds is the status of an organizer with as many calls there, of another length.
const OtherSeconds = "other_seconds"

type organizerCurrency struct{ organizer, currency string }

// compareReport goes by organizer for calls and seconds, and by organizer and currency for
// money. An organizer's charges may be apart by the tolerance for each of its calls.
func (r *Rater) compareReport(ctx context.Context, req ReconcileRequest, c shownRun, terms plan.Terms) (ReportComparison, error) {
	counts := map[string]*ReportDiffers{}
	money := map[organizerCurrency]*ReportAmount{}
	ofCounts := func(id string) *ReportDiffers {
		if counts[id] == nil {
			counts[id] = &ReportDiffers{OrganizerID: id}
		}
		return counts[id]
	}
	ofMoney := func(id, currency string) *ReportAmount {
		k := organizerCurrency{id, currency}
		if money[k] == nil {
			money[k] = &ReportAmount{OrganizerID: id, Currency: currency}
		}
		return money[k]
	}
	for _, row := range req.Report {
		o := ofCounts(row.OrganizerID)
		o.CallsThere += row.Calls
		o.SecondsThere += row.Seconds
		m := ofMoney(row.OrganizerID, row.Currency)
		m.Report = m.Report.Add(row.Charge)
	}
	rows, err := r.compare(ctx, "reconcile_organizers", req, c, terms)
	if err != nil {
		return ReportComparison{}, err
	}
	defer rows.Close()
	for rows.Next() {
		var row struct {
			Organizer      string          `ch:"organizer"`
			Currency       string          `ch:"currency"`
			SourceCurrency string          `ch:"source_currency"`
			Calls          uint64          `ch:"calls"`
			Seconds        uint64          `ch:"seconds"`
			Rated          decimal.Decimal `ch:"rated"`
			Charged        decimal.Decimal `ch:"charged"`
		}
		if err := rows.ScanStruct(&row); err != nil {
			return ReportComparison{}, err
		}
		o := ofCounts(row.Organizer)
		o.CallsHere += row.Calls
		o.SecondsHere += row.Seconds
		if row.Currency != "" {
			m := ofMoney(row.Organizer, row.Currency)
			m.Rated = m.Rated.Add(row.Rated)
		}
		m := ofMoney(row.Organizer, row.SourceCurrency)
		m.Records = m.Records.Add(row.Charged)
	}
	if err := rows.Err(); err != nil {
		return ReportComparison{}, err
	}
	return reported(counts, money, tolerance(req, terms)), nil
}

func reported(counts map[string]*ReportDiffers, money map[organizerCurrency]*ReportAmount, tolerance decimal.Decimal) ReportComparison {
	out := ReportComparison{Organizers: len(counts), Totals: []ReportVariance{}, Differ: []ReportDiffers{}, Amounts: []ReportAmount{}}
	for _, o := range counts {
		switch {
		case o.CallsThere > o.CallsHere:
			o.Status = StatusMissingHere
			out.MissingHere += o.CallsThere - o.CallsHere
		case o.CallsThere < o.CallsHere:
			o.Status = StatusMissingThere
			out.MissingThere += o.CallsHere - o.CallsThere
		case o.SecondsThere != o.SecondsHere:
			o.Status = OtherSeconds
		default:
			continue
		}
		out.Differ = append(out.Differ, *o)
	}
	byCurrency := map[string]*ReportVariance{}
	for k, m := range money {
		t := byCurrency[k.currency]
		if t == nil {
			t = &ReportVariance{Currency: k.currency}
			byCurrency[k.currency] = t
		}
		t.Report, t.Records, t.Rated = t.Report.Add(m.Report), t.Records.Add(m.Records), t.Rated.Add(m.Rated)
		m.Variance = m.Report.Sub(m.Records)
		calls := max(counts[k.organizer].CallsThere, counts[k.organizer].CallsHere)
		if m.Variance.Abs().GreaterThan(tolerance.Mul(decimal.NewFromUint64(calls))) {
			out.Amounts = append(out.Amounts, *m)
		}
	}
	for _, t := range byCurrency {
		if t.Report.IsZero() && t.Records.IsZero() && t.Rated.IsZero() {
			continue
		}
		t.Variance = t.Report.Sub(t.Rated)
		out.Totals = append(out.Totals, *t)
	}
	apart := func(o ReportDiffers) int64 {
		return max(int64(o.CallsThere)-int64(o.CallsHere), int64(o.CallsHere)-int64(o.CallsThere))
	}
	slices.SortFunc(out.Differ, func(a, b ReportDiffers) int {
		return firstOf(int(apart(b)-apart(a)), strings.Compare(a.OrganizerID, b.OrganizerID))
	})
	slices.SortFunc(out.Amounts, func(a, b ReportAmount) int {
		return firstOf(strings.Compare(a.Currency, b.Currency), b.Variance.Abs().Cmp(a.Variance.Abs()), strings.Compare(a.OrganizerID, b.OrganizerID))
	})
	slices.SortFunc(out.Totals, func(a, b ReportVariance) int { return strings.Compare(a.Currency, b.Currency) })
	return out
}
