package main

import (
	"fmt"
	"os"
	"strings"

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
				return fmt.Errorf("%d rules carry too few tests, of those that find something and those that must not: %s; write at least one and two", len(untested), strings.Join(untested, ", "))
			}
			if a.output == "json" {
				return a.json(map[string]int{"rules": len(checked)})
			}
			a.printf("%d rules are well formed.\n", len(checked))
			return nil
		},
	}
}
