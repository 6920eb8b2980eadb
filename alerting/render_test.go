package alerting

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"fairdial/alerting/slackfake"
	"fairdial/cases"
	"fairdial/enforcement"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden are the situations whose messages stand in testdata for people to read.
func golden() map[string]subject {
	about := func(c cases.Case, change ...func(*subject)) subject {
		s := subject{event: cases.Event{Kind: cases.KindUpdated, Actor: "system:detector", State: c}, accused: 1, baseURL: "https://fairdial.example/", now: start, every: time.Hour}
		for _, f := range change {
			f(&s)
		}
		return s
	}
	flagged := enforcement.State{
		Level: enforcement.LevelFlag, DryRun: true, Actor: enforcement.Actor, Since: start, Until: start.Add(24 * time.Hour), Reason: "x",
	}
	suspended := flagged
	suspended.DryRun, suspended.Level = false, enforcement.LevelSuspend
	throttled := enforcement.State{
		Level: enforcement.LevelThrottle, Limits: &enforcement.Limits{MinutesPerHour: 60, Legs: 2}, Actor: "cli:alice", Until: start.Add(time.Hour),
		Pending: &enforcement.Pending{Actor: "cli:alice", Until: start.Add(time.Hour)},
	}
	held := enforcement.State{Held: &enforcement.Held{
		Action: enforcement.ActionFlag, Reason: "there were 20 automatic actions in the last hour, and the policy allows 20",
	}}
	warning := caseOf("warning", 55, 0)
	warning.Findings = []cases.Finding{finding(2)}
	warning.Verdict, warning.Currency, warning.SecondsByBucket = cases.VerdictFairUse, "", nil
	again := caseOf("again", 92, 2) // closed once and open again; two findings of a rule, one decided and one long ago
	again.Closings = []time.Time{start.Add(-60 * 24 * time.Hour)}
	for i, days := range []int{90, 50, 3, 1} {
		f := finding(1)
		f.ID, f.Value, f.At = fmt.Sprint("night", days), float64(40-i), start.Add(-time.Duration(days)*24*time.Hour)
		f.WindowStart = f.At.Add(-time.Hour)
		again.Findings = append(again.Findings, f)
	}
	for i := range 2 {
		again.Findings[i].At, again.Findings[i].WindowStart = start, start.Add(-time.Hour)
	}
	ring := caseOf("ring", 91, 2)
	ring.OrganizerID, ring.OrganizerName, ring.OrganizerUPN = "", "", ""
	for _, name := range []string{"Ann", "Ben", "Cid", "Dan", "Eve", "Fay", "Gus", "Hal", "Ida", "Jon", "Kim", "Lee"} {
		ring.Members = append(ring.Members, strings.ToLower(name)+"@contoso.example")
	}
	dismissed := caseOf("dismissed", 70, 2)
	dismissed.Status, dismissed.Outcome = cases.StatusClosed, cases.OutcomeFalsePositive
	snoozed := caseOf("snoozed", 70, 1)
	snoozed.SnoozedUntil, snoozed.Assignee = start.Add(72*time.Hour), "bob"
	return map[string]subject{
		"new":       about(caseOf("new", 92, 4), func(s *subject) { s.next = enforcement.ActionFlag }),
		"warning":   about(warning),
		"again":     about(again),
		"flagged":   about(caseOf("flagged", 92, 3), func(s *subject) { s.state = flagged }),
		"throttled": about(caseOf("throttled", 92, 1), func(s *subject) { s.state = throttled }),
		"held":      about(caseOf("held", 92, 1), func(s *subject) { s.state, s.next = held, enforcement.ActionFlag }),
		"stopped": about(caseOf("stopped", 92, 1), func(s *subject) {
			s.state, s.next, s.stopped = suspended, enforcement.ActionThrottle, true
		}),
		"ring": about(ring, func(s *subject) { s.state, s.accused, s.under = flagged, 12, 3 }),
		"dismissed": about(dismissed, func(s *subject) {
			s.event.Kind, s.event.Actor, s.event.Reason = cases.KindDismissed, "console:bob", "the yearly customer call, caller +1 605 555 0123"
		}),
		"snoozed": about(snoozed, func(s *subject) {
			s.event.Kind, s.event.Actor, s.event.Reason = cases.KindSnoozed, "console:bob", "asked the tenant"
		}),
		"hostile": about(hostile()),
		"bare":    about(cases.Case{ID: "bare", Score: 50, Status: cases.StatusOpen}, func(s *subject) { s.baseURL = "" }),
	}
}

