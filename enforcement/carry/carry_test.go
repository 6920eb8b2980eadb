package carry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"fairdial/enforcement"
	"fairdial/store/journal"
	"fairdial/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

const (
	organizer = "3c1f0a9e-6f54-4b6f-9a34-6d1de1f1a001"
	sku       = "0c266dff-15dd-4b49-8397-2bb16070ed52"
	other     = "c7df2760-2c81-4ef7-b578-5b5392b571df"
)

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// provider is Graph, its identity platform and a webhook's receiver, over real HTTP.
type provider struct {
	*httptest.Server
	mu       sync.Mutex
	licences map[string][]licence // by user
	posts    []string
	hooks    map[string]int // by idempotency key
	fail     []int          // status of the next calls, 0 for none
	deaf     bool           // says yes and does nothing
}

func newProvider(t *testing.T) *provider {
	p := &provider{hooks: map[string]int{}, licences: map[string][]licence{organizer: {{sku, []string{"plan-off"}}, {other, nil}}}}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	if r.URL.Path == "/token" {
		if !strings.Contains(string(body), "client_secret=hush") {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"error":"invalid_client"}`)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"access_token":"token-hush","token_type":"Bearer","expires_in":3600}`)
		return
	}
	if len(p.fail) > 0 {
		status := p.fail[0]
		p.fail = p.fail[1:]
		if status != 0 {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, `{"error":{"code":"Throttled","message":"hush"}}`)
			return
		}
	}
	if r.URL.Path == "/hook" {
		stamp := r.Header.Get("X-Fairdial-Timestamp")
		if r.Header.Get("X-Fairdial-Signature") != Sign([]byte("hook-hush"), stamp, body) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		p.hooks[r.Header.Get("Idempotency-Key")]++
		p.posts = append(p.posts, string(body))
		return
	}
	if r.Header.Get("Authorization") != "Bearer token-hush" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	user := strings.Split(r.URL.Path, "/")[2]
	switch r.Method {
	case http.MethodGet:
		_ = json.NewEncoder(w).Encode(map[string]any{"assignedLicenses": p.licences[user]})
	case http.MethodPost:
		var change struct {
			Add    []licence `json:"addLicenses"`
			Remove []string  `json:"removeLicenses"`
		}
		if json.Unmarshal(body, &change) != nil || change.Add == nil || change.Remove == nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		p.posts = append(p.posts, string(body))
		if !p.deaf {
			p.licences[user] = append(slices.DeleteFunc(p.licences[user], func(l licence) bool { return slices.Contains(change.Remove, l.SKU) }), change.Add...)
		}
		_, _ = io.WriteString(w, "{}")
	}
}

func (p *provider) has() (out []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.licences[organizer] {
		out = append(out, l.SKU+fmt.Sprint(l.DisabledPlans))
	}
	slices.Sort(out)
	return out
}

// decided stands in for enforcement.
type decided struct {
	states  []enforcement.State
	dry     bool
	stopped bool
}

func (d *decided) States(context.Context) ([]enforcement.State, error) { return d.states, nil }
func (d *decided) Switch(context.Context) (enforcement.Switch, error) {
	return enforcement.Switch{Stopped: d.stopped}, nil
}
func (d *decided) DryRun() bool { return d.dry }

// set is what is decided on the organizer, until an hour from now.
func (d *decided) set(level enforcement.Level, now time.Time) {
	version := 1
	if len(d.states) > 0 {
		version = d.states[0].Version + 1
	}
	d.states = []enforcement.State{{
		TenantID: "t1", OrganizerID: organizer, Version: version, Level: level, Since: now, Until: now.Add(time.Hour),
		Actor: "cli:ann", Reason: "fraud", Evidence: enforcement.Evidence{CaseID: "c-1"},
	}}
}

type world struct {
	t        *testing.T
	journal  *journal.Journal
	provider *provider
	decided  *decided
	now      time.Time
	log      bytes.Buffer
	teams    string // file with the policy
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, provider: newProvider(t), decided: &decided{}, now: start}
	w.journal = journal.New(storetest.Open(t), func() time.Time { return w.now }, uuid.New)
	w.teams = filepath.Join(t.TempDir(), "policy")
	require.NoError(t, os.WriteFile(w.teams, []byte("tag:DialoutCPCandPSTNInternational"), 0o600))
	return w
}

func (w *world) graph() Adapter {
	w.t.Helper()
	g, err := NewGraph(GraphOptions{
		Name: "graph", BaseURL: w.provider.URL, TokenURL: w.provider.URL + "/token", ClientID: "id", ClientSecret: "hush", SKUs: []string{strings.ToUpper(sku)},
	})
	require.NoError(w.t, err)
	return g
}

func (w *world) hook() Adapter {
	w.t.Helper()
	h, err := NewWebhook("hook", w.provider.URL+"/hook", "hook-hush", func() time.Time { return w.now })
	require.NoError(w.t, err)
	return h
}

