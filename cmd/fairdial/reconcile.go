package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"fairdial/rating"
	"fairdial/usage"
)

// reconciling is what the command is asked for.
type reconciling struct {
	month     usage.Month
	tenants   []string
	tolerance *decimal.Decimal
	report    []rating.ReportRow
	class     string // of records; "" for none
	sign      string // the fingerprint to sign; "" for none
	actor     string // who signs; "" for the account
	reason    string
	rated     bool // a closed month as it is rated now
}

func newReconcile(a *app) *cobra.Command {
	var month, tolerance, report string
	var records bool
	ask := reconciling{}
	cmd := &cobra.Command{
		Use:   "reconcile --month YYYY-MM [--tenant ID]... [--rows CLASS] [--report FILE] [--tolerance N]",
		Short: "Set the rating of a month against the source's own charges",
		Long: `Compare every call with what the source says paid for it and what it charged: match,
other_bucket, other_amount, other_currency, free_call, unknown_capability, missing_there (the
source does not say what paid), no_rate, not_rated. Then the likely causes, ranked by the money
they move, and the variance of the month by currency, which a person can sign by its
fingerprint. Nothing is mended, and currencies are never added up.

--rows shows the records of one status or cause (or "all"). --report sets the provider's own
dial-out report beside it (what getPstnOnlineMeetingDialoutReport answers, page after page, or
CSV with userId, currency, totalCalls, totalCallSeconds, totalCallCharge; one month of one tenant): only it can tell of calls that are missing_here.
--sign notes in the log that you take the figures with this fingerprint; if they are others by
now, nothing is signed. A closed month is compared as it was closed, at the revisions of
records that were rated; what arrived since is an adjustment of a later month.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if ask.month, err = needMonth(cmd, month); err != nil {
				return err
			}
			if tolerance != "" {
				d, err := decimal.NewFromString(tolerance)
				if err != nil || d.IsNegative() || d.Exponent() < -6 || d.Exponent() > 3 {
					return usagef("--tolerance %q is no amount: write it as 0.01", tolerance)
				}
				ask.tolerance = &d
			}
			if records {
				ask.class = or(ask.class, "differing")
			}
			if classes := append(rating.Classes(), "differing"); ask.class != "" && !slices.Contains(classes, ask.class) {
				return usagef("--rows %q is none of %s", ask.class, strings.Join(classes, ", "))
			}
			if ask.sign != "" && (len(ask.tenants) != 1 || ask.reason == "") {
				return usagef("--sign needs one --tenant and a --reason")
			}
			if a.output == "csv" && ask.class == "" {
				return usagef("%s: -o csv is the records: say which with --rows", cmd.CommandPath())
			}
			if report != "" {
				if len(ask.tenants) != 1 {
					return usagef("--report is of one tenant: say which with --tenant")
				}
				file, err := a.open(report)
				if err != nil {
					return err
				}
				defer file.Close()
				if ask.report, err = rating.ParseReport(file); err != nil {
					return fmt.Errorf("%s: %w", report, err)
				}
			}
			return a.withStore(cmd.Context(), func(s *services) error { return a.reconcile(cmd.Context(), s, ask) })
		},
	}
	cmd.Flags().StringVar(&month, "month", "", "`YYYY-MM`")
	cmd.Flags().StringArrayVar(&ask.tenants, "tenant", nil, "tenant `ID`; may be given more than once; default: all")
	cmd.Flags().StringVar(&ask.class, "rows", "", "show the records of this `CLASS`: a status, a cause, differing, or all")
	cmd.Flags().BoolVar(&records, "records", false, "the same as --rows differing")
	cmd.Flags().StringVar(&ask.sign, "sign", "", "sign the figures with this `FINGERPRINT`")
	cmd.Flags().StringVar(&ask.actor, "actor", "", "`name` of who signs; default: the account")
	cmd.Flags().StringVar(&ask.reason, "reason", "", "why they are signed, for the record")
	cmd.Flags().StringVar(&tolerance, "tolerance", "", "how far the amounts of a call may be `APART`, over the plan's reconciliation.tolerance")
	cmd.Flags().StringVar(&report, "report", "", "the provider's dial-out report, a JSON or CSV `FILE`; - for stdin")
	ratedFlag(cmd, &ask.rated)
	return outputs(cmd, "text", "json", "csv")
}

type reconciled struct {
	rating.Reconciliation
	Signatures []rating.Signature  `json:"signatures"`
	Records    []rating.Difference `json:"records,omitempty"`
}

func (a *app) reconcile(ctx context.Context, s *services, ask reconciling) error {
	all := []reconciled{}
	rater, err := s.reader(ctx, ask.tenants, ask.rated)
	if err != nil {
		return err
	}
	if len(ask.tenants) == 0 {
		known, err := s.directory.Tenants(ctx)
		if err != nil {
			return err
		}
		for _, t := range known {
			ask.tenants = append(ask.tenants, t.ID)
		}
	}
	for _, tenant := range ask.tenants {
		request := rating.ReconcileRequest{Month: ask.month, TenantID: tenant, Tolerance: ask.tolerance, Report: ask.report}
		r, err := rater.Reconcile(ctx, request)
		if errors.Is(err, rating.ErrNotRated) {
			continue
		}
		if err != nil {
			return err
		}
		if ask.sign != "" {
			if err := rater.SignReconciliation(ctx, s.journal, r, ask.sign, or(ask.actor, a.actor), a.actor, ask.reason); err != nil {
				return err
			}
		}
		one := reconciled{Reconciliation: r}
		if one.Signatures, err = rater.Signatures(ctx, s.journal, r); err != nil {
			return err
		}
		if ask.class != "" {
			err := rater.Differences(ctx, request, different(ask.class, "differing"), func(d rating.Difference) error {
				one.Records = append(one.Records, d)
				return nil
			})
			if err != nil {
				return err
			}
		}
		all = append(all, one)
	}
	if len(all) == 0 {
		return fmt.Errorf("%s: %w: run `fairdial rate --month %s` first", ask.month, rating.ErrNotRated, ask.month)
	}
	switch a.output {
	case "json":
		return a.json(all)
	case "csv":
		var records []rating.Difference
		for _, r := range all {
			records = append(records, r.Records...)
		}
		return rating.WriteDifferencesCSV(a.stdout, records)
	}
	names, err := s.tenantNames(ctx)
	if err != nil {
		return err
	}
	for i, r := range all {
		if i > 0 {
			a.printf("\n")
		}
		if err := a.showReconciled(ctx, s, r, names); err != nil {
			return err
		}
	}
	return nil
}
