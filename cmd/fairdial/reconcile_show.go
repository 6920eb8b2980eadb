package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"fairdial/rating"
)

func (a *app) showReconciled(ctx context.Context, s *services, r reconciled, names tenantNames) error {
	a.printf("%s, %s, run %s, plan %s, tolerance %s\n", oneLine(names.full(r.TenantID)), r.Month, r.RunID, r.PlanVersion, r.Tolerance)
	a.showShown(r.Shown)
	// Money by currency: what calls of a status were charged, less what they are rated.
	head := []string{"status", ">calls"}
	for _, v := range r.Totals {
		head = append(head, ">charged - rated, "+or(v.Currency, "currency not said"))
	}
	rows := [][]string{head}
	for _, status := range rating.Statuses() {
		if r.Calls[status] == 0 {
			continue
		}
		row := []string{status, number(r.Calls[status])}
		for _, v := range r.Totals {
			text := "-"
			if d, there := v.Statuses[status]; there {
				text = signed(d, "")
			}
			row = append(row, text)
		}
		rows = append(rows, row)
	}
	if err := a.table(rows); err != nil {
		return err
	}
	if len(r.Causes) > 0 {
		a.printf("\nlikely causes\n")
		rows = [][]string{{"cause", "status", ">calls", ">minutes", ">charged - rated", "what to look at"}}
		for _, c := range r.Causes {
			rows = append(rows, []string{c.Cause, c.Status, number(c.Calls), minutes(int64(c.Seconds)), signed(c.Variance, c.Currency), c.Likely})
		}
		if err := a.table(rows); err != nil {
			return err
		}
	}
	a.printf("\nvariance (charged - rated)\n")
	rows = [][]string{{"currency", ">rated", ">charged", ">variance", ">of usage", ">of connection", ">calls without a rate"}}
	for _, v := range r.Totals {
		rows = append(rows, []string{
			or(v.Currency, "not said"), priced(&v.Rated), priced(&v.Charged), signed(v.Total, ""),
			signed(v.Components["usage"], ""), signed(v.Components["connection"], ""), number(v.UnpricedCalls),
		})
	}
	if len(r.Totals) == 0 {
		rows = append(rows, []string{"none", "0.00", "0.00", "0.00", "", "", ""})
	}
	if err := a.table(rows); err != nil {
		return err
	}
	if r.Report != nil {
		organizers, err := s.organizerNames(ctx, r.TenantID)
		if err != nil {
			return err
		}
		if err := a.showReport(*r.Report, organizers); err != nil {
			return err
		}
	}
	if len(r.Records) > 0 {
		a.printf("\n")
		if err := a.showDifferences(r.Records); err != nil {
			return err
		}
	}
	a.printf("fingerprint %s\n", r.Fingerprint)
	for _, s := range r.Signatures {
		now := "these figures"
		if !s.Current {
			now = "other figures than these, " + s.Fingerprint
		}
		a.printf("signed by %s, %s: %s (%s)\n", oneLine(s.By), clock(s.At), now, oneLine(s.Reason))
	}
	return nil
}

func signed(d decimal.Decimal, currency string) string {
	text := priced(&d)
	if d.IsPositive() {
		text = "+" + text
	}
	return text + prefixed(" ", currency)
}

const organizersShown = 20

func (a *app) showReport(r rating.ReportComparison, names map[string]string) error {
	a.printf("\nthe provider's report: %s, %s missing here, %s missing there\n", counted(r.Organizers, "organizer"), counted(r.MissingHere, "call"), number(r.MissingThere))
	rows := [][]string{{"currency", ">report", ">records", ">rated", ">report - rated"}}
	for _, t := range r.Totals {
		rows = append(rows, []string{or(t.Currency, "not said"), priced(&t.Report), priced(&t.Records), priced(&t.Rated), signed(t.Variance, "")})
	}
	if err := a.table(rows); err != nil {
		return err
	}
	rows = [][]string{{"organizer", "status", ">calls there", ">here", ">seconds there", ">here"}}
	for _, o := range r.Differ[:min(len(r.Differ), organizersShown)] {
		rows = append(rows, []string{or(names[strings.ToLower(o.OrganizerID)], o.OrganizerID), o.Status, number(o.CallsThere), number(o.CallsHere), number(o.SecondsThere), number(o.SecondsHere)})
	}
	if len(rows) > 1 {
		if err := a.table(rows); err != nil {
			return err
		}
	}
	rows = [][]string{{"organizer", "currency", ">report", ">records", ">rated"}}
	for _, m := range r.Amounts[:min(len(r.Amounts), organizersShown)] {
		rows = append(rows, []string{or(names[strings.ToLower(m.OrganizerID)], m.OrganizerID), or(m.Currency, "not said"), priced(&m.Report), priced(&m.Records), priced(&m.Rated)})
	}
	if len(rows) > 1 {
		if err := a.table(rows); err != nil {
			return err
		}
	}
	if more := max(len(r.Differ), len(r.Amounts)) - organizersShown; more > 0 {
		a.printf("and more: -o json has all\n")
	}
	return nil
}

func (a *app) showDifferences(all []rating.Difference) error {
	rows := [][]string{{"status", "cause", "usage id", "start", ">seconds", "rated", ">amount", "source", ">charged"}}
	for _, d := range all {
		bucket := d.Bucket
		if d.BucketAfter != "" {
			bucket += "+" + d.BucketAfter
		}
		amount := "no rate"
		if d.Amount != nil {
			amount = fmt.Sprintf("%s %s", priced(d.Amount), d.Currency)
		}
		rows = append(rows, []string{
			d.Status, d.Cause, d.UsageID, clock(d.StartedAt), number(d.Seconds), bucket, amount,
			d.SourceBucket + " (" + or(d.Capability, "-") + ")", fmt.Sprintf("%s %s", priced(&d.SourceAmount), d.SourceCurrency),
		})
	}
	return a.table(rows)
}
