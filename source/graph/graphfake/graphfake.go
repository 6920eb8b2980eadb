// Package graphfake is a Microsoft Graph for tests: it serves getPstnCalls by its rules
// and remembers who broke them. Its time is the test's.
package graphfake

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Row is a record that the fake serves from VisibleAt on, and with CorrectedSeconds from
// CorrectedAt on, where that is set.
type Row struct {
	ID               string
	StartedAt        time.Time
	Seconds          int
	VisibleAt        time.Time
	CorrectedAt      time.Time
	CorrectedSeconds int
}

// Graph is the fake. Set its fields before the first request.
type Graph struct {
	Now      func() time.Time
	Rows     []Row
	PageSize int
	Random   *rand.Rand
	// Trouble is the share of requests answered 429, 503 or with a broken connection.
	Trouble float64
	// Repeat is the share of rows that are served twice on a page.
	Repeat float64
	// DriftAt is when rows begin to look otherwise than documented: properties renamed in
	// case, numbers as texts, properties missing and unknown ones in their place.
	DriftAt time.Time
	// Before is called for every request.
	Before func()

	mu         sync.Mutex
	asked      []time.Time
	notBefore  time.Time
	violations []string
	// listings are the answers being paged through, by the token in their links: the next
	// page goes on in what the first one found.
	listings [][]map[string]any
}

// Lifetime of a token, whose text is the second it was given.
const Lifetime = time.Hour

// Token gives a token.
func (g *Graph) Token() string { return strconv.FormatInt(g.Now().Unix(), 10) }

// Violations are the rules that a client broke.
func (g *Graph) Violations() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.violations)
}

// Requests is how many there were.
func (g *Graph) Requests() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.asked)
}

// Forget is for a client that is killed: its successor cannot know a Retry-After.
func (g *Graph) Forget() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.notBefore = time.Time{}
}

var call = regexp.MustCompile(`getPstnCalls\(fromDateTime=([^,]+),toDateTime=([^)]+)\)$`)

func (g *Graph) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if g.Before != nil {
		g.Before()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.Now()
	g.asked = append(g.asked, now)
	inMinute := 0
	for _, at := range slices.Backward(g.asked) {
		if now.Sub(at) > time.Minute {
			break
		}
		inMinute++
	}
	if inMinute > 50 {
		g.violations = append(g.violations, fmt.Sprintf("%d requests within a minute", inMinute))
	}
	if now.Before(g.notBefore) {
		g.violations = append(g.violations, "a request before Retry-After had passed")
	}
	given, err := strconv.ParseInt(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), 10, 64)
	if err != nil || now.Sub(time.Unix(given, 0)) > Lifetime {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if g.Random.Float64() < g.Trouble {
		switch g.Random.IntN(3) {
		case 0:
			g.notBefore = now.Add(30 * time.Second)
			w.Header().Set("Retry-After", "30")
			w.WriteHeader(http.StatusTooManyRequests)
		case 1:
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			panic(http.ErrAbortHandler)
		}
		return
	}
	g.page(w, r, now)
}

func (g *Graph) page(w http.ResponseWriter, r *http.Request, now time.Time) {
	span := call.FindStringSubmatch(r.URL.Path)
	if span == nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	from, err1 := time.Parse(time.RFC3339, span[1])
	to, err2 := time.Parse(time.RFC3339, span[2])
	if err1 != nil || err2 != nil || to.Sub(from) > 90*24*time.Hour {
		g.violations = append(g.violations, "a window that Graph refuses: "+span[0])
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	skip, listing := 0, len(g.listings)
	if token := r.URL.Query().Get("$skiptoken"); token != "" {
		if n, err := fmt.Sscanf(token, "%d.%d", &listing, &skip); n != 2 || err != nil || listing >= len(g.listings) {
			g.violations = append(g.violations, "a link that was not given: "+token)
			w.WriteHeader(http.StatusBadRequest)
			return
		}
	} else {
		g.listings = append(g.listings, g.list(from, to, now))
	}
	rows := g.listings[listing]
	end := min(skip+g.PageSize, len(rows))
	answer := map[string]any{"@odata.count": end - min(skip, end), "value": rows[min(skip, end):end]}
	if end < len(rows) {
		scheme := "http"
		if r.TLS != nil {
			scheme = "https"
		}
		answer["@odata.nextLink"] = fmt.Sprintf("%s://%s%s?$skiptoken=%d.%d", scheme, r.Host, r.URL.EscapedPath(), listing, end)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

// list is what a query finds at a moment.
func (g *Graph) list(from, to, now time.Time) []map[string]any {
	rows := []map[string]any{}
	for _, row := range g.Rows {
		// Both ends count, so that two windows serve the row on their boundary.
		if row.VisibleAt.After(now) || row.StartedAt.Before(from) || row.StartedAt.After(to) {
			continue
		}
		seconds := row.Seconds
		if !row.CorrectedAt.IsZero() && !row.CorrectedAt.After(now) {
			seconds = row.CorrectedSeconds
		}
		one := map[string]any{
			"id": row.ID, "userId": "db03c14b-06eb-4189-939b-7cbf3a20ba27", "callType": "conf_out", "calleeNumber": "+12065550100",
			"startDateTime": row.StartedAt.Format("2006-01-02T15:04:05.0000000Z"),
			"endDateTime":   row.StartedAt.Add(time.Duration(seconds) * time.Second).Format("2006-01-02T15:04:05.0000000Z"),
			"duration":      seconds, "charge": json.Number("0.00"), "currency": "USD",
			"newIn2027": map[string]any{"a": []int{1}}, // a property that nobody knows
		}
		if !g.DriftAt.IsZero() && now.After(g.DriftAt) {
			delete(one, "charge")
			one["duration"], one["callDirection"], one["operators"] = strconv.Itoa(seconds), "Outbound", []string{"Microsoft"}
		}
		rows = append(rows, one)
		if g.Repeat > 0 && g.Random.Float64() < g.Repeat {
			rows = append(rows, one)
		}
	}
	return rows
}
