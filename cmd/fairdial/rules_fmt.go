package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"fairdial/rules"
)

func newRulesFmt(a *app) *cobra.Command {
	var check bool
	cmd := &cobra.Command{
		Use:   "fmt [FILE|DIR]...",
		Short: "Put rule files into their canonical form; comments stay",
		Long: `Put rule files into their canonical form: keys in one order, two spaces of indent, no empty
lines between keys. Comments and the line breaks of texts and SQL stay; what a rule says,
and so its version, does not change. Without arguments, those in rules.path.`,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				if a.cfg.Rules.Path == "" {
					return usagef("rules fmt: name rule files or a folder of them, or set rules.path")
				}
				args = []string{a.cfg.Rules.Path}
			}
			files, err := ruleFiles(args)
			if err != nil {
				return err
			}
			changed := []string{}
			for _, file := range files {
				differs, err := formatFile(file, !check)
				if err != nil {
					return err
				}
				if differs {
					changed = append(changed, file)
				}
			}
			if a.output == "json" {
				err = a.json(map[string]any{"files": len(files), "changed": changed})
			} else {
				for _, file := range changed {
					a.printf("%s\n", file)
				}
			}
			if err == nil && check && len(changed) > 0 {
				err = fmt.Errorf("%d of %d rule files are not in their canonical form; run fairdial rules fmt", len(changed), len(files))
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "write nothing; fail when a file would change")
	return cmd
}

// ruleFiles are the rule files named, and those in the folders named.
func ruleFiles(args []string) (out []string, err error) {
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil {
			return nil, fmt.Errorf("rules fmt: %w", err)
		}
		if !info.IsDir() {
			out = append(out, arg)
			continue
		}
		inside, err := filepath.Glob(filepath.Join(arg, "*.yaml"))
		if err != nil {
			return nil, fmt.Errorf("rules fmt: %w", err)
		}
		for _, file := range inside {
			if filepath.Base(file) != rules.LockFile && !strings.HasPrefix(filepath.Base(file), ".") {
				out = append(out, file)
			}
		}
	}
	return out, nil
}

// formatFile says whether a file is not in its canonical form, and writes it anew: beside it
// first, then under its name, so that nobody reads half a rule.
func formatFile(file string, write bool) (differs bool, err error) {
	before, err := os.ReadFile(file)
	if err != nil {
		return false, fmt.Errorf("rules fmt: %w", err)
	}
	after, err := rules.Format(file, before)
	if err != nil || bytes.Equal(before, after) || !write {
		return err == nil && !bytes.Equal(before, after), err
	}
	info, err := os.Stat(file)
	if err != nil {
		return false, fmt.Errorf("rules fmt: %w", err)
	}
	beside := filepath.Join(filepath.Dir(file), "."+filepath.Base(file)+".new")
	if err := os.WriteFile(beside, after, info.Mode().Perm()); err != nil {
		return false, fmt.Errorf("rules fmt: %w", err)
	}
	if err := os.Rename(beside, file); err != nil {
		return false, fmt.Errorf("rules fmt: %w", err)
	}
	return true, nil
}
