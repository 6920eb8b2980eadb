package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"fairdial/detector"
	"fairdial/rules"
	"fairdial/rules/pack"
)

func newRules(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "The rules that look for abuse: list, lint, test",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newRulesList(a), newRulesLint(a), newRulesTest(a))
	return cmd
}

func newRulesLint(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "lint [DIR]",
		Short: "Check rule files and that a changed rule has a new version",
		Long: `Check the rule files of a folder (default: the built-in pack and rules.path): every
mistake is named with file, line and key. Where the folder has a rules.lock.yaml, a rule
whose content changed must have a new version.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			var checked rules.Pack
			var lock rules.Lock
			var err error
			if len(args) == 1 {
				folder := os.DirFS(args[0])
				if checked, err = rules.Load(folder); err != nil {
					return err
				}
				if _, missing := os.Stat(args[0] + "/" + rules.LockFile); missing == nil {
					if lock, err = rules.ReadLock(folder); err != nil {
						return err
					}
				}
			} else {
				if checked, err = a.rulePack(); err != nil {
					return err
				}
				builtIn, err := pack.Rules()
				if err != nil {
					return err
				}
				locked, err := pack.Lock()
				if err != nil {
					return err
				}
				if err := locked.Check(builtIn); err != nil {
					return err
				}
			}
			if lock != nil {
				if err := lock.Check(checked); err != nil {
					return err
				}
			}
			if untested := checked.Untested(); len(untested) > 0 {
				return fmt.Errorf("%d rules carry no tests: %s; write at least one that expects a finding and one that expects none", len(untested), strings.Join(untested, ", "))
			}
			if a.output == "json" {
				return a.json(map[string]int{"rules": len(checked)})
			}
			a.printf("%d rules are well formed.\n", len(checked))
			return nil
		},
	}
}

func newRulesTest(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "test",
		Short: "Run the tests that the rules carry, on the engine",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := a.rulePack()
			if err != nil {
				return err
			}
			return a.withStore(cmd.Context(), func(s *services) error {
				results, err := detector.RunTests(cmd.Context(), s.store, all)
				if err != nil {
					return err
				}
				return a.showRuleTests(results)
			})
		},
	}
}

func (a *app) showRuleTests(results []detector.TestResult) error {
	failed := 0
	rows := [][]string{{"rule", "test", "result"}}
	for _, r := range results {
		says := "passed"
		if !r.Passed {
			failed++
			says = "FAILED: " + strings.Join(r.Problems, "; ")
		}
		rows = append(rows, []string{r.Rule, r.Test, says})
	}
	var err error
	if a.output == "json" {
		err = a.json(results)
	} else {
		err = a.table(rows)
	}
	if err == nil && failed > 0 {
		err = fmt.Errorf("%d of %d rule tests failed", failed, len(results))
	}
	return err
}
