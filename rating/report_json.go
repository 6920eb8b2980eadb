package rating

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// isJSON says whether a report begins as JSON does, a byte order mark and blanks left out.
func isJSON(in *bufio.Reader) bool {
	const looked = 512
	head, _ := in.Peek(looked) // what is shorter is given all the same
	for _, b := range head {
		switch b {
		case ' ', '\t', '\r', '\n', 0xef, 0xbb, 0xbf:
		default:
			return b == '{' || b == '['
		}
	}
	return false
}

// reportPage is what getPstnOnlineMeetingDialoutReport answers.
type reportPage struct {
	Value    *[]map[string]any `json:"value"`
	NextLink string            `json:"@odata.nextLink"`
	Error    any               `json:"error"`
}

// parseReportJSON reads pages, one after another, or bare lists of rows. The last page must
// be the report's last: totals of a part of it would be taken for calls that are missing.
func parseReportJSON(in *bufio.Reader) ([]ReportRow, error) {
	if head, _ := in.Peek(3); string(head) == "\xef\xbb\xbf" {
		_, _ = in.Discard(len(head))
	}
	d := json.NewDecoder(in)
	d.UseNumber()
	out, problems, n, next := []ReportRow{}, []string{}, 0, ""
	for {
		var document json.RawMessage
		err := d.Decode(&document)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, &ReportError{[]string{fmt.Sprintf("no JSON at byte %d: %s", d.InputOffset(), err)}}
		}
		rows, more, err := reportRows(document)
		if err != nil {
			return nil, &ReportError{[]string{err.Error()}}
		}
		next = more
		for _, fields := range rows {
			n++
			row, bad := reportRow(func(name string) string { return plain(fields[name]) })
			for _, b := range bad {
				problems = append(problems, fmt.Sprintf("row %d: %s", n, b))
			}
			out = append(out, row)
		}
	}
	if next != "" {
		problems = append(problems, "it is not whole: its last page has an @odata.nextLink; fetch that, too, and append it")
	}
	if len(problems) > 0 {
		return nil, &ReportError{problems}
	}
	return out, nil
}

func reportRows(document json.RawMessage) (rows []map[string]any, next string, err error) {
	if document[0] == '[' {
		err := unmarshalNumbers(document, &rows)
		return rows, "", err
	}
	var page reportPage
	if err := unmarshalNumbers(document, &page); err != nil {
		return nil, "", err
	}
	switch {
	case page.Error != nil:
		return nil, "", errors.New("it is an error that the provider answered, and no report")
	case page.Value == nil:
		return nil, "", errors.New(`it has no "value": it is no answer of getPstnOnlineMeetingDialoutReport`)
	}
	return *page.Value, page.NextLink, nil
}

// unmarshalNumbers keeps numbers as they are written: money is no float.
func unmarshalNumbers(text json.RawMessage, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("it is no dial-out report: %w", err)
	}
	return nil
}

// plain is a value as text; nothing for null and what is no value.
func plain(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}
