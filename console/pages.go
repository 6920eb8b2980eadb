package console

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"time"

	"fairdial/cases"
)

//go:embed assets
var assetFiles embed.FS

//go:embed overview.html
var overviewHTML string

//go:embed openapi.yaml
var openAPIFile []byte

func assets() http.Handler { return http.FileServerFS(assetFiles) }

type pages struct {
	opts     Options
	template *template.Template
}

func newPages(opts Options) (*pages, error) {
	t, err := template.New("overview").Funcs(template.FuncMap{
		"minutes": func(seconds int64) string { return fmt.Sprintf("%d", seconds/60) },
		"percent": func(part, whole int64) string {
			if whole == 0 {
				return "–"
			}
			return fmt.Sprintf("%d %%", part*100/whole)
		},
		"clock": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") },
	}).Parse(overviewHTML)
	if err != nil {
		return nil, fmt.Errorf("console page: %w", err)
	}
	return &pages{opts: opts, template: t}, nil
}

// overview is the first page: open cases and pools.
func (p *pages) overview(w http.ResponseWriter, r *http.Request) {
	list, err := p.opts.Cases.List(r.Context(), CaseFilter{})
	if err == nil {
		var pools []Pool
		pools, err = p.opts.Overview.Pools(r.Context())
		if err == nil {
			p.write(w, r, list, pools)
			return
		}
	}
	p.opts.Logger.Error("overview page", "error", err)
	plainText(w, http.StatusInternalServerError, "The page could not be made; the daemon's log says why.\n")
}

func (p *pages) write(w http.ResponseWriter, _ *http.Request, list []cases.Case, pools []Pool) {
	open := 0
	for _, c := range list {
		if c.Status != cases.StatusClosed {
			open++
		}
	}
	// Made whole before the first byte goes out, so that an error is no half page.
	var page bytes.Buffer
	err := p.template.Execute(&page, map[string]any{
		"Cases": list, "Open": open, "Pools": pools, "Now": p.opts.Now(),
	})
	if err != nil {
		p.opts.Logger.Error("overview page", "error", err)
		plainText(w, http.StatusInternalServerError, "The page could not be made; the daemon's log says why.\n")
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(page.Bytes())
}