// script is a stand-in for PowerShell that keeps the policy in a file.
func (w *world) script() Adapter {
	w.t.Helper()
	file := filepath.Join(w.t.TempDir(), "teams.sh")
	require.NoError(w.t, os.WriteFile(file, []byte(`#!/bin/sh
# -Action A -Identity I -PolicyName P
if [ "$2" = set ]; then printf '%s' "$6" > "$FILE"; fi
printf '{"policy":"%s","conferencing":"ZoneA","calling":"DomesticOnly"}\n' "$(cat "$FILE")"
`), 0o700))
	a, err := NewTeams("teams", []string{"/usr/bin/env", "FILE=" + w.teams, "/bin/sh", file}, map[enforcement.Level]DialOut{
		enforcement.LevelThrottle: DialOutDomestic, enforcement.LevelSuspend: DialOutNone,
	})
	require.NoError(w.t, err)
	return a
}

func (w *world) carrier(j Journal, adapters ...Adapter) *Carrier {
	w.t.Helper()
	c, err := New(Options{
		States: w.decided, Journal: j, Adapters: adapters, Now: func() time.Time { return w.now }, NewID: uuid.New,
		Logger: slog.New(slog.NewTextHandler(&w.log, nil)),
	})
	require.NoError(w.t, err)
	return c
}

func (w *world) run(adapters ...Adapter) Report {
	w.t.Helper()
	r, err := w.carrier(w.journal, adapters...).Run(w.t.Context())
	require.NoError(w.t, err)
	require.NotContains(w.t, r.Problem+w.log.String(), "hush")
	return r
}

func (w *world) policy() string {
	text, err := os.ReadFile(w.teams)
	require.NoError(w.t, err)
	return string(text)
}

func TestASuspensionIsCarriedOutAndUndone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := []Adapter{w.graph(), w.hook(), w.script()}
	require.Equal(t, Report{}, w.run(all...))
	before := w.provider.has()
	require.Len(t, before, 2)

	w.decided.set(enforcement.LevelThrottle, w.now)
	require.Equal(t, Report{Changed: 2}, w.run(all...), "Graph leaves a throttle alone")
	require.Equal(t, "DialoutCPCDomesticPSTNInternational", w.policy())
	require.Equal(t, before, w.provider.has())

	w.decided.set(enforcement.LevelSuspend, w.now)
	require.Equal(t, Report{Changed: 3}, w.run(all...))
	require.Equal(t, Report{}, w.run(all...), "done is done")
	require.Equal(t, []string{other + "[]"}, w.provider.has())
	require.Equal(t, "DialoutCPCDisabledPSTNInternational", w.policy())

	// It ends by itself: what was there before is there again.
	w.now = w.now.Add(time.Hour)
	require.Equal(t, Report{Changed: 3}, w.run(all...))
	require.Equal(t, before, w.provider.has(), "with the plans that were off")
	require.Equal(t, "DialoutCPCandPSTNInternational", w.policy(), "the policy before the throttle")
	require.Equal(t, Report{}, w.run(all...))
	require.Len(t, w.provider.hooks, 3)
	require.Contains(t, w.provider.posts[len(w.provider.posts)-1], `"level":"observe"`)
}

func TestNothingIsCarriedOutInADryRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.decided.set(enforcement.LevelSuspend, w.now)
	w.decided.dry = true
	require.Equal(t, Report{}, w.run(w.graph(), w.hook()))
	w.decided.dry, w.decided.states[0].DryRun = false, true
	require.Equal(t, Report{}, w.run(w.graph(), w.hook()))
	w.decided.states[0].DryRun = false
	require.Equal(t, Report{Changed: 2}, w.run(w.graph(), w.hook()))
	w.decided.stopped = true // the kill switch undoes it
	require.Equal(t, Report{Changed: 2}, w.run(w.graph(), w.hook()))
	require.Len(t, w.provider.has(), 2)
}

func TestWhatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.decided.set(enforcement.LevelSuspend, w.now)
	w.provider.fail = []int{http.StatusTooManyRequests}
	r := w.run(w.graph())
	require.Equal(t, 1, r.Failed)
	require.Contains(t, r.Problem, "429 Too Many Requests Throttled")
	require.Equal(t, Report{Waiting: 1}, w.run(w.graph()))
	w.now = w.now.Add(20 * time.Second)
	w.provider.deaf = true
	r = w.run(w.graph())
	require.Contains(t, r.Problem, "still has SKU", "a yes is not believed: it is read back")
	w.now = w.now.Add(40 * time.Second)
	w.provider.deaf = false
	require.Equal(t, Report{Changed: 1}, w.run(w.graph()))
	require.Equal(t, []string{other + "[]"}, w.provider.has())

	// Reinstated while it failed, and never done: nothing is left to do.
	w.decided.set(enforcement.LevelObserve, w.now)
	w.provider.fail = []int{403}
	r = w.run(w.graph())
	require.Contains(t, r.Problem, "User.ReadWrite.All")
	w.now = w.now.Add(time.Hour)
	require.Equal(t, Report{Changed: 1}, w.run(w.graph()))
	require.Len(t, w.provider.has(), 2)
}

