package main

import (
	"strings"

	"github.com/spf13/cobra"

	"fairdial/rating"
	"fairdial/usage"
)

func newRatings(a *app) *cobra.Command {
	var month string
	var tenants []string
	export := &cobra.Command{
		Use:   "export --month YYYY-MM [-o csv]",
		Short: "What paid for each call: usage_id,bucket,seconds,amount,currency",
		Long:  `Write every rated call of a month, in order of tenant and start; a call that crosses the end of the pool has two lines.`,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := needMonth(cmd, month)
			if err != nil {
				return err
			}
			return a.withStore(cmd.Context(), func(s *services) error {
				return s.rater.Export(cmd.Context(), a.stdout, m, tenants)
			})
		},
	}
	export.Flags().StringVar(&month, "month", "", "`YYYY-MM`")
	export.Flags().StringArrayVar(&tenants, "tenant", nil, "tenant `ID`; may be given more than once; default: all")
	cmd := &cobra.Command{
		Use: "ratings", Short: "What paid for each call", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(outputs(export, "text", "csv"), newRatingsExplain(a))
	return cmd
}

func needMonth(cmd *cobra.Command, text string) (usage.Month, error) {
	if text == "" {
		return usage.Month{}, usagef("%s: --month YYYY-MM is missing", cmd.CommandPath())
	}
	m, err := usage.ParseMonth(text)
	if err != nil {
		return usage.Month{}, usageError{err}
	}
	return m, nil
}

func newStatement(a *app) *cobra.Command {
	var month string
	var tenants []string
	cmd := &cobra.Command{
		Use:   "statement --month YYYY-MM [--tenant ID] [-o csv|json]",
		Short: "What finance reads: seconds and money by what paid, for each tenant",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := needMonth(cmd, month)
			if err != nil {
				return err
			}
			return a.withStore(cmd.Context(), func(s *services) error {
				all, err := s.rater.Statements(cmd.Context(), m, tenants)
				if err != nil {
					return err
				}
				switch a.output {
				case "json":
					return rating.WriteStatementsJSON(a.stdout, all)
				case "csv":
					return rating.WriteStatementsCSV(a.stdout, all)
				}
				for _, st := range all {
					if err := a.showStatement(st); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&month, "month", "", "`YYYY-MM`")
	cmd.Flags().StringArrayVar(&tenants, "tenant", nil, "tenant `ID`; may be given more than once; default: all")
	return outputs(cmd, "text", "json", "csv")
}

func (a *app) showStatement(st rating.Statement) error {
	a.printf("%s (%s), %s, plan %s: %s calls, %s\n", oneLine(st.TenantName), st.TenantID, st.Month, st.PlanVersion,
		number(st.Calls), minutes(int64(st.Seconds)))
	rows := [][]string{{"paid by", ">calls", ">minutes", ">amount"}}
	for _, b := range st.Buckets {
		rows = append(rows, []string{string(b.Bucket), number(b.Calls), minutes(int64(b.Seconds)), amounts(b.Amounts, b.UnpricedCalls)})
	}
	if err := a.table(rows); err != nil {
		return err
	}
	for _, p := range st.Pools {
		a.printf("pool %s: %s licences, %s of %s used\n", p.Pool, number(p.Licences), minutes(p.Used), minutes(p.Seconds))
	}
	a.printf("\n")
	return nil
}

func amounts(list []rating.Amount, unpriced uint64) string {
	var parts []string
	for _, x := range list {
		parts = append(parts, x.Amount.StringFixed(2)+" "+x.Currency)
	}
	if unpriced > 0 {
		parts = append(parts, number(unpriced)+" calls without a rate")
	}
	return strings.Join(parts, ", ")
}
