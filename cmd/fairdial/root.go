package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// execute runs one command line and returns its exit code.
func execute(ctx context.Context, a *app, args []string) int {
	root := newRoot(a)
	root.SetArgs(args)
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	cmd, err := root.ExecuteContextC(ctx)
	return exitCode(a.stderr, cmd.CommandPath(), err, a.secrecy)
}

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "fairdial",
		Short: "Polices the fair use of unlimited conference dial-out",
		Long: `Fairdial lands dial-out usage in ClickHouse, rates every second of it against add-on,
pool and credits, finds abnormal and fraudulent use, tells Slack, and flags or
throttles organizers.

Exit codes: 0 done, 1 failed, 2 wrong usage.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.load(); err != nil {
				return err
			}
			a.asked = askedTenants(cmd)
			return checkOutput(cmd, a.output)
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	flags := root.PersistentFlags()
	flags.StringVar(&a.configFile, "config", "", "configuration `file` (see config.example.yaml)")
	flags.StringVar(&a.dataDir, "data", "", "`folder` of the embedded store, over store.path")
	flags.StringVarP(&a.output, "output", "o", "text", "`format` of the result: text or json (some commands: csv, xlsx, parquet)")
	flags.StringVar(&a.logLevel, "log-level", "", "debug, info, warn or error, over log.level")
	_ = root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"text", "json", "csv", "xlsx", "parquet"}, cobra.ShellCompDirectiveNoFileComp))

	for _, command := range []func(*app) *cobra.Command{
		newServe, newDemo, newIngest, newSources, newQuarantine, newLedger, newDirectory, newTenants, newRates,
		newRate, newRatings, newStatement, newClose, newReopen, newLeak, newReconcile, newPools, newCredits,
		newDetect, newEvaluate, newScorecard, newBacktest, newRules, newCases, newAlert, newEnforce, newDecide, newSimulate, newUsers, newDoctor, newMigrate, newVersion,
	} {
		root.AddCommand(command(a))
	}
	usageOnBadArgs(root)
	return root
}

// The formats a command writes; text and json where it does not say.
const outputsKey = "outputs"

func outputs(cmd *cobra.Command, formats ...string) *cobra.Command {
	cmd.Annotations = map[string]string{}
	for _, f := range formats {
		cmd.Annotations[outputsKey+"."+f] = "yes"
	}
	return cmd
}

func checkOutput(cmd *cobra.Command, format string) error {
	allowed := []string{"text", "json"}
	if len(cmd.Annotations) > 0 {
		allowed = nil
		for _, f := range []string{"text", "json", "csv", "xlsx", "parquet"} {
			if cmd.Annotations[outputsKey+"."+f] != "" {
				allowed = append(allowed, f)
			}
		}
	}
	if !slices.Contains(allowed, format) {
		return usagef("%s: -o %s is not one of %s", cmd.CommandPath(), format, strings.Join(allowed, ", "))
	}
	return nil
}

// usageOnBadArgs makes wrong arguments a usage error everywhere.
func usageOnBadArgs(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return usagef("%s: %w", cmd.CommandPath(), err)
			}
			return nil
		}
	}
	for _, child := range cmd.Commands() {
		usageOnBadArgs(child)
	}
}
