package main

import (
	"context"

	"github.com/spf13/cobra"
)

// Opening the store applies what is missing; the command is for operators who want that
// done, and seen, before a new version starts.
func newMigrate(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "migrate",
		Short: "Bring the store's schema up to date",
		Long:  `Apply the migrations that the store lacks. Every command does so when it opens the store; this one does nothing else, and lists what is applied.`,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withStore(cmd.Context(), func(s *services) error { return a.showMigrations(cmd.Context(), s) })
		},
	}
}

func (a *app) showMigrations(ctx context.Context, s *services) error {
	type line struct {
		Number uint32 `json:"number" ch:"number"`
		Name   string `json:"name" ch:"name"`
	}
	var lines []line
	if err := s.store.Select(ctx, &lines, "SELECT number, name FROM schema_migrations ORDER BY number"); err != nil {
		return err
	}
	if a.output == "json" {
		return a.json(lines)
	}
	for _, l := range lines {
		a.printf("%04d %s\n", l.Number, l.Name)
	}
	a.printf("The schema is up to date.\n")
	return nil
}