var errKilled = errors.New("killed")

// dying fails at its n-th write, before it or after it, and at every one that follows.
type dying struct {
	Journal
	left  int
	after bool
}

func (d *dying) Append(ctx context.Context, e journal.Event) error {
	d.left--
	if d.left > 0 || d.left == 0 && d.after {
		if err := d.Journal.Append(ctx, e); err != nil || d.left > 0 {
			return err
		}
	}
	return errKilled
}

// Killed at any write, the next run brings it about, and what was there before is never
// forgotten.
func TestKilledAnywhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.provider.has()
	kills := 0
	for n := 1; n <= 4; n++ {
		for _, after := range []bool{false, true} {
			for _, level := range []enforcement.Level{enforcement.LevelSuspend, enforcement.LevelObserve} {
				w.decided.set(level, w.now)
				_, err := w.carrier(&dying{Journal: w.journal, left: n, after: after}, w.graph(), w.script()).Run(t.Context())
				if err != nil {
					require.ErrorIs(t, err, errKilled)
					kills++
				}
				w.now = w.now.Add(2 * time.Minute) // the dead run's lease is over
				require.Zero(t, w.run(w.graph(), w.script()).Failed)
				require.Equal(t, Report{}, w.run(w.graph(), w.script()))
				if level == enforcement.LevelSuspend {
					require.Equal(t, []string{other + "[]"}, w.provider.has())
					require.Equal(t, "DialoutCPCDisabledPSTNInternational", w.policy())
				} else {
					require.Equal(t, before, w.provider.has())
					require.Equal(t, "DialoutCPCandPSTNInternational", w.policy())
				}
			}
		}
	}
	require.Greater(t, kills, 10)
}

// An adapter of one tenant's directory is asked nothing about another's organizers.
func TestAnAdapterIsForItsTenants(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.decided.set(enforcement.LevelSuspend, w.now)
	theirs, ours := For{w.graph(), []string{"t2", "t3"}}, For{w.graph(), []string{"t1"}}
	require.Equal(t, Report{}, w.run(theirs))
	require.Len(t, w.provider.has(), 2)
	require.Empty(t, w.carrier(w.journal, theirs).Effects("t1", enforcement.LevelSuspend))
	require.Equal(t, Report{Changed: 1}, w.run(ours))
	require.Len(t, w.provider.has(), 1)
	require.Len(t, w.carrier(w.journal, For{w.graph(), nil}).Effects("t1", enforcement.LevelSuspend), 1)
}

func TestWhatAnAdapterNeeds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := NewWebhook("x", "", "s", time.Now)
	require.Error(t, err)
	_, err = NewGraph(GraphOptions{Name: "x"})
	require.ErrorContains(t, err, "SKUs")
	_, err = NewTeams("x", []string{"pwsh"}, map[enforcement.Level]DialOut{enforcement.LevelSuspend: "a; rm -rf /"})
	require.ErrorContains(t, err, "zone_a, domestic or none")
	_, err = New(Options{States: w.decided, Journal: w.journal, Now: time.Now, NewID: uuid.New, Adapters: []Adapter{w.hook(), w.hook()}})
	require.ErrorContains(t, err, `"hook"`)
	// Hostile ids reach no shell, and a wrong secret is told without showing it.
	w.decided.set(enforcement.LevelSuspend, w.now)
	w.decided.states[0].OrganizerID = "$(touch /tmp/x)"
	require.Contains(t, w.run(w.script()).Problem, "characters")
	g, err := NewGraph(GraphOptions{Name: "g2", BaseURL: w.provider.URL, TokenURL: w.provider.URL + "/token", ClientID: "id", ClientSecret: "wrong-hush", SKUs: []string{sku}})
	require.NoError(t, err)
	require.Contains(t, w.run(g).Problem, "invalid_client")
}

// What is done at the provider is said before it is done, with what it means for the cost.
func TestEffectsAreSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.carrier(w.journal, w.graph(), w.hook(), w.script())
	require.Empty(t, c.Effects("t1", enforcement.LevelObserve))
	require.Len(t, c.Effects("t1", enforcement.LevelFlag), 1, "the webhook")
	require.Len(t, c.Effects("t1", enforcement.LevelThrottle), 2)
	suspend := c.Effects("t1", enforcement.LevelSuspend)
	require.Len(t, suspend, 3)
	require.Contains(t, suspend[0], "draw on the tenant's pool")
	require.Contains(t, suspend[2], "may dial nowhere. The person's own calls stay as they are")
}
