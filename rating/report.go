package rating

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"fairdial/usage"
)

// ReportRow is a row of the provider's dial-out report: an organizer's totals by location,
// domestic or international, and currency.
type ReportRow struct {
	OrganizerID string
	UPN         string
	Currency    string // ISO 4217
	Calls       uint64
	Seconds     uint64
	Charge      decimal.Decimal // with connection charges
}

// ReportError lists the mistakes of a report; with one, nothing of it is used.
type ReportError struct{ Problems []string }

func (e *ReportError) Error() string {
	const shown = 20
	list := e.Problems
	if len(list) > shown {
		list = append(slices.Clone(list[:shown]), fmt.Sprintf("and %d more", len(e.Problems)-shown))
	}
	return "dial-out report:\n  " + strings.Join(list, "\n  ")
}

// The columns of a report: the names of the provider's interface, and with blanks, as in
// its tables. A column is found by its letters alone.
var reportColumns = []struct {
	name    string
	needed  bool
	aliases []string
}{
	{"userId", true, []string{"userid", "objectid", "organizerid"}},
	{"userPrincipalName", false, []string{"userprincipalname", "upn"}},
	{"currency", true, []string{"currency"}},
	{"totalCalls", true, []string{"totalcalls", "calls"}},
	{"totalCallSeconds", true, []string{"totalcallseconds", "totalseconds", "seconds"}},
	{"totalCallCharge", true, []string{"totalcallcharge", "totalcharge", "charge"}},
}

// ParseReport reads the provider's dial-out report, one month of one tenant: what its
// interface answers (JSON, its pages one after another), or CSV with columns of the same
// names.
func ParseReport(in io.Reader) ([]ReportRow, error) {
	buffered := bufio.NewReader(in)
	if isJSON(buffered) {
		return parseReportJSON(buffered)
	}
	return parseReportCSV(buffered)
}

func parseReportCSV(in io.Reader) ([]ReportRow, error) {
	r := csv.NewReader(in)
	r.FieldsPerRecord = -1
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, &ReportError{[]string{"the file is empty"}}
	}
	if err != nil {
		return nil, fmt.Errorf("read the dial-out report: %w", err)
	}
	at, problems := reportHeader(header)
	if len(problems) > 0 {
		return nil, &ReportError{problems}
	}
	out := []ReportRow{}
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read the dial-out report: %w", err)
		}
		line, _ := r.FieldPos(0)
		if len(cells) != len(header) {
			problems = append(problems, fmt.Sprintf("row %d has %d columns, the header has %d", line, len(cells), len(header)))
			continue
		}
		row, bad := reportRow(func(name string) string {
			if i, ok := at[name]; ok {
				return cells[i]
			}
			return ""
		})
		for _, b := range bad {
			problems = append(problems, fmt.Sprintf("row %d: %s", line, b))
		}
		out = append(out, row)
	}
	if len(problems) > 0 {
		return nil, &ReportError{problems}
	}
	return out, nil
}

func reportHeader(header []string) (at map[string]int, problems []string) {
	at = map[string]int{}
	for i, cell := range header {
		letters := strings.ToLower(strings.NewReplacer(" ", "", "_", "", "-", "", "\ufeff", "").Replace(cell))
		for _, c := range reportColumns {
			if !slices.Contains(c.aliases, letters) {
				continue
			}
			if _, twice := at[c.name]; twice {
				problems = append(problems, fmt.Sprintf("the column %s is there twice", c.name))
			}
			at[c.name] = i
		}
	}
	for _, c := range reportColumns {
		if _, ok := at[c.name]; !ok && c.needed {
			problems = append(problems, fmt.Sprintf("the column %s is missing", c.name))
		}
	}
	return at, problems
}

// reportRow is made of values by the names of reportColumns.
func reportRow(value func(name string) string) (row ReportRow, problems []string) {
	cell := func(name string) string { return strings.TrimSpace(value(name)) }
	count := func(name string) uint64 {
		n, err := strconv.ParseUint(cell(name), 10, 63)
		if err != nil {
			problems = append(problems, fmt.Sprintf("%s %q is no whole number", name, cell(name)))
		}
		return n
	}
	row = ReportRow{
		OrganizerID: strings.ToLower(cell("userId")), UPN: cell("userPrincipalName"), Currency: strings.ToUpper(cell("currency")),
		Calls: count("totalCalls"), Seconds: count("totalCallSeconds"),
	}
	charge, err := decimal.NewFromString(cell("totalCallCharge"))
	if err != nil || charge.IsNegative() || charge.Exponent() < -12 || charge.Exponent() > 9 || charge.GreaterThan(decimal.NewFromInt(1_000_000_000)) {
		problems = append(problems, fmt.Sprintf("totalCallCharge %q is no amount", cell("totalCallCharge")))
	}
	row.Charge = charge
	if row.OrganizerID == "" {
		problems = append(problems, "names no organizer")
	}
	if !usage.IsCurrency(row.Currency) && (row.Currency != "" || row.Charge.IsPositive()) {
		problems = append(problems, fmt.Sprintf("currency %q: write it as USD", row.Currency))
	}
	return row, problems
}
