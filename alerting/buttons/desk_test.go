package buttons

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"fairdial/alerting"
	"fairdial/alerting/slackfake"
	"fairdial/cases"
	"fairdial/enforcement"
	"fairdial/store"
	"fairdial/store/journal"
	"fairdial/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

const (
	secret    = "8f742231b10e8888abcd99yyyzzz85a5"
	channelID = "C0FAIRUSE"
	organizer = "o1"
)

// world is a real store, a Slack over real HTTP, and a program with a desk for its buttons.
type world struct {
	t        *testing.T
	store    *store.Store
	cases    *cases.Log
	enforcer *enforcement.Enforcer
	slack    *slackfake.Server
	alerter  *alerting.Alerter
	desk     *Desk
	endpoint string
	log      *lockedLog
}

type lockedLog struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, store: storetest.Open(t), slack: slackfake.Start(slackfake.Options{}), log: &lockedLog{}}
	t.Cleanup(w.slack.Close)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(w.log.String(), w.slack.Whispers())
		}
	})
	logger := slog.New(slog.NewTextHandler(w.log, nil))
	j := journal.New(w.store, time.Now, uuid.New)
	w.cases = cases.NewLog(j)
	require.NoError(t, w.store.Exec(t.Context(), "INSERT INTO usage_revisions (tenant_id, usage_id, call_type, is_conf_out, organizer_id, started_at, ended_at, seconds) "+
		"SELECT 't1', 'u1', 'conf_out', true, 'o1', now() - 60, now(), 60"))
	var err error
	w.enforcer, err = enforcement.New(enforcement.Options{
		Conn: w.store, Journal: j, Cases: w.cases, Now: time.Now,
		Policy: enforcement.Policy{Expiry: time.Hour, Throttle: enforcement.Limits{MinutesPerHour: 60, Legs: 2}},
	})
	require.NoError(t, err)
	sender, err := alerting.NewSlack(alerting.SlackOptions{Token: alerting.NewToken("xoxb-fake"), APIURL: w.slack.URL})
	require.NoError(t, err)
	w.alerter, err = alerting.New(alerting.Options{
		Cases: w.cases, Journal: j, Enforcement: w.enforcer, Sender: sender, Channel: "#fair-use", Buttons: true,
		BaseURL: "https://fairdial.example", Now: time.Now, NewID: uuid.New, Logger: logger, Every: time.Millisecond,
	})
	require.NoError(t, err)
	w.desk, err = New(Options{
		Cases: w.cases, Enforcement: w.enforcer, Responder: NewAnswers(w.slack.URL), Now: time.Now, Logger: logger,
		People: map[string]Person{
			"UDANA": {"dana", RoleEnforcer}, "URAVI": {"ravi", RoleReviewer}, "USAM": {"sam", RoleEnforcer}, "UVIEW": {"vera", RoleViewer},
		},
		Tell: func(ctx context.Context, id string) error { _, err := w.alerter.Tell(ctx, id); return err },
	})
	require.NoError(t, err)
	server := httptest.NewServer(w.desk.Endpoint(secret))
	t.Cleanup(server.Close)
	w.endpoint = server.URL
	return w
}

// works runs the desk until the test ends.
func (w *world) works() {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = w.desk.Run(ctx) }()
	w.t.Cleanup(func() { stop(); <-done })
}

// opened puts a case into the log and its message into the channel.
func (w *world) opened() (cases.Case, slackfake.Message) {
	w.t.Helper()
	c := cases.Case{
		ID: cases.ID("t1", organizer), TenantID: "t1", OrganizerID: organizer, OrganizerName: "Dana Reyes", Score: 90, Status: cases.StatusOpen,
		Severity: cases.SeverityCritical, OpenedAt: time.Now().UTC(), Findings: []cases.Finding{{ID: "f", RuleID: "r", Sentence: "Much."}},
	}
	lost, err := w.cases.Record(w.t.Context(), []cases.Event{{CaseID: c.ID, Version: 1, Kind: cases.KindOpened, Actor: "system:detector", At: time.Now(), State: c}})
	require.NoError(w.t, err)
	require.Empty(w.t, lost)
	_, err = w.alerter.Run(w.t.Context())
	require.NoError(w.t, err)
	return c, w.message()
}

