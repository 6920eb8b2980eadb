package ingest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
	"go.yaml.in/yaml/v4"
)

// Mapping says what a foreign layout of call records means: which column is which field,
// in which units, time zone and words.
type Mapping struct {
	// Format is csv or json_lines.
	Format string `yaml:"format"`
	// Delimiter separates the cells of a CSV; "" is a comma, "\t" a tabulator.
	Delimiter string `yaml:"delimiter"`
	// Header lists the columns of a CSV that has none of its own.
	Header []string `yaml:"header"`
	// Columns names the column of each field; fields are called as Microsoft Graph does
	// (id, userId, calleeNumber, startDateTime …). Columns not named are passed over.
	Columns map[string]string `yaml:"columns"`
	// Constants fill fields that no column gives, or whose cell is empty.
	Constants map[string]string `yaml:"constants"`
	// Values translate what a field's column says; "*" is for what no other fits. Words are
	// compared without case.
	Values map[string]map[string]string `yaml:"values"`
	// TimeLayout is how times are written, as Go's reference time (01/02/2006 15:04:05), or
	// unix, or unix_ms; "" is ISO 8601. TimeZone is an IANA name, for times that say none.
	TimeLayout string `yaml:"time_layout"`
	TimeZone   string `yaml:"time_zone"`
	// DurationUnit is s, ms or min; a begun second counts. MoneyUnit is what 1 in a charge is
	// worth, such as 0.01 for cents.
	DurationUnit string `yaml:"duration_unit"`
	MoneyUnit    string `yaml:"money_unit"`

	fields    map[string]field // by column
	constants map[field]string
	values    map[field]map[string]string
	zone      *time.Location
	money     decimal.Decimal
	comma     byte
}

// ReadMapping reads a mapping file and checks it; all mistakes are told at once.
func ReadMapping(data []byte) (*Mapping, error) {
	m := &Mapping{}
	if err := yaml.Load(data, m, yaml.WithKnownFields()); err != nil {
		return nil, fmt.Errorf("mapping: %w", err)
	}
	var bad []string
	add := func(format string, args ...any) { bad = append(bad, fmt.Sprintf(format, args...)) }
	if m.Format != "csv" && m.Format != "json_lines" {
		add("format: %q is neither csv nor json_lines", m.Format)
	}
	switch m.Delimiter {
	case "":
		m.comma = ','
	default:
		if m.comma = m.Delimiter[0]; len(m.Delimiter) != 1 || m.comma == '"' {
			add("delimiter: %q is not one character", m.Delimiter)
		}
	}
	m.fields, m.constants, m.values = map[string]field{}, map[field]string{}, map[field]map[string]string{}
	given := [fields]bool{}
	known := func(where, name string) (field, bool) {
		f, ok := fieldByName[plainName(name)]
		if !ok {
			add("%s: %q is no field; Microsoft Graph's names are known, such as id, userId, calleeNumber", where, name)
		}
		return f, ok
	}
	for name, column := range m.Columns {
		if f, ok := known("columns", name); ok {
			if other, twice := m.fields[column]; twice {
				add("columns: %q is both %s and %s", column, names[other][0], names[f][0])
			}
			m.fields[column], given[f] = f, true
		}
	}
	for name, value := range m.Constants {
		if f, ok := known("constants", name); ok {
			m.constants[f], given[f] = value, true
		}
	}
	for name, words := range m.Values {
		if f, ok := known("values", name); ok {
			m.values[f] = map[string]string{}
			for from, to := range words {
				m.values[f][strings.ToLower(from)] = to
			}
		}
	}
	for _, f := range []field{fUsageID, fOrganizerID, fCallType, fCalleeNumber, fStartedAt} {
		if !given[f] {
			add("columns: nothing gives %s (%s)", names[f][len(names[f])-1], names[f][0])
		}
	}
	if !given[fSeconds] && !given[fEndedAt] {
		add("columns: nothing gives duration or endDateTime")
	}
	var err error
	if m.zone, err = time.LoadLocation(m.TimeZone); err != nil || m.TimeZone == "Local" {
		add("time_zone: %q is no IANA time zone, such as America/New_York", m.TimeZone)
	}
	if !slices.Contains([]string{"", "s", "ms", "min"}, m.DurationUnit) {
		add("duration_unit: %q is none of s, ms, min", m.DurationUnit)
	}
	m.money = decimal.NewFromInt(1)
	if m.MoneyUnit != "" {
		if m.money, err = decimal.NewFromString(m.MoneyUnit); err != nil || !m.money.IsPositive() {
			add("money_unit: %q is no positive number", m.MoneyUnit)
		}
	}
	if len(bad) > 0 {
		slices.Sort(bad)
		return nil, fmt.Errorf("the mapping has mistakes:\n  %s", strings.Join(bad, "\n  "))
	}
	return m, nil
}

// open gives the rows of a file in the layout, and the header that the quarantine keeps.
func (m *Mapping) open(r *bufio.Reader) (rows, string, error) {
	if m.Format == "json_lines" {
		return &mappedRows{m: m, json: newLines(r)}, "", nil
	}
	c := &csvReader{lines: newLines(r), comma: m.comma}
	cells, text := m.Header, strings.Join(m.Header, string(m.comma))
	if len(cells) == 0 {
		first, err := c.lines.next()
		if err != nil {
			return nil, "", fmt.Errorf("the file has no header: %w", err)
		}
		text = strings.TrimPrefix(first.text, "\ufeff")
		var open, torn bool
		if cells, open, torn = splitCellsBy(text, m.comma); open || torn {
			return nil, "", fmt.Errorf("the header's quotes do not pair: %s", shorten(text, 300))
		}
	}
	c.header = header{columns: make([]int, len(cells)), text: text}
	found := map[string]bool{}
	for i, cell := range cells {
		c.header.columns[i] = -1
		if f, known := m.fields[strings.TrimSpace(cell)]; known {
			c.header.columns[i], c.header.present[f] = int(f), true
			found[strings.TrimSpace(cell)] = true
		}
	}
	var missing []string
	for column := range m.fields {
		if !found[column] {
			missing = append(missing, strconv.Quote(column))
		}
	}
	if slices.Sort(missing); len(missing) > 0 {
		return nil, "", fmt.Errorf("the file lacks columns of the mapping: %s; it has: %s", strings.Join(missing, ", "), shorten(text, 300))
	}
	return &mappedRows{m: m, csv: c}, text, nil
}

