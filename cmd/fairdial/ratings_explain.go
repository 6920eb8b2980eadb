package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"fairdial/rating"
)

func newRatingsExplain(a *app) *cobra.Command {
	var tenant string
	var rated bool
	cmd := &cobra.Command{
		Use:   "explain USAGE_ID [--tenant ID] [--rated]",
		Short: "Why a call was paid for as it was, from the rating run and the inputs it used",
		Long: `Tell for one usage record which entitlement paid for which of its seconds, in what order,
and why each one before it did not: the licence interval that decided, the pool before and
after, the destination, the plan version, and the row of the rate sheet. It is told from the
stored rating, under the plan and the licences that the rating used: of a closed month from
the one that it was closed with.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withStore(cmd.Context(), func(s *services) error {
				r, err := s.reader(cmd.Context(), one(tenant), rated)
				if err != nil {
					return err
				}
				e, err := r.Explain(cmd.Context(), tenant, args[0])
				if err != nil {
					return err
				}
				if a.output == "json" {
					return a.json(e)
				}
				names, err := s.tenantNames(cmd.Context())
				if err != nil {
					return err
				}
				return a.showExplanation(e, names)
			})
		},
	}
	cmd.Flags().StringVar(&tenant, "tenant", "", "tenant `ID`; needed where several tenants have the same usage id")
	ratedFlag(cmd, &rated)
	return outputs(cmd, "text", "json")
}

func (a *app) showExplanation(e rating.Explanation, names tenantNames) error {
	a.printf("%s of %s: %s, %s, %s s\n", oneLine(e.UsageID), oneLine(names.full(e.TenantID)), oneLine(e.CallType), clock(e.StartedAt), number(e.Seconds))
	who := e.OrganizerID
	if e.OrganizerUPN != "" {
		who = e.OrganizerUPN + " (" + e.OrganizerID + ")"
	}
	a.printf("organizer    %s\n", oneLine(who))
	d := e.Destination
	a.printf("destination  %s, country %s, class %s%s\n", oneLine(d.Number), or(d.Country, "none"), or(d.Class, "not known"), zoneOf(d))
	a.showShown(e.Shown)
	if !e.Rated {
		a.printf("not rated    %s\n", e.WhyNot)
		return nil
	}
	a.printf("run          %s, number %d of %s, finished %s by %s\n", e.Run.RunID, e.Run.Sequence, e.Month, clock(e.Run.FinishedAt), oneLine(e.Run.Actor))
	a.printf("plan         %s%s\n\n", e.Run.PlanVersion, prefixed(", in force from ", e.Run.PlanFrom))
	rows := [][]string{{"entitlement", ">seconds", "why"}}
	for _, s := range e.Steps {
		paid := "-"
		if s.Paid {
			paid = number(s.Seconds)
		}
		rows = append(rows, []string{string(s.Bucket), paid, s.Why})
	}
	if err := a.table(rows); err != nil {
		return err
	}
	for _, p := range e.Parts {
		if p.Charge != nil {
			a.printf("\ncharge       %s\n", charged(*p.Charge))
		}
	}
	a.printf("\n")
	if len(e.Held) > 0 {
		rows = [][]string{{"licence", "service plan", "from", "to", "at call start"}}
		for _, l := range e.Held {
			to, at := "still held", "no"
			if l.To != nil {
				to = clock(*l.To)
			}
			if l.AtStart {
				at = "yes"
			}
			rows = append(rows, []string{string(l.Entitlement), l.ServicePlanID, clock(l.From), to, at})
		}
		if err := a.table(rows); err != nil {
			return err
		}
	}
	for _, n := range e.Notes {
		a.printf("note: %s\n", n)
	}
	return nil
}

func zoneOf(d rating.ExplainedDestination) string {
	switch d.Zone {
	case "A":
		return ", Zone A" + prefixed(", counted as ", different(d.CountedAs, d.Country))
	case "other":
		return ", not in Zone A"
	default:
		return ""
	}
}

func different(text, from string) string {
	if text == from {
		return ""
	}
	return text
}

func prefixed(with, text string) string {
	if text == "" {
		return ""
	}
	return with + text
}

// charged shows how an amount came about, so that it can be worked out again.
func charged(c rating.ExplainedCharge) string {
	if c.Amount == nil || c.Rate == nil || c.PerMinute == nil {
		return "no rate is known, so there is no amount"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d tenths of a minute (in steps of %d) at %s a minute + %s connection = %s %s", c.BilledTenths, c.IncrementTenths,
		c.PerMinute, c.ConnectionCharge, c.Amount, c.Currency)
	fmt.Fprintf(&b, "\nrate         row %d of %s from %s: prefix %s, %s, %s", c.Rate.Row, oneLine(or(c.Rate.File, "the sheet")), clock(c.Rate.ValidFrom), c.Rate.Prefix,
		oneLine(c.Rate.Destination), c.Rate.NumberType)
	return b.String()
}
