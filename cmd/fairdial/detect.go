package main

import (
	"fmt"
	"os"
	"time"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"fairdial/cases"
	"fairdial/config"
	"fairdial/detector"
	"fairdial/rules"
	"fairdial/rules/pack"
)

// rulePack is the built-in rules with the operator's own over them, by id.
func (a *app) rulePack() (rules.Pack, error) {
	all, err := pack.Rules()
	if err != nil {
		return nil, err
	}
	if a.cfg.Rules.Path != "" {
		own, err := rules.Load(os.DirFS(a.cfg.Rules.Path))
		if err != nil {
			return nil, fmt.Errorf("rules.path %s: %w", a.cfg.Rules.Path, err)
		}
		all = all.With(own)
	}
	a.inForce.Store(&all)
	return all, nil
}

func (a *app) newDetector(s *services) (*detector.Detector, error) {
	all, err := a.rulePack()
	if err != nil {
		return nil, err
	}
	within := a.cfg.Detection.RespondWithin
	return detector.New(detector.Options{
		Terms: cases.Terms{Critical: int64(time.Duration(within.Critical).Seconds()), Warning: int64(time.Duration(within.Warning).Seconds())},
		Conn:  s.store, Cases: s.cases, Pack: all, AddonPlans: a.cfg.Licences.Addon.ServicePlans,
		OpenScore: a.cfg.Detection.OpenScore, Rates: wholesaleRates(a.cfg.Detection.WholesaleRates), Now: a.now, NewID: a.newID, Logger: a.logger,
	})
}

// wholesaleRates is the built-in rates with the configured ones over them; in another currency,
// those alone.
func wholesaleRates(w config.WholesaleRates) detector.Rates {
	r := detector.DefaultRates()
	if w.Own() {
		r = detector.Rates{Currency: w.Currency, Country: map[string]decimal.Decimal{}}
	}
	for _, x := range []struct {
		rate *config.Rate
		into *decimal.Decimal
	}{{w.Default, &r.Default}, {w.HighCost, &r.HighCost}, {w.TollFree, &r.TollFree}, {w.Premium, &r.Premium}, {w.Satellite, &r.Satellite}} {
		if x.rate != nil {
			*x.into = x.rate.Decimal
		}
	}
	for country, rate := range w.Countries {
		r.Country[country] = rate.Decimal
	}
	return r
}

func newDetect(a *app) *cobra.Command {
	var from, to string
	request := detector.Request{}
	cmd := &cobra.Command{
		Use:   "detect [--from T --to T --step 1h] [--latency 0s]",
		Short: "Run the rules: one pass at now, or a replay as if time had passed",
		Long: `Run the rules over the usage and open, worsen or update cases. Without --from it is one
pass at now. A replay shows each step only the calls that had ended by then (plus the
latency), whenever they were stored; cases carry the replayed time.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if from != "" {
				if request.From, err = parseTime(from); err != nil {
					return err
				}
			}
			if to != "" {
				if request.To, err = parseTime(to); err != nil {
					return err
				}
			}
			if from != "" && to == "" {
				request.To = a.now()
			}
			if !request.From.IsZero() && request.To.Before(request.From) {
				return usagef("detect: --to is before --from")
			}
			if request.Step <= 0 {
				return usagef("detect: --step must be longer than nothing")
			}
			if !cmd.Flags().Changed("latency") {
				request.Latency = time.Duration(a.cfg.Detection.Latency)
			}
			return a.withStore(cmd.Context(), func(s *services) error {
				d, err := a.newDetector(s)
				if err != nil {
					return err
				}
				bar := a.progress("detect", "steps")
				report, err := d.Detect(cmd.Context(), request, func(done, total int) { bar.Set(int64(done), int64(total)) })
				bar.Done()
				if err != nil {
					return err
				}
				if a.output == "json" {
					return a.json(report)
				}
				return a.showDetection(report)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&from, "from", "", "first step of a replay, `TIME` as 2026-02-01 or RFC 3339")
	flags.StringVar(&to, "to", "", "last step, `TIME` (default: now)")
	flags.DurationVar(&request.Step, "step", time.Hour, "from one step to the next")
	flags.DurationVar(&request.Latency, "latency", 0, "how long after its end a call is seen (default: detection.latency)")
	flags.StringArrayVar(&request.Tenants, "tenant", nil, "tenant `ID`; may be given more than once; default: all")
	flags.BoolVar(&request.DryRun, "dry-run", false, "write nothing; tell what would be found")
	return cmd
}

func (a *app) showDetection(r detector.Report) error {
	a.printf("%s, %s of %s, %s: %s, %d of them snoozed\n",
		counted(r.Steps, "step"), counted(r.Calls, "call"), counted(r.Tenants, "tenant"), counted(len(r.Rules), "rule"), counted(r.Findings, "finding"), r.Snoozed)
	if r.Calls == 0 {
		a.printf("No call has ended in time for this pass. To judge older usage, replay it: fairdial detect --from YYYY-MM-DD\n")
	}
	for _, kind := range []string{cases.KindOpened, cases.KindWorsened, cases.KindUpdated, cases.KindReopened} {
		if n := r.Events[kind]; n > 0 {
			a.printf("cases %s: %d\n", kind, n)
		}
	}
	return nil
}