// mappedRows reads rows of a foreign layout.
type mappedRows struct {
	m    *Mapping
	csv  *csvReader
	json *lines
}

func (r *mappedRows) next() (row, error) {
	if r.csv != nil {
		out, err := r.csv.next()
		if err == nil && out.trouble == "" {
			r.m.translate(&out)
		}
		return out, err
	}
	for {
		l, err := r.json.next()
		if err != nil {
			return row{}, err
		}
		text := strings.TrimSpace(strings.TrimPrefix(l.text, "\ufeff"))
		if text == "" && !l.oversize {
			continue
		}
		return r.m.object(l, text), nil
	}
}

// object makes a row of one JSON object.
func (m *Mapping) object(l line, text string) row {
	out := row{position: l.number, raw: text}
	if l.oversize {
		out.trouble, out.detail = ReasonOversized, fmt.Sprintf("the line is longer than %d bytes; its beginning is kept", longestRow)
		return out
	}
	var cells map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &cells); err != nil {
		out.trouble, out.detail = ReasonBadJSON, err.Error()
		return out
	}
	for column, f := range m.fields {
		if value, there := cells[column]; there {
			cell, err := scalar(value)
			if err != nil {
				out.trouble, out.detail = ReasonBadJSON, column+": "+err.Error()
				return out
			}
			out.cells[f] = cell
		}
	}
	m.translate(&out)
	return out
}

// translate turns a row's cells into what they mean.
func (m *Mapping) translate(r *row) {
	for f, words := range m.values {
		word := strings.ToLower(strings.TrimSpace(r.cells[f]))
		if to, known := words[word]; known {
			r.cells[f] = to
		} else if to, other := words["*"]; other {
			r.cells[f] = to
		}
	}
	for f, value := range m.constants {
		if strings.TrimSpace(r.cells[f]) == "" {
			r.cells[f] = value
		}
	}
	for _, f := range []field{fStartedAt, fEndedAt} {
		if text := strings.TrimSpace(r.cells[f]); text != "" {
			at, err := m.time(text)
			if err != nil {
				r.trouble, r.detail = ReasonBadDate, fmt.Sprintf("%s: %v", names[f][0], err)
				return
			}
			r.cells[f] = at.UTC().Format(time.RFC3339Nano)
		}
	}
	for _, f := range []field{fCharge, fConnectionCharge} {
		if amount, err := decimal.NewFromString(strings.TrimSpace(r.cells[f])); err == nil {
			r.cells[f] = amount.Mul(m.money).String()
		}
	}
	m.span(r)
}

// span makes duration and end agree: of the two, a layout may have one.
func (m *Mapping) span(r *row) {
	start, err := time.Parse(time.RFC3339Nano, r.cells[fStartedAt])
	if err != nil {
		return // the record says what is wrong with it
	}
	if text := strings.TrimSpace(r.cells[fSeconds]); text != "" {
		amount, err := decimal.NewFromString(text)
		if err != nil {
			return
		}
		switch m.DurationUnit {
		case "ms":
			amount = amount.Shift(-3)
		case "min":
			amount = amount.Mul(decimal.NewFromInt(60))
		}
		r.cells[fSeconds] = amount.Ceil().String()
	} else if end, err := time.Parse(time.RFC3339Nano, r.cells[fEndedAt]); err == nil {
		r.cells[fSeconds] = decimal.NewFromInt(int64(end.Sub(start))).Shift(-9).Ceil().String()
	}
	if r.cells[fEndedAt] == "" {
		if seconds, err := strconv.ParseInt(r.cells[fSeconds], 10, 64); err == nil && seconds >= 0 && seconds <= int64(longest/time.Second) {
			r.cells[fEndedAt] = start.Add(time.Duration(seconds) * time.Second).Format(time.RFC3339Nano)
		}
	}
}

func (m *Mapping) time(text string) (time.Time, error) {
	switch m.TimeLayout {
	case "":
		if at, err := parseTime(text); err == nil && m.TimeZone == "" {
			return at, nil
		}
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05"} {
			if at, err := time.ParseInLocation(layout, text, m.zone); err == nil {
				return at, nil
			}
		}
		return time.Time{}, fmt.Errorf("%q is no ISO 8601 time", shorten(text, 40))
	case "unix", "unix_ms":
		n, err := decimal.NewFromString(text)
		if err != nil || n.Abs().GreaterThan(decimal.New(1, 15)) {
			return time.Time{}, fmt.Errorf("%q is no Unix time", shorten(text, 40))
		}
		shift := int32(9)
		if m.TimeLayout == "unix_ms" {
			shift = 6
		}
		if n = n.Shift(shift); n.GreaterThan(decimal.New(9, 18)) {
			return time.Time{}, fmt.Errorf("%q lies too far away; is it unix_ms?", shorten(text, 40))
		}
		return time.Unix(0, n.IntPart()), nil
	}
	at, err := time.ParseInLocation(m.TimeLayout, text, m.zone)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is not written as %s", shorten(text, 40), m.TimeLayout)
	}
	return at, nil
}
