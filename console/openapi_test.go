package console

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"

	"fairdial/access"
	"fairdial/cases"
	"fairdial/enforcement"
	"fairdial/rating"
	"fairdial/store"
	"fairdial/store/journal"
)

// operation is one of openapi.yaml.
type operation struct {
	Parameters []struct {
		Ref  string `yaml:"$ref"`
		Name string
		In   string
	}
	RequestBody map[string]any `yaml:"requestBody"`
	Responses   map[string]any
}

// contract is openapi.yaml, to hold answers against.
type contract struct {
	operations map[string]operation // by "GET /api/v1/cases"
	schemas    *jsonschema.Compiler
}

func readContract(t *testing.T) contract {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]operation
	}
	require.NoError(t, yaml.Load(openAPIFile, &doc))
	c := contract{operations: map[string]operation{}, schemas: jsonschema.NewCompiler()}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			c.operations[strings.ToUpper(method)+" "+path] = op
		}
	}
	var whole any
	require.NoError(t, yaml.Load(openAPIFile, &whole))
	asJSON, err := json.Marshal(closed(whole))
	require.NoError(t, err)
	resource, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	require.NoError(t, err)
	c.schemas.AssertFormat()
	require.NoError(t, c.schemas.AddResource("openapi.json", resource))
	return c
}

// closed lets objects whose members are listed have no others: what an answer holds must
// stand in the document. Problem documents may have members of their own.
func closed(node any) any {
	switch n := node.(type) {
	case map[string]any:
		for key, value := range n {
			if key == "application/problem+json" {
				continue
			}
			n[key] = closed(value)
		}
		if _, listed := n["properties"]; listed && n["type"] != nil && n["additionalProperties"] == nil {
			n["additionalProperties"] = false
		}
	case []any:
		for i := range n {
			n[i] = closed(n[i])
		}
	}
	return node
}

