package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"fairdial/detector"
	"fairdial/rules"
)

func newRulesTest(a *app) *cobra.Command {
	var coverage bool
	cmd := &cobra.Command{
		Use:   "test [DIR]",
		Short: "Run the tests that the rules carry, on the engine",
		Long: `Run the tests that the rules carry, on the engine with the SQL that detection runs: those
of the rules in force, or of a folder of rule files, or of one file.

With --coverage each is run again with one part of its rule changed after the other: a
parameter or a threshold halved and doubled, a condition of the SQL left out. A part that
can change without any test failing is untested. The columns of feature views that no rule
with tests reads are listed too.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			all, err := a.rulesAt(args)
			if err != nil {
				return err
			}
			return a.withStore(cmd.Context(), func(s *services) error {
				if !coverage {
					results, err := detector.RunTests(cmd.Context(), s.store, all)
					if err != nil {
						return err
					}
					return a.showRuleTests(results)
				}
				bar := a.progress("coverage", "changed rules")
				c, err := detector.Cover(cmd.Context(), s.store, all, func(done, total int) { bar.Set(int64(done), int64(total)) })
				bar.Done()
				if err != nil {
					return err
				}
				return a.showCoverage(c)
			})
		},
	}
	cmd.Flags().BoolVar(&coverage, "coverage", false, "say which parts of rules no test tests")
	return cmd
}

// rulesAt is the rules of the folder or file that is named, or those in force.
func (a *app) rulesAt(args []string) (rules.Pack, error) {
	if len(args) == 0 {
		return a.rulePack()
	}
	return loadRules(args[0])
}

func (a *app) showCoverage(c detector.Coverage) error {
	var short []string
	rows := [][]string{{"rule", ">finds", ">quiet", ">parts", ">tested", "untested"}}
	for _, r := range c.Rules {
		if !r.Enough() {
			short = append(short, r.ID)
		}
		untested := append([]string{""}, r.Untested...)
		if len(r.Untested) > 0 {
			untested = r.Untested
		}
		rows = append(rows, []string{r.ID, number(r.Finds), number(r.Quiet), number(r.Parts), number(r.Tested), untested[0]})
		for _, part := range untested[1:] {
			rows = append(rows, []string{"", "", "", "", "", part})
		}
	}
	if a.output == "json" {
		if err := a.json(c); err != nil {
			return err
		}
	} else {
		if err := a.table(rows); err != nil {
			return err
		}
		a.printf("\nColumns of views that no rule with tests reads:\n")
		for _, view := range detector.Views() {
			if list := c.Unread[view]; len(list) > 0 {
				a.printf("  %s: %s\n", view, strings.Join(list, ", "))
			}
		}
	}
	if len(short) > 0 {
		return fmt.Errorf("%d rules have fewer than one test that finds and two that must not: %s", len(short), strings.Join(short, ", "))
	}
	return nil
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
