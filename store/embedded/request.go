package embedded

import (
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// request is one call of ClickHouse's HTTP interface, as the driver and curl make them.
type request struct {
	database   string
	format     string // of the answer, unless the statement names one
	protocol   string // client_protocol_version
	settings   map[string]string
	params     []parameter
	query      string
	rows       io.ReadCloser // what an INSERT reads; nil when the query is all there is
	rowsFormat string        // their format
	body       io.Closer
	parts      *multipart.Reader // external tables, and the query after them
	structures map[string]string // of the external tables
	formats    map[string]string
}

// control are URL parameters of the HTTP interface that are no settings.
var control = []string{
	"query", "database", "default_format", "client_protocol_version", "query_id", "quota_key",
	"user", "password", "role", "session_id", "session_timeout", "session_check", "stacktrace",
	"compress", "decompress", "wait_end_of_query", "buffer_size", "close_session", "log_comment",
}

// readRequest takes an HTTP request apart. The body is read only as far as it is SQL.
func readRequest(req *http.Request, fallback string) (*request, error) {
	values := req.URL.Query()
	r := &request{
		database:   nonEmpty(values.Get("database"), req.Header.Get("X-ClickHouse-Database"), fallback),
		format:     nonEmpty(values.Get("default_format"), req.Header.Get("X-ClickHouse-Format"), "TabSeparated"),
		protocol:   values.Get("client_protocol_version"),
		query:      values.Get("query"),
		settings:   map[string]string{},
		structures: map[string]string{},
		formats:    map[string]string{},
	}
	if values.Get("compress") == "1" || values.Get("decompress") == "1" || req.Header.Get("Content-Encoding") != "" {
		return nil, exceptionf(codeBadArguments, "The embedded engine speaks uncompressed: leave Compression of the driver unset (BAD_ARGUMENTS)")
	}
	r.sort(values)
	return r, r.readBody(req)
}

func nonEmpty(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// sort tells parameters, external tables and settings apart.
func (r *request) sort(values url.Values) {
	for name := range values {
		value := values.Get(name)
		if table, ok := strings.CutSuffix(name, "_structure"); ok && values.Has(table+"_format") {
			r.structures[table], r.formats[table] = value, values.Get(table+"_format")
		}
	}
	for name := range values {
		value := values.Get(name)
		if param, ok := strings.CutPrefix(name, "param_"); ok {
			r.params = append(r.params, parameter{param, value})
			continue
		}
		if table, _, ok := cutLast(name, "_"); ok && r.structures[table] != "" {
			continue
		}
		if !slices.Contains(control, name) {
			r.settings[name] = value
		}
	}
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

func (r *request) readBody(req *http.Request) error {
	body := req.Body
	if body == nil {
		body = http.NoBody
	}
	r.body = body
	kind, attributes, _ := mime.ParseMediaType(req.Header.Get("Content-Type"))
	if kind == "multipart/form-data" {
		r.parts = multipart.NewReader(body, attributes["boundary"])
		return nil
	}
	if head, format, ok := insertHead(r.query); ok {
		r.query, r.rowsFormat, r.rows = head, format, body
		return nil
	}
	// The interface puts the text in the URL and the text in the body together.
	text, err := io.ReadAll(body)
	if err != nil {
		return fmt.Errorf("read the query: %w", err)
	}
	if r.query != "" && len(text) > 0 {
		r.query += "\n"
	}
	r.query += string(text)
	return nil
}