// holds says what is wrong with a document that stands for the schema at an address of the
// contract.
func (c contract) holds(at []string, doc []byte) error {
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	pointer := "openapi.json#"
	for _, part := range at {
		pointer += "/" + strings.ReplaceAll(escape.Replace(part), "{", "%7B")
	}
	schema, err := c.schemas.Compile(strings.ReplaceAll(pointer, "}", "%7D"))
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

// answer holds an answer against the contract.
func (c contract) answer(pattern string, w *httptest.ResponseRecorder) error {
	method, path, _ := strings.Cut(pattern, " ")
	at := []string{"paths", path, strings.ToLower(method), "responses"}
	responses := c.operations[pattern].Responses
	status := fmt.Sprint(w.Code)
	if responses[status] == nil {
		status = "default"
	}
	response, there := responses[status].(map[string]any)
	if !there {
		return fmt.Errorf("%d is not documented", w.Code)
	}
	at = append(at, status)
	if ref, is := response["$ref"].(string); is {
		at = strings.Split(strings.TrimPrefix(ref, "#/"), "/")
	}
	kind, _, err := mime.ParseMediaType(w.Header().Get("Content-Type"))
	if err != nil {
		return err
	}
	if content, listed := response["content"].(map[string]any); listed && content[kind] == nil {
		return fmt.Errorf("%s is not documented", kind)
	}
	if !strings.HasSuffix(kind, "json") {
		return nil
	}
	return c.holds(append(at, "content", kind, "schema"), w.Body.Bytes())
}

func TestTheOpenAPIFileAndTheRoutesAreTheSame(t *testing.T) {
	listed, served := map[string]bool{}, map[string]bool{}
	c := readContract(t)
	for pattern := range c.operations {
		listed[pattern] = true
	}
	for pattern := range (&api{}).routes() {
		served[pattern] = true
	}
	require.Equal(t, served, listed)
	for pattern, op := range c.operations {
		names, pages := map[string]bool{}, false
		for _, p := range op.Parameters {
			names[p.In+" "+p.Name] = true
			pages = pages || p.Ref == "#/components/parameters/Cursor"
			names[p.Ref] = true
		}
		for part := range strings.SplitSeq(pattern, "/") {
			if name, wild := strings.CutPrefix(part, "{"); wild {
				require.True(t, names["path "+strings.TrimSuffix(name, "}")], "%s does not say what %s is", pattern, part)
			}
		}
		text := fmt.Sprint(op.Responses["200"])
		require.Equal(t, strings.Contains(text, "schemas/Next"), pages, "%s: next and cursor belong together", pattern)
		require.Equal(t, once(pattern), names["#/components/parameters/IdempotencyKey"], "%s: what changes something takes a key", pattern)
	}
}

// example is a request that a route answers well.
type example struct {
	query, body string
	match       string // If-Match
	status      int    // 200 by default
}

const rejection = "6f1a8f0e-5f0b-4c58-9d43-0f5f1d0a7c11"

// examples are of all routes but those of pushed usage, which has its own tests.
func examples() map[string]example {
	act := example{body: `{"kind":"noted","reason":"r"}`, match: "*"}
	return map[string]example{
		"GET /api/v1/me/sessions": {}, "DELETE /api/v1/me/sessions/{session}": {status: 404}, "GET /api/v1/overview": {},
		"GET /api/v1/me": {}, "GET /api/v1/cases": {}, "GET /api/v1/cases/{id}": {}, "GET /api/v1/cases/{id}/history": {},
		"POST /api/v1/cases/{id}/actions": act, "GET /api/v1/cases/{id}/enforcement": {},
		"POST /api/v1/cases/{id}/enforcement":                      {body: `{"action":"throttle","reason":"r"}`, match: `"3"`},
		"POST /api/v1/cases/{id}/approval":                         {body: `{"action":"approve","reason":"r"}`, match: `"3"`},
		"GET /api/v1/organizers/{tenant}/{organizer}/enforcement":  {},
		"POST /api/v1/organizers/{tenant}/{organizer}/enforcement": {body: `{"action":"throttle","reason":"r","until":"2026-03-02T12:00:00Z"}`, match: `"3"`},
		"POST /api/v1/organizers/{tenant}/{organizer}/approval":    {body: `{"action":"approve","reason":"r"}`, match: `"3"`},
		"GET /api/v1/tenants":                                      {}, "GET /api/v1/tenants/{tenant}": {}, "GET /api/v1/organizers": {},
		"GET /api/v1/organizers/{tenant}/{organizer}": {}, "GET /api/v1/usage": {}, "GET /api/v1/usage/slices": {},
		"GET /api/v1/ratings/{usage_id}/explanation": {query: "tenant_id=open"}, "GET /api/v1/pools": {query: "tenant_id=open"},
		"GET /api/v1/pools/history": {query: "tenant_id=t"}, "GET /api/v1/pools/notices": {}, "GET /api/v1/credits": {},
		"GET /api/v1/reconciliation": {query: "tenant_id=t"}, "GET /api/v1/reconciliation/records": {query: "tenant_id=t"},
		"GET /api/v1/months": {}, "GET /api/v1/months/{month}/statements": {}, "GET /api/v1/months/{month}/download": {query: "format=csv"},
		"GET /api/v1/months/{month}/statements/{tenant}": {}, "GET /api/v1/months/{month}/statements/{tenant}/leak": {},
		"GET /api/v1/months/{month}/statements/{tenant}/signatures": {},
		"POST /api/v1/months/{month}/statements/{tenant}/close":     {body: `{"reason":"r"}`},
		"POST /api/v1/months/{month}/statements/{tenant}/reopen":    {body: `{"reason":"r"}`},
		"POST /api/v1/months/{month}/statements/{tenant}/sign":      {body: `{"fingerprint":"f","reason":"r"}`},
		"GET /api/v1/months/{month}/statements/{tenant}/notes":      {},
		"POST /api/v1/months/{month}/statements/{tenant}/notes":     {body: `{"text":"asked them on +14255550123"}`, status: 201},
		"GET /api/v1/rules": {}, "GET /api/v1/jobs": {}, "GET /api/v1/sources": {}, "GET /api/v1/cases/{id}/related": {}, "GET /api/v1/rules/pack/{rule}": {}, "GET /api/v1/checks": {}, "GET /api/v1/ingest/batches": {},
		"GET /api/v1/ingest/quarantine": {}, "GET /api/v1/ingest/quarantine/{rejection}": {},
		"POST /api/v1/ingest/quarantine/{rejection}/retry":   {body: `{}`},
		"POST /api/v1/ingest/quarantine/actions":             {body: `{"kind":"retry","rejections":["` + rejection + `"]}`},
		"POST /api/v1/ingest/quarantine/{rejection}/dismiss": {body: `{"reason":"r"}`},
		"GET /api/v1/audit":                                  {query: "system=true"}, "GET /api/v1/users": {}, "GET /api/v1/keys": {}, "GET /api/v1/sessions": {},
		"POST /api/v1/users":                  {body: `{"name":"zoe","role":"viewer","password":"correct horse battery"}`, status: 201},
		"PATCH /api/v1/users/{user}":          {body: `{"role":"reviewer"}`},
		"POST /api/v1/keys":                   {body: `{"name":"new","role":"viewer"}`, status: 201},
		"POST /api/v1/keys/{key}/end":         {body: `{}`},
		"POST /api/v1/sessions/{session}/end": {body: `{}`},
		"GET /api/v1/decisions/{organizer}":   {},
		"POST /api/v1/decisions":              {body: `{"questions":[{"organizer":"o"}]}`},
		"POST /api/v1/calls":                  {body: `{"calls":[{"organizer":"o","call_id":"c","started_at":"2026-03-01T11:00:00Z"}]}`},
		"GET /api/v1/openapi.yaml":            {},
		"GET /api/v1/views":                   {}, "PUT /api/v1/views/{shelf}/{view}": {body: `{"filters":{"status":"active","tenant_id":"t"}}`}, "DELETE /api/v1/views/{shelf}/{view}": {},
		"POST /api/v1/cases/actions": {body: `{"kind":"acknowledged","reason":"r","cases":[{"case_id":"c-none","version":1}]}`},
		"POST /api/v1/rules/check":   {body: `{"text":"id: x"}`}, "GET /api/v1/rules/candidates": {}, "GET /api/v1/rules/backtest": {},
		"POST /api/v1/rules/backtest":        {body: `{"text":"id: x","reason":"r","from":"2026-01-01","to":"2026-02-01"}`, status: 202},
		"POST /api/v1/rules/backtest/cancel": {body: `{}`},
	}
}

// fullRatings answers as the rating does, which leaves no list out.
type fullRatings struct{ ratingWorld }

func (w fullRatings) Explain(ctx context.Context, tenantID, usageID string) (rating.Explanation, error) {
	e, err := w.ratingWorld.Explain(ctx, tenantID, usageID)
	e.Notes, e.Held, e.Steps, e.Parts = []string{}, []rating.ExplainedLicence{}, []rating.ExplainedStep{}, []rating.ExplainedPart{}
	return e, err
}

func (w fullRatings) Pools(ctx context.Context, req rating.PoolsRequest) ([]rating.PoolStanding, error) {
	all, err := w.ratingWorld.Pools(ctx, req)
	for i := range all {
		all[i].Pool, all[i].DrainedBy = "standard", []rating.PoolDrainer{}
	}
	return all, err
}

func (w fullRatings) Credits(ctx context.Context, tenantID string, at time.Time) ([]rating.CreditAccount, error) {
	all, err := w.ratingWorld.Credits(ctx, tenantID, at)
	for i := range all {
		all[i].State, all[i].Deposits, all[i].Months, all[i].Notes = "funded", []rating.DepositUse{}, []rating.CreditMonth{}, []string{}
	}
	return all, err
}

func (w fullRatings) Reconcile(ctx context.Context, req rating.ReconcileRequest) (rating.Reconciliation, error) {
	rec, err := w.ratingWorld.Reconcile(ctx, req)
	rec.Lines = []rating.ReconciledBuckets{}
	return rec, err
}

// standingViews are three that no change takes away.
type standingViews struct{}

func (standingViews) Heads(context.Context, string, journal.Filter) (out []journal.Event, _ error) {
	for _, subject := range []string{"admin%2Fboss/kept", "/all of t", "admin%2Fboss/another"} {
		out = append(out, journal.Event{Subject: subject, Kind: viewSaved, Version: 1, Actor: "console:ann", At: now, Body: "status=active&tenant=t"})
	}
	return out, nil
}

func (standingViews) Latest(context.Context, string, string) (journal.Event, bool, error) {
	return journal.Event{}, false, nil
}
func (standingViews) Append(context.Context, journal.Event) error { return nil }

// observing decides as enforcement does of whom nothing is known.
type observing struct{ world }

func (observing) Decide(organizer, _ string) (enforcement.Decision, error) {
	return enforcement.Decision{OrganizerID: organizer, Decision: enforcement.Allow, Level: enforcement.LevelObserve}, nil
}

// withEverything is a console behind which stands something for every route, an admin's key
// to it, and what stands for the wildcards of addresses.
func withEverything(t *testing.T) (h http.Handler, admin string, wild *strings.Replacer, conn *store.Store) {
	t.Helper()
	var book *access.Book
	h, l, conn := withCases(t, keepReplies, func(o *Options) {
		var err error
		book, err = access.Open(t.Context(), journal.New(o.Conn.(journal.Conn), nowThen, uuid.New), nowThen)
		require.NoError(t, err)
		o.Ratings, o.Decider = fullRatings{}, observing{}
		o.Access, o.Books, o.Intake, o.Rules = book, &ledger{}, &sieve{state: "open"}, pack{}
		o.Workbench = &bench{trial: &Trial{RuleID: "x", Began: now, ChangedShown: []TrialFinding{{Sentence: "rang +14255550123"}}}}
		o.SavedViews = standingViews{}
		o.Feeds = func(context.Context) ([]Feed, error) {
			return []Feed{
				{Name: "graph-t", Kind: "graph", TenantID: "t", State: "failing", Troubles: []string{"403 from Graph"}, Mend: "grant <it>", LastNew: &now},
				{Name: "inbox-other", Kind: "inbox", TenantID: "other", State: "new", Troubles: []string{}},
				{Name: "graph-t2", Kind: "graph", TenantID: "t", State: "fresh", Troubles: []string{}, ReadUntil: &now},
			}, nil
		}
		o.Checks = func(context.Context) []Check { return []Check{{Name: "store", OK: true}} }
	})
	ctx := t.Context()
	require.NoError(t, book.SetUp(ctx, book.SetUpToken(), "admin", password, "set-up"))
	require.NoError(t, book.AddUser(ctx, access.User{Name: "bob", Role: access.Viewer}, password, "admin"))
	_, err := book.SignIn(ctx, "admin", password, "a", "test")
	require.NoError(t, err)
	admin, err = book.AddKey(ctx, access.Key{Name: "boss", Role: access.Admin}, "admin")
	require.NoError(t, err)
	_, err = book.AddKey(ctx, access.Key{Name: "old", Role: access.Viewer, Tenants: []string{"t"}}, "admin")
	require.NoError(t, err)
	require.NoError(t, journal.New(conn, nowThen, uuid.New).Append(ctx, journal.Event{Stream: "job", Subject: "rate", Version: 1, Kind: "done", Actor: "system:schedule", Reason: "rang +14255550123"}))
	for _, statement := range []string{
		"INSERT INTO ingest_ledger (batch_id, tenant_id, file, state, read, rejected, at) SELECT toUUID(concat('6f1a8f0e-5f0b-4c58-9d43-0f5f1d0a7c', toString(10 + number))), if(number % 3 = 0, 'other', 't'), 'a.csv', 'finished', 2, 1, toDateTime64('2026-02-01 00:00:00', 6, 'UTC') + intDiv(number, 4) FROM numbers(20)",
		"INSERT INTO quarantine (rejection_id, tenant_id, file, reason, raw, rejected_at) SELECT toUUID(concat('6f1a8f0e-5f0b-4c58-9d43-0f5f1d0a7c', toString(10 + number))), if(number % 4 = 0, 'other', 't'), 'a.csv', 'bad_quoting', '\"+14255550123', toDateTime64('2026-02-01 00:00:00', 6, 'UTC') + intDiv(number, 4) FROM numbers(20)",
		`INSERT INTO usage_revisions (tenant_id, usage_id, is_conf_out, organizer_id, callee_number, destination_country, started_at, ended_at, seconds)
		 SELECT if(number % 5 = 0, 'other', 't'), concat('u', toString(number)), true, 'o', '+14255550123', 'US', toDateTime64('2026-02-01 00:00:00', 7, 'UTC') + intDiv(number, 3) * 40000, toDateTime64('2026-02-01 00:10:00', 7, 'UTC'), 60 FROM numbers(40)`,
		`INSERT INTO directory_snapshots (snapshot_id, tenant_id, kind) VALUES ('` + rejection + `', 't', 'users')`,
		`INSERT INTO snapshot_organizers (snapshot_id, tenant_id, organizer_id, upn, name, enabled, snapshot_at)
		 SELECT '` + rejection + `', if(number % 2 = 0, 't', 'other'), concat('o', toString(intDiv(number, 2))), '', 'Ann <b>', true, '2026-02-01' FROM numbers(12)`,
	} {
		require.NoError(t, conn.Exec(ctx, statement))
	}
	id := openCase(t, l.log, "t", "o", 80)
	openCase(t, l.log, "other", "o", 90)
	whole := cases.Case{
		ID: cases.ID("t", "whole"), TenantID: "t", TenantName: "Contoso", OrganizerID: "whole", OrganizerName: "Ann", OrganizerUPN: "ann@contoso.example", Members: []string{"x"},
		Score: 70, Severity: cases.SeverityCritical, Verdict: cases.VerdictFraud, Status: cases.StatusAcknowledged, Outcome: cases.OutcomeConfirmed, Assignee: "bob", SnoozedUntil: now,
		Snoozes: []cases.Snooze{{RuleID: "r", From: now, Until: now, Actor: "a", Reason: "r"}}, Closings: []time.Time{now}, AppealedAt: now, OpenedAt: now, UpdatedAt: now,
		SecondsByBucket: map[string]int64{"pool": 60}, Findings: []cases.Finding{{ID: "f", Severity: cases.SeverityWarning, UsageIDs: []string{"u1"}, Facts: map[string]any{"numbers": 3.0}, At: now}},
	}
	lost, err := l.log.Record(ctx, []cases.Event{{CaseID: whole.ID, Version: 1, Kind: cases.KindOpened, Actor: "system:detector", At: now, State: whole}})
	require.NoError(t, err)
	require.Empty(t, lost)
	key, session := "", book.Sessions("")[0].ID
	for _, k := range book.Keys() {
		if k.Name == "old" {
			key = k.ID
		}
	}
	wild = strings.NewReplacer("{id}", id, "{tenant}", "t", "{organizer}", "o", "{usage_id}", "u1", "{month}", "2026-02", "{rejection}", rejection, "{user}", "bob", "{key}", key, "{session}", session, "{shelf}", "mine", "{view}", "kept", "{rule}", "r1")
	return h, admin, wild, conn
}

func asked(h http.Handler, pattern string, wild *strings.Replacer, e example, change ...func(*http.Request)) *httptest.ResponseRecorder {
	method, path, _ := strings.Cut(pattern, " ")
	r := httptest.NewRequest(method, wild.Replace(path)+"?"+e.query, strings.NewReader(e.body))
	r.RemoteAddr, r.Host = "10.0.0.9:5000", "fairdial.example"
	r.Header.Set("Content-Type", "application/json")
	if e.match != "" {
		r.Header.Set("If-Match", e.match)
	}
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestEveryAnswerIsAsTheOpenAPIFileSays(t *testing.T) {
	c := readContract(t)
	h, admin, wild, _ := withEverything(t)
	bear := header("Authorization", "Bearer "+admin)
	all := examples()
	for pattern, op := range c.operations {
		if pattern == "POST /api/v1/usage" {
			continue
		}
		e, there := all[pattern]
		require.True(t, there, "%s has no example", pattern)
		if e.body != "" {
			method, path, _ := strings.Cut(pattern, " ")
			at := []string{"paths", path, strings.ToLower(method), "requestBody"}
			if ref, is := op.RequestBody["$ref"].(string); is {
				at = strings.Split(strings.TrimPrefix(ref, "#/"), "/")
			}
			require.NoError(t, c.holds(append(at, "content", "application/json", "schema"), []byte(e.body)), pattern)
		}
		t.Run(pattern, func(t *testing.T) {
			w := asked(h, pattern, wild, e, bear)
			require.Equal(t, max(e.status, http.StatusOK), w.Code, w.Body.String())
			require.NoError(t, c.answer(pattern, w), w.Body.String())
			require.NotContains(t, w.Body.String(), "4255550123", "a whole phone number")
			require.NotContains(t, w.Body.String(), "argon2id")

			refused := asked(h, pattern, wild, e)
			require.Equal(t, http.StatusUnauthorized, refused.Code)
			require.NoError(t, c.answer(pattern, refused), refused.Body.String())
		})
	}
	require.Error(t, c.holds([]string{"components", "schemas", "Tenant"}, []byte(`{}`)), "the contract can be broken")
	require.Error(t, c.holds([]string{"components", "schemas", "Next"}, []byte(`7`)))

	stale := asked(h, "POST /api/v1/cases/{id}/actions", wild, example{body: `{"kind":"noted","reason":"r"}`, match: `"1"`}, bear)
	require.Equal(t, http.StatusPreconditionFailed, stale.Code)
	require.NoError(t, c.answer("POST /api/v1/cases/{id}/actions", stale))
}
