package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"fairdial/cases"
	"fairdial/rating"
)

func newLeak(a *app) *cobra.Command {
	var month string
	var req rating.LeakRequest
	var rated bool
	cmd := &cobra.Command{
		Use:   "leak --month YYYY-MM [--tenant ID] [--currency CODE] [-o json|csv]",
		Short: "What \"unlimited\" cost: what the add-on absorbed, at the prices of rate sheets",
		Long: `Add up the calls that the add-on paid for, by organizer, and price them as credits
would have been charged. Two parts stand out: what organizers with an open case used, and
what was used without an eligible licence though the source says that the add-on paid. A closed
month is priced by the rate sheets that were there when it was closed; open cases are those of today.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if req.Month, err = needMonth(cmd, month); err != nil {
				return err
			}
			return a.withStore(cmd.Context(), func(s *services) error {
				open, err := s.cases.List(cmd.Context(), cases.Filter{})
				if err != nil {
					return err
				}
				req.Cases = questioned(open)
				r, err := s.reader(cmd.Context(), req.Tenants, rated)
				if err != nil {
					return err
				}
				all, err := r.Leaks(cmd.Context(), req)
				if err != nil {
					return err
				}
				if a.output == "csv" {
					if err := a.tellShown(cmd.Context(), s, r, req.Month, req.Tenants); err != nil {
						return err
					}
					for _, l := range all {
						if l.Note != "" {
							fmt.Fprintf(a.stderr, "%s: %s\n", oneLine(or(l.TenantName, l.TenantID)), oneLine(l.Note))
						}
					}
				}
				switch a.output {
				case "json":
					return a.json(all)
				case "csv":
					return rating.WriteLeaksCSV(a.stdout, all)
				}
				for _, l := range all {
					if err := a.showLeak(l); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&month, "month", "", "`YYYY-MM`")
	cmd.Flags().StringArrayVar(&req.Tenants, "tenant", nil, "tenant `ID`; may be given more than once; default: all")
	cmd.Flags().StringVar(&req.Currency, "currency", "", "price in this currency (ISO 4217 `code`); default: that of the tenant's credits")
	ratedFlag(cmd, &rated)
	return outputs(cmd, "text", "json", "csv")
}

// questioned are the cases that are not closed, one for each organizer in them.
func questioned(list []cases.Case) (out []rating.OpenCase) {
	for _, c := range list {
		if c.Status == cases.StatusClosed {
			continue
		}
		members := c.Members
		if len(members) == 0 {
			members = []string{c.OrganizerID}
		}
		for _, m := range members {
			out = append(out, rating.OpenCase{CaseID: c.ID, TenantID: c.TenantID, OrganizerID: m})
		}
	}
	return out
}

// leakOrganizers is how many the text shows; json and csv have all.
const leakOrganizers = 20

func (a *app) showLeak(l rating.Leak) error {
	price := func(p rating.LeakPart) string {
		text := "-"
		if l.Currency != "" {
			text = priced(p.Amount) + " " + l.Currency
		}
		if p.UnpricedCalls > 0 && l.Currency != "" {
			text += ", " + counted(p.UnpricedCalls, "call") + " without a rate"
		}
		return text
	}
	a.printf("%s (%s), %s\n", oneLine(l.TenantName), l.TenantID, l.Month)
	a.showShown(l.Shown)
	rows := [][]string{{"the add-on absorbed", ">calls", ">minutes", ">at rate-sheet prices"}}
	for _, x := range []struct {
		what string
		part rating.LeakPart
	}{{"in all", l.Absorbed}, {"of it by organizers with an open case", l.Questioned}, {"of it without an eligible licence", l.Ineligible}} {
		rows = append(rows, []string{x.what, number(x.part.Calls), minutes(int64(x.part.Seconds)), price(x.part)})
	}
	if err := a.table(rows); err != nil {
		return err
	}
	for _, note := range []string{l.Note, l.Addon.Note} {
		if note != "" {
			a.printf("%s\n", oneLine(note))
		}
	}
	if len(l.Organizers) > 0 {
		rows = [][]string{{"organizer", ">calls", ">minutes", ">at rate-sheet prices", "open cases"}}
		for _, o := range l.Organizers[:min(len(l.Organizers), leakOrganizers)] {
			rows = append(rows, []string{
				or(o.UPN, or(o.Name, o.OrganizerID)), number(o.Absorbed.Calls), minutes(int64(o.Absorbed.Seconds)), price(o.Absorbed), strings.Join(o.Cases, " "),
			})
		}
		if err := a.table(rows); err != nil {
			return err
		}
		if more := len(l.Organizers) - leakOrganizers; more > 0 {
			a.printf("and %d more; -o csv has all\n", more)
		}
	}
	a.printf("\n")
	return nil
}