func (w *world) message() slackfake.Message {
	w.t.Helper()
	all := w.slack.Messages(channelID)
	require.NotEmpty(w.t, all)
	return all[0]
}

func (w *world) press(user string, m slackfake.Message, button alerting.ButtonID, choice ...string) {
	w.t.Helper()
	status, took, err := w.slack.PressHTTP(w.t.Context(), w.endpoint, secret, user, m, string(button), choice...)
	require.NoError(w.t, err)
	require.Equal(w.t, http.StatusOK, status)
	require.Less(w.t, took, 3*time.Second)
}

func (w *world) eventually(what string, ok func() bool) {
	w.t.Helper()
	require.Eventually(w.t, ok, time.Minute, 10*time.Millisecond, what)
}

func (w *world) kinds(id string) (out []string) {
	w.t.Helper()
	history, err := w.cases.History(w.t.Context(), id)
	require.NoError(w.t, err)
	for _, e := range history {
		out = append(out, e.Kind+" by "+e.Actor)
	}
	return out
}

func (w *world) whispered(user string) string {
	for _, x := range w.slack.Whispers() {
		if x.User == user {
			return x.Text
		}
	}
	return ""
}

func ids(m slackfake.Message) (out []alerting.ButtonID) {
	for _, b := range m.Buttons() {
		out = append(out, alerting.ButtonID(b.ActionID))
	}
	return out
}

func TestPresses(t *testing.T) {
	t.Parallel()
	for button, c := range map[alerting.ButtonID]struct {
		kind   string
		shows  string
		offers []alerting.ButtonID // afterwards
	}{
		alerting.ButtonAcknowledge: {"acknowledged by slack:ravi", "acknowledged by slack:ravi", []alerting.ButtonID{alerting.ButtonSnooze, alerting.ButtonExpected, alerting.ButtonDismiss, alerting.ButtonThrottle, alerting.ButtonOpen}},
		alerting.ButtonSnooze:      {"snoozed by slack:ravi", "snoozed until", []alerting.ButtonID{alerting.ButtonAcknowledge, alerting.ButtonExpected, alerting.ButtonDismiss, alerting.ButtonThrottle, alerting.ButtonOpen}},
		alerting.ButtonExpected:    {"expected by slack:ravi", "closed by slack:ravi", []alerting.ButtonID{alerting.ButtonOpen}},
	} {
		t.Run(string(button), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.works()
			opened, m := w.opened()
			require.Equal(t, []alerting.ButtonID{
				alerting.ButtonAcknowledge, alerting.ButtonSnooze, alerting.ButtonExpected, alerting.ButtonDismiss, alerting.ButtonThrottle, alerting.ButtonOpen,
			}, ids(m))
			w.press("URAVI", m, button)
			w.eventually("the message shows it", func() bool { return strings.Contains(string(w.message().Blocks), c.shows) })
			require.Equal(t, []string{"opened by system:detector", c.kind}, w.kinds(opened.ID))
			require.Equal(t, c.offers, ids(w.message()))
			require.Empty(t, w.slack.Whispers())
		})
	}
}

// A false alarm is dismissed with the cause that was chosen out of the console's own list, once.
func TestADismissalHasItsCause(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	opened, m := w.opened()
	list := m.Buttons()[slices.Index(ids(m), alerting.ButtonDismiss)]
	offered := make([]string, len(cases.Causes()))
	for i, c := range cases.Causes() {
		offered[i] = string(c)
	}
	require.Equal(t, offered, list.Choices)
	_, err := w.slack.Payload("URAVI", m, string(alerting.ButtonDismiss))
	require.Error(t, err, "nothing is dismissed without a cause")
	w.press("UVIEW", m, alerting.ButtonDismiss, "known_event")
	w.press("URAVI", m, alerting.ButtonDismiss, "known_event")
	w.press("UDANA", m, alerting.ButtonDismiss, "duplicate")
	w.press("USAM", m, alerting.ButtonExpected)
	w.works()
	w.eventually("the others are told", func() bool {
		return strings.Contains(w.whispered("UDANA"), "ravi was first (dismissed") && strings.Contains(w.whispered("USAM"), "ravi was first") && strings.Contains(w.whispered("UVIEW"), "takes the role reviewer")
	})
	require.Equal(t, []string{"opened by system:detector", "dismissed by slack:ravi"}, w.kinds(opened.ID))
	c, err := w.cases.Get(t.Context(), opened.ID)
	require.NoError(t, err)
	require.Equal(t, cases.OutcomeFalsePositive, c.Outcome)
	require.Equal(t, cases.CauseEvent, c.Cause)
	w.eventually("the message shows it", func() bool {
		return strings.Contains(string(w.message().Blocks), "dismissed in Slack as a false alarm: known event")
	})
	require.Equal(t, []alerting.ButtonID{alerting.ButtonOpen}, ids(w.message()))

	said, err := w.desk.do(t.Context(), Press{UserID: "URAVI", Button: alerting.ButtonDismiss, Choice: "boredom"}, alerting.Seen{CaseID: opened.ID, CaseVersion: 1})
	require.NoError(t, err)
	require.Contains(t, said, "choose what makes it a false alarm", "what is not on the list is nothing")
}

