package main

import (
	"time"

	"github.com/spf13/cobra"

	"fairdial/rating"
)

func newCreditsList(a *app) *cobra.Command {
	var tenant, at string
	cmd := &cobra.Command{
		Use:   "list [--tenant ID] [--at TIME]",
		Short: "Balance, deposits and months of prepaid credits, by tenant and currency",
		Long: `Every account of prepaid credits at a moment: what is left of each deposit, what each month
took, what expired. States: funded; exhausted (nothing left); overdrawn (calls in flight when
the balance ended took more; the next deposit makes it good); post_paid (billed afterwards,
nothing to exhaust); no_deposit. Money of calls that began without a balance is "uncovered".`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var moment time.Time
			if at != "" {
				var err error
				if moment, err = parseTime(at); err != nil {
					return err
				}
			}
			return a.withStore(cmd.Context(), func(s *services) error {
				all, err := s.rater.Credits(cmd.Context(), s.journal, tenant, moment)
				if err != nil {
					return err
				}
				if a.output == "json" {
					return a.json(all)
				}
				return a.showCredits(all)
			})
		},
	}
	cmd.Flags().StringVar(&tenant, "tenant", "", "tenant `ID`; default: all")
	cmd.Flags().StringVar(&at, "at", "", "as of this `TIME`; default: now")
	return outputs(cmd, "text", "json")
}

func (a *app) showCredits(all []rating.CreditAccount) error {
	if len(all) == 0 {
		a.printf("no deposits, and no calls that credits pay for\n")
	}
	for i, c := range all {
		if i > 0 {
			a.printf("\n")
		}
		a.printf("%s (%s), %s: %s, balance %s\n", oneLine(or(c.TenantName, c.TenantID)), c.TenantID, c.Currency, c.State, priced(&c.Balance))
		if c.EmptyAt != nil {
			a.printf("empty since %s, overdrawn %s, uncovered %s\n", clock(*c.EmptyAt), priced(&c.Overdrawn), priced(&c.Uncovered))
		}
		if err := a.showDeposits(c.Deposits); err != nil {
			return err
		}
		rows := [][]string{{"month", ">opening", ">deposited", ">expired", ">consumed", ">calls", ">overdrawn", ">uncovered", ">billed later", ">closing"}}
		for _, m := range c.Months {
			rows = append(rows, []string{
				m.Month, priced(&m.Opening), priced(&m.Deposited), priced(&m.Expired), priced(&m.Consumed), number(m.Calls),
				priced(&m.Overdrawn), priced(&m.Uncovered), priced(&m.BilledLater), priced(&m.Closing),
			})
		}
		if len(rows) > 1 {
			if err := a.table(rows); err != nil {
				return err
			}
		}
		for _, n := range c.Notes {
			a.printf("note: %s\n", oneLine(n))
		}
	}
	return nil
}

func (a *app) showDeposits(all []rating.DepositUse) error {
	if len(all) == 0 {
		return nil
	}
	rows := [][]string{{"deposit", "from", "expires", ">amount", ">used", ">expired", ">left", "reason"}}
	for _, d := range all {
		reason := d.Reason
		if d.Voided {
			reason = "VOID: " + d.VoidedBecause
		}
		rows = append(rows, []string{
			d.ID, clock(d.At), clock(d.Expires), priced(&d.Amount), priced(&d.Used), priced(&d.Expired), priced(&d.Left), reason,
		})
	}
	return a.table(rows)
}
