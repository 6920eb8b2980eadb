package main

import (
	"strings"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"fairdial/rating"
)

func newCredits(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "credits",
		Short: "Prepaid Communications Credits: deposits, and what became of them",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newCreditsList(a), newCreditsDeposit(a), newCreditsVoid(a), newCreditsBilling(a))
	return cmd
}

func newCreditsDeposit(a *app) *cobra.Command {
	var amount, at, expires string
	d := rating.Deposit{}
	cmd := &cobra.Command{
		Use:   "deposit --tenant ID --amount N --currency CODE --at TIME [--expires TIME] [--id ID] --reason TEXT",
		Short: "Book money paid into a tenant's Communications Credits",
		Long: `Book a deposit. Calls that credits pay for use deposits up in the order in which they came;
what is left when one expires is lost (12 months after --at unless --expires says another
moment). With --id, such as an order number, the same deposit is booked once only.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, name := range []string{"tenant", "amount", "currency", "at", "reason"} {
				if !cmd.Flags().Changed(name) {
					return usagef("%s: --%s is missing", cmd.CommandPath(), name)
				}
			}
			var err error
			if d.Amount, err = decimal.NewFromString(amount); err != nil {
				return usagef("--amount %q is no amount: write it as 500 or 499.90", amount)
			}
			if d.At, err = parseTime(at); err != nil {
				return err
			}
			if expires != "" {
				if d.Expires, err = parseTime(expires); err != nil {
					return err
				}
			}
			if err := d.Check(); err != nil {
				return usageError{err}
			}
			d.Actor = a.actor
			return a.withStore(cmd.Context(), func(s *services) error {
				booked, err := s.books.Deposit(cmd.Context(), s.journal, d)
				if err != nil {
					return err
				}
				if a.output == "json" {
					return a.json(booked)
				}
				names, err := s.tenantNames(cmd.Context())
				if err != nil {
					return err
				}
				a.printf("%s: %s %s for %s from %s to %s\n", oneLine(booked.ID), booked.Amount, booked.Currency, oneLine(names.of(booked.TenantID)), clock(booked.At), clock(booked.Expires))
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&d.TenantID, "tenant", "", "tenant `ID`")
	cmd.Flags().StringVar(&amount, "amount", "", "the `amount`, exact")
	cmd.Flags().StringVar(&d.Currency, "currency", "", "ISO 4217 `CODE`")
	cmd.Flags().StringVar(&at, "at", "", "`TIME` from which it can be used")
	cmd.Flags().StringVar(&expires, "expires", "", "`TIME` at which what is left is lost; default: 12 months after --at")
	cmd.Flags().StringVar(&d.ID, "id", "", "`ID` of the deposit, such as an order number; default: a random one")
	cmd.Flags().StringVar(&d.Reason, "reason", "", "why, for the record")
	return outputs(cmd, "text", "json")
}

func newCreditsVoid(a *app) *cobra.Command {
	var tenant, reason string
	cmd := &cobra.Command{
		Use:   "void DEPOSIT_ID --tenant ID --reason TEXT",
		Short: "Take back a deposit that was booked by mistake; it stays in the log",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if tenant == "" || strings.TrimSpace(reason) == "" {
				return usagef("%s: --tenant ID and --reason TEXT are needed", cmd.CommandPath())
			}
			return a.withStore(cmd.Context(), func(s *services) error {
				if err := s.books.VoidDeposit(cmd.Context(), s.journal, tenant, args[0], a.actor, reason); err != nil {
					return err
				}
				if a.output == "json" {
					return a.json(map[string]string{"deposit_id": args[0], "tenant_id": tenant, "voided_because": reason})
				}
				a.printf("%s: voided\n", oneLine(args[0]))
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&tenant, "tenant", "", "tenant `ID`")
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the record")
	return outputs(cmd, "text", "json")
}

func newCreditsBilling(a *app) *cobra.Command {
	var tenant, mode, at, reason string
	cmd := &cobra.Command{
		Use:   "billing --tenant ID --mode prepaid|post_paid --at TIME --reason TEXT",
		Short: "Say how a tenant pays from a moment on: ahead, or for what was used",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, name := range []string{"tenant", "mode", "at", "reason"} {
				if !cmd.Flags().Changed(name) {
					return usagef("%s: --%s is missing", cmd.CommandPath(), name)
				}
			}
			from, err := parseTime(at)
			if err != nil {
				return err
			}
			b := rating.Billing{Mode: mode, From: from.UTC()}
			if err := b.Check(reason); err != nil {
				return usageError{err}
			}
			return a.withStore(cmd.Context(), func(s *services) error {
				if err := s.books.BillCredits(cmd.Context(), s.journal, tenant, b, a.actor, reason); err != nil {
					return err
				}
				if a.output == "json" {
					return a.json(b)
				}
				names, err := s.tenantNames(cmd.Context())
				if err != nil {
					return err
				}
				a.printf("%s is billed %s from %s\n", oneLine(names.of(tenant)), b.Mode, clock(b.From))
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&tenant, "tenant", "", "tenant `ID`")
	cmd.Flags().StringVar(&mode, "mode", "", "prepaid or post_paid")
	cmd.Flags().StringVar(&at, "at", "", "`TIME` from which calls are billed so")
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the record")
	return outputs(cmd, "text", "json")
}
