package console

import (
	"context"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// WholeRule is a rule with all that its file says.
type WholeRule struct {
	Rule
	Meaning        string   `json:"meaning"`
	Window         string   `json:"window"`
	Owner          string   `json:"owner"`
	Runbook        string   `json:"runbook"`
	FalsePositives []string `json:"false_positives"`
	TestNames      []string `json:"test_names"`
	Text           string   `json:"text"` // the file
	// Firings are how often it found something, the newest month first.
	Firings []firing `json:"firings"`
}

// firing is what a rule found in a month.
type firing struct {
	Month      time.Time `ch:"month" json:"month"`
	Organizers int64     `ch:"organizers" json:"organizers"`
	Findings   int64     `ch:"findings" json:"findings"`
	Critical   int64     `ch:"critical" json:"critical"` // of the findings
	Calling    int64     `ch:"calling" json:"calling"`   // organizers who called in the month
}

// PerThousand is of how many in a thousand callers of the month it found something.
func (f firing) PerThousand() float64 {
	return float64(f.Organizers) * 1000 / float64(max(f.Calling, 1))
}

func wholeRule(ctx context.Context, opts Options, v views, id string) (r WholeRule, err error) {
	if opts.Rules == nil {
		return r, ErrNotFound
	}
	if r, err = opts.Rules.Rule(ctx, id); err != nil {
		return r, err
	}
	r.Firings = []firing{}
	return r, v.read(ctx, &r.Firings, "firings", named("rule_id", r.ID))
}

// Most is the most findings of a month.
func (r WholeRule) Most() (most int64) {
	for _, f := range r.Firings {
		most = max(most, f.Findings)
	}
	return most
}

// step is a number at the begin of a line of a runbook.
var step = regexp.MustCompile(`(?m)^\s*\d+[.)]\s+`)

// Steps are those of the runbook; none where it is not numbered.
func (r WholeRule) Steps() (out []string) {
	places := step.FindAllStringIndex(r.Runbook, -1)
	if len(places) == 0 || strings.TrimSpace(r.Runbook[:places[0][0]]) != "" {
		return nil
	}
	for i, at := range places {
		end := len(r.Runbook)
		if i+1 < len(places) {
			end = places[i+1][0]
		}
		out = append(out, strings.TrimSpace(r.Runbook[at[1]:end]))
	}
	return out
}

func (p *pages) rule(w http.ResponseWriter, r *http.Request) {
	rule, err := wholeRule(r.Context(), p.opts, p.views, r.PathValue("rule"))
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.show(w, r, http.StatusOK, "rule", page{Title: rule.Title, Section: "Rules", Body: rule})
}

func (a *api) rule(w http.ResponseWriter, r *http.Request) {
	rule, err := wholeRule(r.Context(), a.opts, a.views, r.PathValue("rule"))
	if err != nil {
		a.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, rule)
}

var (
	statusLine  = regexp.MustCompile(`(?m)^status:.*$`)
	versionLine = regexp.MustCompile(`(?m)^version:.*$`)
)

// nextOf is the text of a rule as its next version, to be tried beside the one in force.
func nextOf(r WholeRule) string {
	text := statusLine.ReplaceAllString(r.Text, "status: shadow")
	return versionLine.ReplaceAllString(text, "version: "+strconv.Itoa(r.Version+1))
}
