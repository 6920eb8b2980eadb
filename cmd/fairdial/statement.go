package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"fairdial/rating"
	"fairdial/rating/parquet"
	"fairdial/rating/workbook"
	"fairdial/usage"
)

func newRatings(a *app) *cobra.Command {
	var month string
	var tenants []string
	var rated bool
	export := &cobra.Command{
		Use:   "export --month YYYY-MM [--rated] [-o csv|json]",
		Short: "What paid for each call: usage_id,bucket,seconds,amount,currency",
		Long: `Write every rated call of a month, in order of tenant and start; a call that crosses the
end of the pool has two lines. A closed month is written as it was closed, and stderr says so.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := needMonth(cmd, month)
			if err != nil {
				return err
			}
			return a.withStore(cmd.Context(), func(s *services) error {
				r, err := s.reader(cmd.Context(), tenants, rated)
				if err != nil {
					return err
				}
				if err := a.tellShown(cmd.Context(), s, r, m, tenants); err != nil {
					return err
				}
				if a.output == "json" {
					return a.exportJSON(cmd.Context(), r, m, tenants)
				}
				return r.Export(cmd.Context(), a.stdout, m, tenants, rating.Cell)
			})
		},
	}
	export.Flags().StringVar(&month, "month", "", "`YYYY-MM`")
	export.Flags().StringArrayVar(&tenants, "tenant", nil, "tenant `ID`; may be given more than once; default: all")
	ratedFlag(export, &rated)
	cmd := &cobra.Command{
		Use: "ratings", Short: "What paid for each call", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(outputs(export, "text", "csv", "json"), newRatingsExplain(a))
	return cmd
}

// exportJSON writes the lines of the export as one array, as they come.
func (a *app) exportJSON(ctx context.Context, rater *rating.Rater, m usage.Month, tenants []string) error {
	lines, w := io.Pipe()
	go func() { w.CloseWithError(rater.Export(ctx, w, m, tenants, func(id string) string { return id })) }()
	defer lines.Close()
	in := csv.NewReader(lines)
	in.ReuseRecord = true
	out := bufio.NewWriter(a.stdout)
	lead := "[\n"
	for n := 0; ; n++ {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if n == 0 {
			continue // the names of the columns
		}
		seconds, err := strconv.ParseUint(row[2], 10, 32)
		if err != nil {
			return fmt.Errorf("export the ratings of %s: %w", m, err)
		}
		line, err := json.Marshal(exported{row[0], row[1], seconds, row[3], row[4]})
		if err != nil {
			return err
		}
		_, _ = out.WriteString(lead)
		_, _ = out.Write(line)
		lead = ",\n"
	}
	_, _ = out.WriteString(strings.TrimSuffix(lead, ",\n") + "]\n")
	return out.Flush()
}

// exported is a line of the export. Amount is a decimal, empty where no rate is known.
type exported struct {
	UsageID  string `json:"usage_id"`
	Bucket   string `json:"bucket"`
	Seconds  uint64 `json:"seconds"`
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
}

func needMonth(cmd *cobra.Command, text string) (usage.Month, error) {
	if text == "" {
		return usage.Month{}, usagef("%s: --month YYYY-MM is missing", cmd.CommandPath())
	}
	m, err := usage.ParseMonth(text)
	if err != nil {
		return usage.Month{}, usageError{err}
	}
	return m, nil
}

func newStatement(a *app) *cobra.Command {
	var month, out string
	var tenants []string
	var rated bool
	cmd := &cobra.Command{
		Use:   "statement --month YYYY-MM [--tenant ID] [-o csv|json|xlsx|parquet] [--out FILE]",
		Short: "What finance reads: seconds and money by what paid, for each tenant",
		Long: `Write the statements of a month. A closed month is read as it was closed; an open one
as it is rated now, with what is to be put right of closed months before it.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := needMonth(cmd, month)
			if err != nil {
				return err
			}
			if out == "" && (a.output == "xlsx" || a.output == "parquet") && terminal(a.stdout) {
				return usagef("%s: -o %s is not for a terminal; give --out FILE", cmd.CommandPath(), a.output)
			}
			return a.withStore(cmd.Context(), func(s *services) error {
				var books statements = s.books
				if rated {
					books = s.books.Rated()
				}
				all, err := books.Statements(cmd.Context(), m, tenants)
				if err != nil {
					return err
				}
				if len(all) == 0 {
					return fmt.Errorf("%s: nothing is rated of this month and these tenants: see `fairdial ledger list`, then run `fairdial rate --month %s`", m, m)
				}
				if a.output == "csv" || a.output == "parquet" {
					a.tellStatements(all)
				}
				if a.output != "text" {
					a.tellBehind(all)
				}
				if err := a.tellUnrated(cmd.Context(), s, m, tenants, all); err != nil {
					return err
				}
				return a.toFile(out, func() error { return a.writeStatements(cmd.Context(), m, all, books) })
			})
		},
	}
	cmd.Flags().StringVar(&month, "month", "", "`YYYY-MM`")
	cmd.Flags().StringVar(&out, "out", "", "`FILE` to write; default: stdout")
	cmd.Flags().StringArrayVar(&tenants, "tenant", nil, "tenant `ID`; may be given more than once; default: all")
	cmd.Flags().BoolVar(&rated, "rated", false, "of closed months too, what they would say as they are rated now")
	return outputs(cmd, "text", "json", "csv", "xlsx", "parquet")
}

