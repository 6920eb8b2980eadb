package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"fairdial/rules"
	"fairdial/rules/pack"
)

func newRules(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "The rules that look for abuse: list, lint, fmt, test",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newRulesList(a), newRulesLint(a), newRulesTest(a), newRulesFmt(a))
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
			checked, err := a.lint(args)
			if err != nil {
				return err
			}
			if a.output == "json" {
				return a.json(map[string]int{"rules": len(checked)})
			}
			a.printf("%d rules are well formed.\n", len(checked))
			return nil
		},
	}
}

// lint checks the rules of a folder, or those in force: the built-in ones with their lock,
// and those of rules.path.
func (a *app) lint(args []string) (rules.Pack, error) {
	if len(args) == 1 {
		return rules.Lint(os.DirFS(args[0]))
	}
	all, err := pack.Rules()
	if err != nil {
		return nil, err
	}
	locked, err := pack.Lock()
	if err != nil {
		return nil, err
	}
	if err := errors.Join(locked.Check(all), all.Tested()); err != nil || a.cfg.Rules.Path == "" {
		return all, err
	}
	own, err := rules.Lint(os.DirFS(a.cfg.Rules.Path))
	if err != nil {
		return nil, fmt.Errorf("rules.path %s: %w", a.cfg.Rules.Path, err)
	}
	return all.With(own), nil
}
