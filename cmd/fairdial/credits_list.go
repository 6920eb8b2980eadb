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
		a.printf("%s (%s), %s: %s, balance %s\n", oneLine(or(c.TenantName, c.TenantID)), c.TenantID, c.Currency, c.State, c.Balance.StringFixed(2))
		if c.EmptyAt != nil {
			a.printf("empty since %s, overdrawn %s, uncovered %s\n", clock(*c.EmptyAt), c.Overdrawn.StringFixed(2), c.Uncovered.StringFixed(2))
		}
		if err := a.showDeposits(c.Deposits); err != nil {
			return err
		}
		rows := [][]string{{"month", ">opening", ">deposited", ">expired", ">consumed", ">calls", ">overdrawn", ">uncovered", ">billed later", ">closing"}}
		for _, m := range c.Months {
			rows = append(rows, []string{
				m.Month, m.Opening.StringFixed(2), m.Deposited.StringFixed(2), m.Expired.StringFixed(2), m.Consumed.StringFixed(2), number(m.Calls),
				m.Overdrawn.StringFixed(2), m.Uncovered.StringFixed(2), m.BilledLater.StringFixed(2), m.Closing.StringFixed(2),
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
			d.ID, clock(d.At), clock(d.Expires), d.Amount.StringFixed(2), d.Used.StringFixed(2), d.Expired.StringFixed(2), d.Left.StringFixed(2), reason,
		})
	}
	return a.table(rows)
}
