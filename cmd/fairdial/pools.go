package main

import "github.com/spf13/cobra"

func newPools(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "pools",
		Short: "The tenants' minute pools: what became of them",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newPoolsHistory(a))
	return cmd
}