func TestWhoMayPressWhat(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.works()
	opened, m := w.opened()
	for user, c := range map[string]struct {
		button alerting.ButtonID
		told   string
	}{
		"USTRANGER": {alerting.ButtonAcknowledge, "slack.people, with the Slack id USTRANGER"},
		"UVIEW":     {alerting.ButtonAcknowledge, "takes the role reviewer"},
		"URAVI":     {alerting.ButtonThrottle, "takes the role enforcer"},
	} {
		w.press(user, m, c.button)
		w.eventually(user, func() bool { return strings.Contains(w.whispered(user), c.told) })
	}
	w.press("USTRANGER", m, alerting.ButtonOpen) // a link: nothing is done
	require.Equal(t, []string{"opened by system:detector"}, w.kinds(opened.ID))
	s, err := w.enforcer.State(t.Context(), "t1", organizer)
	require.NoError(t, err)
	require.Zero(t, s.Version)
}

// Who has an account of the console may do here what they may do there.
func TestAPressIsNoMoreThanTheAccountOfTheConsole(t *testing.T) {
	w := newWorld(t)
	opened, _ := w.opened()
	var asked []string
	w.desk.opts.Account = func(name string, right Right, tenantID string) error {
		asked = append(asked, fmt.Sprint(name, " ", right, " ", tenantID))
		if name == "ravi" || right == RightApprove {
			return errors.New("the console's user " + name + " may not")
		}
		return nil
	}
	press := func(user string, button alerting.ButtonID) string {
		said, err := w.desk.do(t.Context(), Press{UserID: user, Button: button}, alerting.Seen{CaseID: opened.ID, CaseVersion: 1})
		require.NoError(t, err)
		return said
	}
	require.Equal(t, "Nothing was done: the console's user ravi may not.", press("URAVI", alerting.ButtonAcknowledge))
	require.Equal(t, []string{"opened by system:detector"}, w.kinds(opened.ID))
	two, err := enforcement.New(enforcement.Options{
		Conn: w.store, Journal: journal.New(w.store, time.Now, uuid.New), Cases: w.cases, Now: time.Now,
		Policy: enforcement.Policy{Expiry: time.Hour, ThrottlePeople: 2, Throttle: enforcement.Limits{MinutesPerHour: 60, Legs: 2}},
	})
	require.NoError(t, err)
	w.desk.opts.Enforcement = two
	require.Contains(t, press("UDANA", alerting.ButtonThrottle), "Asked for", "asking takes a reviewer")
	s, err := two.State(t.Context(), "t1", organizer)
	require.NoError(t, err)
	said, err := w.desk.do(t.Context(), Press{UserID: "USAM", Button: alerting.ButtonThrottle}, alerting.Seen{CaseID: opened.ID, CaseVersion: 1, EnforcementVersion: s.Version})
	require.NoError(t, err)
	require.Equal(t, "Nothing was done: the console's user sam may not.", said, "and approving an approver")
	require.Equal(t, []string{"ravi review t1", "dana review t1", "sam review t1", "sam approve t1"}, asked)
}

