package main

import (
	"encoding/csv"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"fairdial/rating"
)

func newPoolsHistory(a *app) *cobra.Command {
	var month, tenant, organizer string
	var rated bool
	cmd := &cobra.Command{
		Use:   "history --tenant ID --month YYYY-MM [--organizer ID] [-o csv|json]",
		Short: "How a month's pool was used up, call by call, without gaps",
		Long: `Every draw on the tenant's pools in a month, with the balance before
and after; the balance before is the balance after of the line above. A size that a licence
snapshot showed within the month is a line of its own and moves nothing: the month is rated
with one size; a closed month is told as it was closed. With --organizer, only that one's calls, and what the others drew between.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := needMonth(cmd, month)
			if err != nil {
				return err
			}
			if tenant == "" {
				return usagef("%s: --tenant ID is missing", cmd.CommandPath())
			}
			return a.withStore(cmd.Context(), func(s *services) error {
				rows := []rating.Movement{}
				r, err := s.reader(cmd.Context(), []string{tenant}, rated)
				if err != nil {
					return err
				}
				if err := a.tellShown(cmd.Context(), s, r, m, []string{tenant}); err != nil {
					return err
				}
				err = r.PoolHistory(cmd.Context(), m, tenant, organizer, func(m rating.Movement) error {
					rows = append(rows, m)
					return nil
				})
				if err != nil {
					return err
				}
				switch a.output {
				case "json":
					return a.json(rows)
				case "csv":
					return a.historyCSV(rows)
				}
				names, err := s.organizerNames(cmd.Context(), tenant)
				if err != nil {
					return err
				}
				return a.showHistory(rows, names, organizer != "")
			})
		},
	}
	cmd.Flags().StringVar(&month, "month", "", "`YYYY-MM`")
	cmd.Flags().StringVar(&tenant, "tenant", "", "tenant `ID`")
	cmd.Flags().StringVar(&organizer, "organizer", "", "organizer `ID`; default: all")
	ratedFlag(cmd, &rated)
	return outputs(cmd, "text", "json", "csv")
}

func (a *app) showHistory(all []rating.Movement, names map[string]string, others bool) error {
	head := []string{"pool", "at", "what", "organizer", ">drawn", ">before", ">after"}
	if others {
		head = append(head, ">others since")
	}
	rows := [][]string{head}
	for _, m := range all {
		what := m.Kind
		switch m.Kind {
		case rating.MovementOpening, rating.MovementSize:
			what += ": " + number(m.Licences) + " licences, " + minutes(m.Size)
		case rating.MovementCall:
			what += " " + m.UsageID
		}
		row := []string{m.Pool, clock(m.At), what, or(names[strings.ToLower(m.OrganizerID)], m.OrganizerID), minutes(m.Drawn), minutes(m.BalanceBefore), minutes(m.BalanceAfter)}
		if others {
			row = append(row, minutes(m.DrawnByOthers))
		}
		rows = append(rows, row)
	}
	return a.table(rows)
}

func (a *app) historyCSV(all []rating.Movement) error {
	w := csv.NewWriter(a.stdout)
	if err := w.Write([]string{
		"pool", "at", "kind", "usage_id", "organizer_id", "seconds", "drawn", "balance_before", "balance_after", "drawn_by_others", "licences", "size",
	}); err != nil {
		return err
	}
	n := func(v int64) string { return strconv.FormatInt(v, 10) }
	for _, m := range all {
		if err := w.Write([]string{
			m.Pool, m.At.Format(time.RFC3339Nano), m.Kind, rating.Cell(m.UsageID), rating.Cell(m.OrganizerID), n(int64(m.Seconds)), n(m.Drawn), n(m.BalanceBefore),
			n(m.BalanceAfter), n(m.DrawnByOthers), n(m.Licences), n(m.Size),
		}); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}
