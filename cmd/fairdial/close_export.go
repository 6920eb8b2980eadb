package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"fairdial/rating"
)

func newCloseExport(a *app) *cobra.Command {
	var month, tenant, out string
	cmd := &cobra.Command{
		Use:   "export --month YYYY-MM --tenant ID [--out FILE]",
		Short: "Write the frozen rows of a closed month: the file whose SHA-256 the closing states",
		Long: `Write the rows that a month was closed with, byte by byte those that were hashed:
` + "`sha256sum FILE`" + ` gives the hash that close list shows. Texts are as they came; statement
-o csv is the form for spreadsheets.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := needMonth(cmd, month)
			if err != nil {
				return err
			}
			if tenant == "" {
				return usagef("%s: --tenant ID is missing", cmd.CommandPath())
			}
			return a.withStore(cmd.Context(), func(s *services) error {
				var closing rating.Closing
				err := a.toFile(out, func() (err error) {
					closing, err = s.books.WriteClosed(cmd.Context(), a.stdout, m, tenant)
					return err
				})
				if err == nil {
					fmt.Fprintf(a.stderr, "%s rows, SHA-256 %s\n", number(closing.Rows), closing.SHA256)
				}
				return err
			})
		},
	}
	cmd.Flags().StringVar(&month, "month", "", "`YYYY-MM`")
	cmd.Flags().StringVar(&tenant, "tenant", "", "tenant `ID`")
	cmd.Flags().StringVar(&out, "out", "", "`FILE` to write; default: stdout")
	return outputs(cmd, "text", "csv")
}
