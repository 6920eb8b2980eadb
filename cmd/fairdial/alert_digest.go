package main

import (
	"context"
	"errors"
	"time"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"fairdial/alerting"
	"fairdial/rating"
	"fairdial/usage"
)

// weekly tells finance where the month of the day before stands: on the first of a month
// that is the one that has just ended.
func (s *services) weekly(ctx context.Context, at time.Time) (bool, error) {
	month := usage.MonthOf(at.AddDate(0, 0, -1), time.UTC)
	balances, err := s.rater.Balance(ctx, month)
	if err != nil && !errors.Is(err, rating.ErrNotRated) {
		return false, err
	}
	var lines []alerting.FinanceLine
	for _, b := range balances {
		line := alerting.FinanceLine{
			Tenant: or(b.TenantName, b.TenantID), AddonSeconds: int64(b.AddonSeconds), CreditsSeconds: int64(b.CreditsSeconds),
			UnfundedSeconds: int64(b.UnfundedSeconds), UnpricedCalls: int64(b.UnpricedCalls), Charges: map[string]decimal.Decimal{},
		}
		for _, pool := range b.Pools {
			line.PoolSize += pool.Seconds
			line.PoolUsed += pool.Used
		}
		for _, amount := range b.Credits {
			if amount.Amount != nil {
				line.Charges[amount.Currency] = line.Charges[amount.Currency].Add(*amount.Amount)
			}
		}
		lines = append(lines, line)
	}
	return s.alerter.Weekly(ctx, at, month.String(), lines)
}

func newAlertDigest(a *app) *cobra.Command {
	var weekly bool
	cmd := &cobra.Command{
		Use:   "digest [--weekly]",
		Short: "Tell the day's digest, or the week's summary for finance, once",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withStore(cmd.Context(), func(s *services) (err error) {
				var sent bool
				if weekly {
					sent, err = s.weekly(cmd.Context(), a.now())
				} else {
					sent, err = s.alerter.Daily(cmd.Context(), a.now())
				}
				if err != nil {
					return err
				}
				if a.output == "json" {
					return a.json(map[string]bool{"told": sent})
				}
				if sent {
					a.printf("told\n")
				} else {
					a.printf("it was told already\n")
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&weekly, "weekly", false, "the summary for finance")
	return cmd
}