func TestAThrottleIsOneAction(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.works()
	opened, m := w.opened()
	w.press("UDANA", m, alerting.ButtonThrottle)
	w.press("USAM", m, alerting.ButtonThrottle)
	w.eventually("the second is told", func() bool { return strings.Contains(w.whispered("USAM"), "dana was first (throttled") })
	events, err := w.enforcer.History(t.Context(), "t1", organizer)
	require.NoError(t, err)
	require.Len(t, events, 1)
	require.Equal(t, "slack:dana", events[0].Actor)
	require.Equal(t, opened.ID, events[0].State.Evidence.CaseID)
	require.Equal(t, enforcement.LevelThrottle, events[0].State.Level)
	w.eventually("the message shows it", func() bool { return strings.Contains(string(w.message().Blocks), "throttle to 60 minutes") })
	require.NotContains(t, ids(w.message()), alerting.ButtonThrottle)
}

// Two people press at once, on two programs: one decision, and the other one is told whose.
func TestTwoPressesAtOnceMakeOneDecision(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	opened, m := w.opened()
	value := ""
	for _, b := range m.Buttons() {
		if b.ActionID == string(alerting.ButtonAcknowledge) {
			value = b.Value
		}
	}
	seen, err := alerting.ParseSeen(value)
	require.NoError(t, err)
	// The program itself moves the case on meanwhile: that is nobody's decision.
	newer := opened
	newer.Score = 95
	_, err = w.cases.Record(t.Context(), []cases.Event{{CaseID: opened.ID, Version: 2, Kind: cases.KindUpdated, Actor: "system:detector", At: time.Now(), State: newer}})
	require.NoError(t, err)
	people := []string{"UDANA", "USAM", "URAVI"}
	said := make([]string, len(people))
	var all sync.WaitGroup
	for i, user := range people {
		all.Go(func() {
			text, err := w.desk.do(t.Context(), Press{UserID: user, Button: []alerting.ButtonID{alerting.ButtonAcknowledge, alerting.ButtonExpected, alerting.ButtonSnooze}[i]}, seen)
			require.NoError(t, err)
			said[i] = text
		})
	}
	all.Wait()
	kinds := w.kinds(opened.ID)
	require.Len(t, kinds, 3, "opened, updated, and one decision")
	winners := 0
	for i, text := range said {
		if text == "" {
			winners++
			require.Contains(t, kinds[2], w.desk.opts.People[people[i]].Name)
			continue
		}
		_, who, _ := strings.Cut(kinds[2], "slack:")
		require.Contains(t, text, who+" was first")
	}
	require.Equal(t, 1, winners)
}

// A double click is one decision, whether the second press comes before the first is worked on
// or after; that of a second person too, on two programs.
func TestADoubleClickIsOneDecision(t *testing.T) {
	t.Parallel()
	for button, kind := range map[alerting.ButtonID]string{
		alerting.ButtonAcknowledge: "acknowledged by slack:dana", alerting.ButtonSnooze: "snoozed by slack:dana", alerting.ButtonExpected: "expected by slack:dana",
	} {
		t.Run(string(button), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			opened, m := w.opened()
			w.press("UDANA", m, button)
			w.press("UDANA", m, button)
			w.works()
			w.eventually("told", func() bool { return strings.Contains(w.whispered("UDANA"), "dana was first") })
			w.press("UDANA", m, button)
			w.eventually("told again", func() bool { return len(w.slack.Whispers()) == 2 })
			require.Equal(t, []string{"opened by system:detector", kind}, w.kinds(opened.ID))
		})
	}
	t.Run("throttle", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		_, m := w.opened()
		value := m.Buttons()[slices.Index(ids(m), alerting.ButtonThrottle)].Value
		seen, err := alerting.ParseSeen(value)
		require.NoError(t, err)
		said := make([]string, 4)
		var all sync.WaitGroup
		for i, user := range []string{"UDANA", "UDANA", "USAM", "USAM"} {
			all.Go(func() {
				text, err := w.desk.do(t.Context(), Press{UserID: user, Button: alerting.ButtonThrottle}, seen)
				require.NoError(t, err)
				said[i] = text
			})
		}
		all.Wait()
		events, err := w.enforcer.History(t.Context(), "t1", organizer)
		require.NoError(t, err)
		require.Len(t, events, 1)
		slices.Sort(said)
		require.Empty(t, said[0], "one did it")
		_, who, _ := strings.Cut(events[0].Actor, ":")
		for _, text := range said[1:] {
			require.Contains(t, text, who+" was first")
		}
	})
}