// hostile is a case in which every text was chosen by an enemy.
func hostile() cases.Case {
	c := caseOf("hostile", 92, 1)
	const evil = "<!channel> *b* _i_ ~s~ `c` ```x``` <https://evil.example|click> <@U0ADMIN> @here :fire: & \u202Egpj.exe\n> quote +1 605 555 0123"
	c.OrganizerName, c.TenantName, c.Assignee, c.Members = evil, evil, evil, []string{evil, "דנה"}
	c.Currency = evil
	f := &c.Findings[0]
	f.RuleTitle, f.RuleID, f.Unit, f.Sentence = evil, evil, evil, evil
	return c
}

func TestMessagesReadAsTheGoldenFiles(t *testing.T) {
	for name, s := range golden() {
		t.Run(name, func(t *testing.T) {
			m, err := message(compose(s))
			require.NoError(t, err)
			compareGolden(t, name, m)
		})
	}
	t.Run("reply", func(t *testing.T) {
		s := golden()["new"]
		m, err := replyMessage(reply(s, Told{Score: 61, Severity: cases.SeverityWarning, Status: cases.StatusClosed, Findings: []string{"f-night"}}))
		require.NoError(t, err)
		compareGolden(t, "reply", m)
	})
}

func compareGolden(t *testing.T, name string, m Message) {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	require.NoError(t, enc.Encode(map[string]any{"text": m.Fallback, "blocks": m.Blocks}))
	for file, got := range map[string]string{name + ".json": b.String(), name + ".txt": m.Plain} {
		path := filepath.Join("testdata", file)
		if *update {
			require.NoError(t, os.MkdirAll("testdata", 0o750))
			require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
		}
		want, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(want), got, "%s; run the test with -update when the change is meant", file)
	}
}

func TestHostileTextStaysInert(t *testing.T) {
	m, err := message(compose(golden()["hostile"]))
	require.NoError(t, err)
	blocks, err := json.Marshal(m.Blocks)
	require.NoError(t, err)
	active := slackfake.Message{Text: m.Fallback, Blocks: blocks}.Active()
	require.Equal(t, []string{"<https://fairdial.example/#" + hostile().ID + "|Open in the console>"}, active)
	for _, text := range []string{m.Fallback, string(blocks), m.Plain} {
		require.NotContains(t, text, "\u202E")
		require.NotContains(t, text, "605 555")
	}
	require.NotContains(t, m.Fallback, "\n")
}

