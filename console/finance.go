package console

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"fairdial/rating"
	"fairdial/usage"
)

// Books is what finance works with.
type Books interface {
	Statements(ctx context.Context, month usage.Month, tenants []string) ([]rating.Statement, error)
	Close(ctx context.Context, req rating.CloseRequest) (rating.Closing, error)
	Reopen(ctx context.Context, month usage.Month, tenantID, actor, reason string) (rating.Closing, error)
	// Obstacles is what speaks against closing those of a month's statements that are open, by tenant.
	Obstacles(ctx context.Context, month usage.Month, all []rating.Statement) (map[string][]rating.Obstacle, error)
	// MayReopen says why somebody cannot open a closed month again; nil where they can.
	MayReopen(ctx context.Context, month usage.Month, tenantID, actor string) error
	// Note writes a note on a statement and gives all that it has then.
	Note(ctx context.Context, month usage.Month, tenantID, actor, text string) ([]rating.Note, error)
	// Leak is what the add-on absorbed of a tenant-month.
	Leak(ctx context.Context, month usage.Month, tenantID string) (rating.Leak, error)
	Signatures(ctx context.Context, rec rating.Reconciliation) ([]rating.Signature, error)
	Sign(ctx context.Context, rec rating.Reconciliation, fingerprint, actor, reason string) error
	// Write writes statements as csv, xlsx or parquet.
	Write(ctx context.Context, w io.Writer, format string, month usage.Month, tenants []string) error
}

// rated is a month that has ratings.
type rated struct {
	Month   time.Time `ch:"month" json:"-"`
	Tenants int64     `ch:"tenants" json:"tenants"`
	At      time.Time `ch:"at" json:"rated_at"` // of the newest rating, UTC
	Closed  int64     `ch:"closed" json:"closed"`
	Seconds int64     `ch:"seconds" json:"seconds"`
}

func (p *pages) months(w http.ResponseWriter, r *http.Request) {
	var all []rated
	if err := p.views.read(r.Context(), &all, "rated", tenantsOnly(r)); err != nil {
		p.fail(w, r, err)
		return
	}
	p.show(w, r, http.StatusOK, "months", page{Title: "Finance", Section: "Finance", Body: all})
}

// tenantsOnly is the tenants that the reader sees, as a parameter; none is all.
func tenantsOnly(r *http.Request) any { return scopeOf(r.Context()) }

// scopeOf is the same of whom a context is of.
func scopeOf(ctx context.Context) any {
	return named("tenants", append([]string{}, identity(ctx).Tenants...))
}

// monthOf reads the month of an address; it answers itself when it is none.
func (p *pages) monthOf(w http.ResponseWriter, r *http.Request) (usage.Month, bool) {
	m, err := usage.ParseMonth(r.PathValue("month"))
	if err != nil || p.opts.Books == nil {
		p.fail(w, r, ErrNotFound)
		return m, false
	}
	return m, true
}

func (p *pages) statementOf(w http.ResponseWriter, r *http.Request) (st rating.Statement, ok bool) {
	m, ok := p.monthOf(w, r)
	if !ok {
		return st, false
	}
	all, err := p.opts.Books.Statements(r.Context(), m, []string{r.PathValue("tenant")})
	if err == nil && len(all) != 1 {
		err = ErrNotFound
	}
	if err != nil {
		p.fail(w, r, err)
		return st, false
	}
	return all[0], true
}

func formatsOffered() []string { return []string{"xlsx", "csv", "parquet"} }

// formatKind is the media type of a format of statements, "" of what is none.
func formatKind(format string) string {
	return map[string]string{
		"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
		"parquet": "application/vnd.apache.parquet",
	}[format]
}

// sendStatement answers statements as a file, or answers nothing and says why.
func sendStatement(ctx context.Context, books Books, w http.ResponseWriter, name, format string, m usage.Month, tenants []string) error {
	f, err := os.CreateTemp("", "fairdial-statement-*")
	if err != nil {
		return fmt.Errorf("make room for a statement: %w", err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if err = books.Write(ctx, f, format, m, tenants); err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", formatKind(format))
	w.Header().Set("Content-Disposition", "attachment; filename*=UTF-8''"+url.PathEscape(name+"."+format))
	_, _ = io.Copy(w, f)
	return nil
}

// download gives statements as a file. It is made whole before the first byte goes out: half
// a statement must not pass for one.
func (p *pages) download(w http.ResponseWriter, r *http.Request) {
	m, ok := p.monthOf(w, r)
	if !ok {
		return
	}
	var tenants []string
	name := "statement-" + m.String()
	if tenant := r.URL.Query().Get("tenant"); tenant != "" {
		tenants, name = []string{tenant}, name+"-"+tenant
	}
	format := r.URL.Query().Get("format")
	if formatKind(format) == "" {
		p.say(w, r, http.StatusBadRequest, "No such format", "A statement comes as csv, xlsx or parquet.", "")
		return
	}
	if err := sendStatement(r.Context(), p.opts.Books, w, name, format, m, tenants); err != nil {
		p.fail(w, r, err)
	}
}

// pageOf is the page that is asked for, from 1.
func pageOf(r *http.Request) int {
	n, _ := strconv.Atoi(r.URL.Query().Get("page"))
	return max(n, 1)
}

// cut is one page of a list that begins at its first, and whether there are more.
func cut[T any](all []T, page, per int) ([]T, bool) {
	from := min((page-1)*per, len(all))
	return all[from:min(from+per, len(all))], len(all) > from+per
}