// statements is where statements come from: the books, or the rating alone.
type statements interface {
	Statements(ctx context.Context, month usage.Month, tenants []string) ([]rating.Statement, error)
	Entries(ctx context.Context, all []rating.Statement, each func(rating.Entry) error) error
}

func (a *app) writeStatements(ctx context.Context, m usage.Month, all []rating.Statement, from statements) error {
	switch a.output {
	case "json":
		return rating.WriteStatementsJSON(a.stdout, all)
	case "csv":
		return rating.WriteStatementsCSV(a.stdout, all)
	case "xlsx":
		return workbook.Write(ctx, a.stdout, m.String(), all, from, a.now())
	case "parquet":
		return parquet.Write(ctx, a.stdout, all, from)
	}
	for _, st := range all {
		if err := a.showStatement(st); err != nil {
			return err
		}
	}
	return nil
}

// toFile sends what a command writes to a file: whole, or not at all.
func (a *app) toFile(name string, write func() error) (err error) {
	if name == "" {
		return write()
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		// The file that is written first has a name that is nobody's business.
		if path, ok := errors.AsType[*os.PathError](err); ok {
			err = path.Err
		}
		return fmt.Errorf("write %s: %w", name, err)
	}
	defer func() {
		_ = f.Close()
		_ = os.Remove(f.Name()) // it is not there once it has its name
		if err != nil {
			err = calledError{strings.ReplaceAll(err.Error(), f.Name(), name), err}
		}
	}()
	stdout := a.stdout
	a.stdout = f
	err = write()
	a.stdout = stdout
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Close()
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// calledError is an error in words that name the file as the user did.
type calledError struct {
	text string
	error
}

func (e calledError) Error() string { return e.text }

func (e calledError) Unwrap() error { return e.error }

func (a *app) showStatement(st rating.Statement) error {
	a.printf("%s (%s), %s, plan %s: %s, %s\n", oneLine(st.TenantName), st.TenantID, st.Month, st.PlanVersion,
		counted(st.Calls, "call"), minutes(int64(st.Seconds)))
	a.showShown(st.Shown)
	rows := [][]string{{"paid by", ">calls", ">calls begun", ">minutes", ">amount"}}
	for _, b := range st.Buckets {
		rows = append(rows, []string{string(b.Bucket), number(b.Calls), number(b.CallsBegun), minutes(int64(b.Seconds)), amounts(b.Amounts, b.UnpricedCalls)})
	}
	if err := a.table(rows); err != nil {
		return err
	}
	for _, p := range st.Pools {
		a.printf("pool %s: %s licences, %s of %s used\n", p.Pool, number(p.Licences), minutes(p.Used), minutes(p.Seconds))
	}
	for _, x := range st.Exceptions {
		who := ""
		if x.OrganizerID != "" {
			who = " (" + oneLine(or(x.OrganizerUPN, x.OrganizerID)) + ")"
		}
		a.printf("exception %s%s: %s, %s; %s\n", x.Code, who, counted(x.Calls, "call"), minutes(int64(x.Seconds)), oneLine(x.Text))
	}
	for _, x := range st.Adjusted() {
		a.printf("adjusts %s (closing %s): %s, %s, %s, %s %s\n", x.OfMonth, x.CloseID, x.Bucket, counted(x.Calls, "call"), minutes(x.Seconds), priced(x.Amount), x.Currency)
	}
	if st.Closed != nil && st.Shown == nil {
		a.printf("closed by %s at %s\n", oneLine(st.Closed.Actor), clock(st.Closed.At))
	}
	for _, n := range st.Notes {
		a.printf("note by %s at %s: %s\n", oneLine(n.By), clock(n.At), oneLine(n.Text))
	}
	a.printf("\n")
	return nil
}

func amounts(list []rating.Amount, unpriced uint64) string {
	var parts []string
	for _, x := range list {
		if x.Amount == nil {
			parts = append(parts, "unpriced "+x.Currency)
			continue
		}
		parts = append(parts, priced(x.Amount)+" "+x.Currency)
	}
	if unpriced > 0 {
		parts = append(parts, counted(unpriced, "call")+" without a rate")
	}
	return strings.Join(parts, ", ")
}