// Whatever stands in a case, Slack takes the message and nothing in it is active but our
// own link.
func TestAnyCaseMakesAMessageThatSlackTakes(t *testing.T) {
	server := slackfake.Start(slackfake.Options{})
	defer server.Close()
	sender, err := NewSlack(SlackOptions{Token: NewToken(token), APIURL: server.URL})
	require.NoError(t, err)
	text := rapid.OneOf(
		rapid.String(),
		rapid.StringMatching(`[<>&|@!#*_~\x60 +0-9a-z\n]{0,80}`),
		rapid.Map(rapid.IntRange(0, 5000), func(n int) string { return strings.Repeat("&<", n) }),
		rapid.Map(rapid.IntRange(0, 5000), func(n int) string { return strings.Repeat("ש", n) }),
	)
	rapid.Check(t, func(t *rapid.T) {
		c := cases.Case{
			ID: rapid.StringN(1, 40, -1).Draw(t, "id"), TenantName: text.Draw(t, "tenant"), OrganizerName: text.Draw(t, "name"),
			Members: rapid.SliceOfN(text, 0, 30).Draw(t, "members"), Score: rapid.IntRange(0, 100).Draw(t, "score"),
			Status: cases.Status(text.Draw(t, "status")), Severity: cases.Severity(text.Draw(t, "severity")), Assignee: text.Draw(t, "assignee"),
			ExposureSeconds: rapid.Int64().Draw(t, "seconds"), Currency: text.Draw(t, "currency"),
			ExposureAmount: decimal.NewFromInt(rapid.Int64().Draw(t, "amount")),
		}
		for range rapid.IntRange(0, 40).Draw(t, "findings") {
			c.Findings = append(c.Findings, cases.Finding{
				ID: text.Draw(t, "finding"), RuleID: text.Draw(t, "rule"), RuleTitle: text.Draw(t, "title"), Unit: text.Draw(t, "unit"),
				Sentence: text.Draw(t, "sentence"), Value: rapid.Float64().Draw(t, "value"), Threshold: rapid.Float64().Draw(t, "threshold"),
			})
		}
		s := subject{event: cases.Event{Actor: text.Draw(t, "actor"), Reason: text.Draw(t, "reason"), Kind: cases.KindSnoozed, State: c}, now: start}
		var m Message
		var err error
		if rapid.Bool().Draw(t, "reply") {
			m, err = replyMessage(reply(s, Told{}))
		} else {
			m, err = message(compose(s))
		}
		require.NoError(t, err)
		posted, err := sender.Post(t.Context(), channel, "", "id", m)
		require.NoError(t, err)
		for _, got := range server.Messages(channelID) {
			require.Empty(t, got.Active())
		}
		server.Delete(channelID, posted.TS)
	})
}

// The most that anybody can put into a case still makes a message: what does not fit is
// counted.
func TestTheLongestTextsStillMakeAMessage(t *testing.T) {
	server := slackfake.Start(slackfake.Options{})
	defer server.Close()
	sender, err := NewSlack(SlackOptions{Token: NewToken(token), APIURL: server.URL})
	require.NoError(t, err)
	for _, evil := range []string{"&", "<", "ש", "\U0001F525", "\"", "W"} {
		long := strings.Repeat(evil, 5000)
		c := cases.Case{ID: strings.Repeat("x", 300), TenantName: long, OrganizerName: long, OrganizerUPN: long, Assignee: long, Currency: long, Score: 90}
		for i := range 40 {
			c.Members = append(c.Members, long)
			c.Findings = append(c.Findings, cases.Finding{
				ID: fmt.Sprint(i), RuleID: fmt.Sprint(i, long), RuleTitle: long, Unit: long, Sentence: long, Value: -1e300, Threshold: 1e300,
			})
		}
		s := subject{event: cases.Event{Actor: long, Reason: long, Kind: cases.KindSnoozed, State: c}, baseURL: "https://" + long, now: start, accused: 41}
		s.event.State.SnoozedUntil = start.Add(time.Hour)
		s.state = enforcement.State{
			Level: enforcement.LevelThrottle, Limits: &enforcement.Limits{}, Actor: long, ApprovedBy: long, Until: start.Add(time.Hour),
			Pending: &enforcement.Pending{Actor: long, Until: start.Add(time.Hour)},
		}
		m, err := message(compose(s))
		require.NoError(t, err, evil)
		_, err = sender.Post(t.Context(), channel, "", "id", m)
		require.NoError(t, err, evil)
		require.Contains(t, m.Plain, "more", "what is left out is counted")
		m, err = replyMessage(reply(s, Told{}))
		require.NoError(t, err, evil)
		_, err = sender.Post(t.Context(), channel, "", "id", m)
		require.NoError(t, err, evil)
	}
}

func TestALinkCannotBeBrokenOutOf(t *testing.T) {
	c := caseOf("x", 90, 1)
	c.ID = "a|b> <!channel>/../?x"
	n := compose(subject{event: cases.Event{State: c}, baseURL: "https://fairdial.example", now: start})
	require.Equal(t, "https://fairdial.example/#a%7Cb%3E%20%3C%21channel%3E%2F..%2F%3Fx", n.link)
	require.Equal(t, "abchannel..x", n.caseID)
}
