package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"fairdial/alerting"
	"fairdial/detector"
	"fairdial/rules"
)

// backtested is what fairdial backtest gives: what would have been found, and how many
// messages each side would have made.
type backtested struct {
	detector.Backtest
	LiveMessages      alerting.Forecast  `json:"live_messages"`
	CandidateMessages *alerting.Forecast `json:"candidate_messages,omitempty"`
}

func newBacktest(a *app) *cobra.Command {
	var from, to, candidates string
	request := detector.BacktestRequest{}
	cmd := &cobra.Command{
		Use:   "backtest [RULE|DIR] --from T [--to T]",
		Short: "Try rules on the past: what they would have found, opened and told; changes nothing",
		Long: `Replay the past as if the rules had been in force from the start, and show for each
rule and version the findings, cases and messages there would have been, against what
people decided on the cases that there are. With --rules DIR (or a rule file), the rules
in it are set against those in force on the same data; they are taken as if they were
live, whatever their status. With --rule ID only those rules run.

Nothing is sent, and neither findings nor cases are written. What was snoozed counts.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if from == "" {
				return usagef("backtest: say from when: --from 2026-01-01")
			}
			if len(args) == 1 {
				if info, err := os.Stat(args[0]); err == nil && (info.IsDir() || strings.HasSuffix(args[0], ".yaml")) {
					if candidates != "" {
						return usagef("backtest: %s and --rules %s: name one", args[0], candidates)
					}
					candidates = args[0]
				} else {
					request.Rules = append(request.Rules, args[0])
				}
			}
			var err error
			if request.From, err = parseTime(from); err != nil {
				return err
			}
			request.To = a.now()
			if to != "" {
				if request.To, err = parseTime(to); err != nil {
					return err
				}
			}
			if request.To.Before(request.From) {
				return usagef("backtest: --to is before --from")
			}
			if cmd.Flags().Changed("step") && request.Step <= 0 {
				return usagef("backtest: --step must be longer than nothing")
			}
			if !cmd.Flags().Changed("latency") {
				request.Latency = time.Duration(a.cfg.Detection.Latency)
			}
			if candidates != "" {
				if request.Candidate, err = loadRules(candidates); err != nil {
					return err
				}
			}
			return a.withStore(cmd.Context(), func(s *services) error {
				d, err := a.newDetector(s)
				if err != nil {
					return err
				}
				bar := a.progress("backtest", "rule runs")
				report, err := d.Backtest(cmd.Context(), request, func(done, total int) { bar.Set(int64(done), int64(total)) })
				bar.Done()
				if err != nil {
					return err
				}
				out := backtested{Backtest: report, LiveMessages: s.alerter.Forecast(report.Live.Log)}
				if report.Candidate != nil {
					f := s.alerter.Forecast(report.Candidate.Log)
					out.CandidateMessages = &f
				}
				if a.output == "json" {
					return a.json(out)
				}
				return a.showBacktest(out)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&from, "from", "", "first step, `TIME` as 2026-02-01 or RFC 3339")
	flags.StringVar(&to, "to", "", "last step, `TIME` (default: now)")
	flags.StringVar(&candidates, "rules", "", "`DIR` of rule files, or one file, to be set against the rules in force")
	flags.StringArrayVar(&request.Rules, "rule", nil, "rule `ID`; may be given more than once; default: all")
	flags.StringArrayVar(&request.Tenants, "tenant", nil, "tenant `ID`; may be given more than once; default: all")
	flags.DurationVar(&request.Step, "step", 0, "from one step to the next (default: 1h, coarser beyond 100 days)")
	flags.DurationVar(&request.Latency, "latency", 0, "how long after its end a call is seen (default: detection.latency)")
	return cmd
}

// loadRules reads a folder of rule files, or one of them.
func loadRules(path string) (rules.Pack, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	if info.IsDir() {
		pack, err := rules.Load(os.DirFS(path))
		if err == nil && len(pack) == 0 {
			err = fmt.Errorf("there is no rule file (*.yaml) in %s", path)
		}
		return pack, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	r, err := rules.Parse(filepath.Base(path), text)
	return rules.Pack{r}, err
}
