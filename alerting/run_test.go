package alerting

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/alerting/slackfake"
	"fairdial/cases"
	"fairdial/enforcement"
)

// The life of a case: one message that is kept up to date, and its thread tells what got
// worse.
func TestTheLifeOfACase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.alerter()
	c := caseOf("life", 61, 0)
	c.Findings = []cases.Finding{finding(1)}
	w.put(c)
	require.Equal(t, Report{Cases: 1, Posted: 1}, w.run(a))
	require.Equal(t, Report{Cases: 1}, w.run(a), "and only once")
	require.Len(t, w.parents(), 1)
	first := w.parents()[0]
	require.Contains(t, first.Text, "Warning · fraud · Dana Reyes · Contoso Industries")
	require.Contains(t, string(first.Metadata), parentID(c.ID, channel, 0))
	form := w.slack.Calls("chat.postMessage")[0].Form
	require.Equal(t, []string{"none", "false", "false", "false"}, []string{form["parse"], form["link_names"], form["unfurl_links"], form["unfurl_media"]},
		"Slack is not to find names and addresses in the text by itself")

	c.ExposureSeconds += 600 // other numbers: the message changes, nobody is called
	w.put(c)
	require.Equal(t, Report{Cases: 1, Updated: 1}, w.run(a))
	require.Contains(t, string(w.parents()[0].Blocks), "422.5 min")
	require.Empty(t, w.replies())

	w.happen(cases.KindNoted, "console:bob", c) // nothing that the message shows
	require.Equal(t, Report{Cases: 1, Updated: 1, Replied: 1}, w.run(a))
	require.Equal(t, Report{Cases: 1}, w.run(a))
	require.Contains(t, w.replies()[0].Text, "Changed: noted by console:bob: a good reason")

	c.Score, c.Severity, c.Findings = 88, cases.SeverityCritical, []cases.Finding{finding(1), finding(0)}
	w.put(c)
	require.Equal(t, Report{Cases: 1, Updated: 1, Replied: 1}, w.run(a))
	require.Len(t, w.replies(), 2)
	require.Equal(t, first.TS, w.replies()[1].ThreadTS)
	require.Contains(t, w.replies()[1].Text, "Worse: risk 61 → 88; warning → critical; new: Calls to high-cost blocks")
	require.Contains(t, w.parents()[0].Text, "Critical")

	c.Score = 95 // the policy flags from 90
	w.put(c)
	require.Equal(t, Report{Cases: 1, Updated: 1, Replied: 1}, w.run(a))
	require.Contains(t, string(w.parents()[0].Blocks), "the policy will flag in its next pass (fairdial enforce run). Dry run")
	_, err := w.enforcer.Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, Report{Cases: 1, Updated: 1, Replied: 1}, w.run(a), "what is in force changed")
	require.Contains(t, string(w.parents()[0].Blocks), "flag by the policy, until 2026-03-03")
	require.Len(t, w.replies(), 4)
	require.Contains(t, w.replies()[3].Text, "In force now: flag by the policy")
	w.clock.move(25 * time.Hour)
	require.Equal(t, Report{Cases: 1, Updated: 1, Replied: 1}, w.run(a), "and ended by itself")
	require.Contains(t, string(w.parents()[0].Blocks), "nothing (observe)")

	c.Status, c.Outcome = cases.StatusClosed, cases.OutcomeConfirmed
	w.happen(cases.KindConfirmed, "console:bob", c)
	require.Equal(t, Report{Cases: 1, Updated: 1, Replied: 1}, w.run(a))
	require.Contains(t, w.replies()[5].Text, "Changed: confirmed by console:bob: a good reason")
	require.Contains(t, w.parents()[0].Text, "Closed: confirmed")
	require.Contains(t, string(w.parents()[0].Blocks), "closed by console:bob: a good reason")

	c.Status, c.Outcome = cases.StatusOpen, ""
	w.happen(cases.KindReopened, "system:detector", c)
	require.Equal(t, Report{Cases: 1, Updated: 1, Replied: 1}, w.run(a))
	require.Contains(t, w.replies()[6].Text, "Worse: Reopened. ")

	require.Len(t, w.parents(), 1)
	require.Equal(t, []string{
		"posted: new_case", "updated: changed", "replied: changed", "replied: worsened", "replied: worsened", "replied: changed",
		"replied: changed", "replied: closed", "replied: worsened",
	}, w.reasons(a, c.ID))
}

// The organizer's appeal opens a closed case again: people read what it says, and that the
// policy waits for their answer.
func TestAnAppealIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.alerter()
	c := caseOf("appealed", 95, 1)
	w.put(c)
	w.run(a)
	_, err := w.cases.Act(t.Context(), c.ID, cases.Action{Kind: cases.KindConfirmed, Actor: "console:bob", Reason: "fraud"}, w.clock.now())
	require.NoError(t, err)
	w.run(a)
	for n, says := range []string{"Worse: Reopened by an appeal, cli:alice: it was our yearly call with •••0123", "Changed: appealed by cli:alice: it was our yearly call with •••0123"} {
		_, err = w.cases.Act(t.Context(), c.ID, cases.Action{Kind: cases.KindAppealed, Actor: "cli:alice", Reason: "it was our yearly call with +1 605 555 0123"}, w.clock.now())
		require.NoError(t, err)
		require.Equal(t, Report{Cases: 1, Updated: 1, Replied: 1}, w.run(a))
		require.Contains(t, w.replies()[n+1].Text, says)
		require.Contains(t, string(w.parents()[0].Blocks), "appealed by cli:alice: it was our yearly call")
		require.Contains(t, string(w.parents()[0].Blocks), "a person answers the appeal")
		_, err = w.cases.Act(t.Context(), c.ID, cases.Action{Kind: cases.KindNoted, Actor: "console:bob", Reason: "asked them"}, w.clock.now())
		require.NoError(t, err)
		w.run(a)
		if n == 0 {
			w.slack.Delete(channelID, w.replies()[2].TS) // that of the note
		}
	}
}

// While the kill switch is on, no message promises what the policy will do, or says that
// something binds.
func TestTheKillSwitchIsInTheMessages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.alerter(func(o *Options) { o.PassEvery = time.Hour })
	w.put(caseOf("stopped", 95, 1))
	w.run(a)
	shows := func(text string) {
		t.Helper()
		require.Contains(t, string(w.parents()[0].Blocks), text)
	}
	shows("the policy will flag in its next pass, within an hour")
	_, err := w.enforcer.Turn(t.Context(), true, "cli:alice", "a rule went wrong")
	require.NoError(t, err)
	require.Equal(t, Report{Cases: 1, Updated: 1}, w.run(a))
	shows("the policy would flag and does nothing: the kill switch is on")
	_, err = w.enforcer.Turn(t.Context(), false, "cli:alice", "mended")
	require.NoError(t, err)
	require.Equal(t, Report{Cases: 1, Updated: 1}, w.run(a))
	_, err = w.enforcer.Run(t.Context())
	require.NoError(t, err)
	w.run(a)
	_, err = w.enforcer.Turn(t.Context(), true, "cli:alice", "again")
	require.NoError(t, err)
	require.Equal(t, Report{Cases: 1, Updated: 1, Replied: 1}, w.run(a))
	shows("flag by the policy, until 2026-03-03 09:00 UTC. The kill switch is on: calls go through")
}

func TestASnoozeIsToldAndThenKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.alerter()
	c, fresh := caseOf("told", 70, 1), caseOf("untold", 70, 1)
	w.put(c)
	w.run(a)
	c.SnoozedUntil, fresh.SnoozedUntil = start.Add(time.Hour), start.Add(time.Hour)
	w.happen(cases.KindSnoozed, "console:bob", c, fresh)
	require.Equal(t, Report{Cases: 2, Updated: 1, Replied: 1, Muted: 1}, w.run(a))
	require.Contains(t, w.replies()[0].Text, "Changed: snoozed by console:bob")
	require.Contains(t, string(w.parents()[0].Blocks), "snoozed until 2026-03-02 10:00 UTC by console:bob: a good reason")

	c.Score = 80
	w.put(c)
	require.Equal(t, Report{Cases: 2, Muted: 2}, w.run(a))
	require.Equal(t, Report{Cases: 2, Muted: 2}, w.run(a))
	require.Equal(t, []string{"posted: new_case", "replied: changed", "muted: snoozed: snoozed until 2026-03-02 10:00 UTC"}, w.reasons(a, c.ID), "recorded, and once")
	require.Equal(t, []string{"muted: snoozed: snoozed until 2026-03-02 10:00 UTC"}, w.reasons(a, fresh.ID))

	w.clock.move(time.Hour)
	require.Equal(t, Report{Cases: 2, Posted: 1, Updated: 1, Replied: 1}, w.run(a), "what was kept quiet is told when the snooze is over")
	require.Contains(t, w.replies()[1].Text, "risk 70 → 80")
}

func TestClosedBeforeItWasTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.alerter()
	c, mild := caseOf("closed", 70, 1), caseOf("mild", 49, 1)
	c.Status = cases.StatusClosed
	w.put(c, mild)
	for range 2 {
		r, err := a.Run(t.Context())
		require.NoError(t, err)
		require.Equal(t, Report{Cases: 2, Muted: 1, Quiet: map[Reason]int{ReasonBelowMin: 1}}, r)
	}
	require.Empty(t, w.slack.Calls(""))
	require.Equal(t, []string{"muted: closed_untold: closed before it was told"}, w.reasons(a, c.ID))
	c.Status = cases.StatusOpen
	w.happen(cases.KindReopened, "system:detector", c)
	require.Equal(t, 1, w.run(a).Posted)
}

// The gravest first, one a second.
func TestOrderAndPace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := manyCases(8)
	critical := caseOf("critical", 55, 1)
	critical.OrganizerName = "Grave"
	for i := range all {
		all[i].Severity = cases.SeverityWarning
	}
	w.put(append(all, critical)...)
	require.Equal(t, Report{Cases: 9, Posted: 9}, w.run(w.alerter()))
	calls := w.slack.Calls("chat.postMessage")
	require.Contains(t, calls[0].Form["text"], "Grave")
	for i := 1; i < len(calls); i++ {
		require.GreaterOrEqual(t, calls[i].At.Sub(calls[i-1].At), time.Second)
	}
	require.Less(t, calls[8].At.Sub(calls[0].At), 10*time.Second)
}

// Without a token the store has the message and the log its text; a token that comes later
// does not send the past again.
func TestATokenThatComesLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	silent := w.alerter(withoutToken)
	old, changing, closing := caseOf("old", 70, 1), caseOf("changing", 70, 1), caseOf("closing", 70, 1)
	w.put(old, changing, closing)
	require.Equal(t, Report{Cases: 3, Logged: 3}, w.run(silent))
	require.Equal(t, Report{Cases: 3}, w.run(silent))
	require.Equal(t, 3, strings.Count(w.log.String(), "msg=alert"))
	require.Contains(t, w.log.String(), "fairdial cases show "+old.ID)
	entries, err := silent.List(t.Context())
	require.NoError(t, err)
	require.Len(t, entries, 3)
	require.Equal(t, KindLogged, entries[0].Kind)
	require.Contains(t, entries[0].Text, "412 minutes in a day")

	changing.ExposureSeconds++
	w.put(changing)
	require.Equal(t, Report{Cases: 3}, w.run(silent), "a line cannot be changed in place")
	changing.Score = 71
	w.put(changing)
	require.Equal(t, Report{Cases: 3, Logged: 1}, w.run(silent))

	loud := w.alerter()
	require.Equal(t, Report{Cases: 3}, w.run(loud))
	changing.Score, closing.Status = 72, cases.StatusClosed
	w.put(changing)
	w.happen(cases.KindConfirmed, "console:bob", closing)
	require.Equal(t, Report{Cases: 3, Posted: 1}, w.run(loud))
	require.Len(t, w.slack.Messages(channelID), 1)
	changing.Score = 73
	w.put(changing)
	require.Equal(t, Report{Cases: 3, Updated: 1, Replied: 1}, w.run(loud))

	changing.Score = 74 // and the token is taken away again
	w.put(changing)
	require.Equal(t, Report{Cases: 3, Logged: 2}, w.run(silent), "and that the other was closed")
	changing.ExposureSeconds++
	w.put(changing)
	require.Equal(t, Report{Cases: 3, Updated: 1}, w.run(loud), "the message is still the case's")
	require.Len(t, w.parents(), 1)
}

func TestAnotherChannelIsNotFlooded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old, changing := caseOf("old", 70, 1), caseOf("changing", 70, 1)
	w.put(old, changing)
	require.Equal(t, 2, w.run(w.alerter()).Posted)
	w.slack.Mend()
	moved := w.alerter(func(o *Options) { o.Channel = channelID })
	require.Equal(t, Report{Cases: 2}, w.run(moved))
	changing.Score++
	w.put(changing)
	require.Equal(t, Report{Cases: 2, Posted: 1}, w.run(moved))
}

func TestADeletedMessageIsPostedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.alerter()
	c := caseOf("deleted", 70, 1)
	w.put(c)
	w.run(a)
	w.slack.Delete(channelID, w.parents()[0].TS)
	c.Score = 80
	w.put(c)
	require.Equal(t, Report{Cases: 1, Posted: 1}, w.run(a))
	require.Len(t, w.parents(), 1)
	require.Equal(t, []string{"posted: new_case", "posted: worsened; the former message was deleted"}, w.reasons(a, c.ID))
	c.Score = 90
	w.put(c)
	require.Equal(t, Report{Cases: 1, Updated: 1, Replied: 1}, w.run(a))
	require.Equal(t, w.parents()[0].TS, w.replies()[0].ThreadTS)
}

func TestARingShowsTheStrictestOfItsMembers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ring := caseOf("ring", 70, 1)
	ring.OrganizerID, ring.OrganizerName, ring.OrganizerUPN, ring.Members = "", "", "", []string{"m1", "m2", "m3"}
	w.put(ring)
	for _, id := range []string{"m1", "m2"} {
		require.NoError(t, w.store.Exec(t.Context(), "INSERT INTO usage_revisions (tenant_id, usage_id, organizer_id, started_at) "+
			"SELECT '"+ring.TenantID+"', '"+id+"', '"+id+"', toDateTime64('2026-03-01 00:00:00', 7, 'UTC')"))
	}
	for id, action := range map[string]enforcement.Action{"m1": enforcement.ActionFlag, "m2": enforcement.ActionThrottle} {
		_, err := w.enforcer.Act(t.Context(), enforcement.Request{Action: action, TenantID: ring.TenantID, OrganizerID: id, Actor: "cli:alice", Reason: "ring"})
		require.NoError(t, err)
	}
	require.Equal(t, Report{Cases: 1, Posted: 1}, w.run(w.alerter()))
	require.Contains(t, string(w.parents()[0].Blocks), "throttle to 60 minutes an hour and 2 calls at the same time on 2 of 3 organizers, by cli:alice")
	require.Contains(t, w.parents()[0].Text, "ring of 3 organizers")
}

func TestATestMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.alerter()
	got, err := a.Test(t.Context(), "")
	require.NoError(t, err)
	require.Equal(t, Tested{
		Workspace: Workspace{Team: "Fake", User: "fairdial", Scopes: []string{"chat:write", "channels:history", "channels:read", "files:write"}},
		Posted:    Posted{ChannelID: channelID, TS: w.parents()[0].TS},
	}, got)
	w.slack.SetScopes("chat:write")
	got, err = a.Test(t.Context(), channelID)
	require.NoError(t, err)
	require.Len(t, got.Lacking, 3)
	require.Contains(t, got.Lacking[0], "channels:history")
	_, err = a.Test(t.Context(), "#nowhere")
	require.ErrorContains(t, err, "invite the app")
	w.slack.SetToken("another")
	_, err = a.Test(t.Context(), "")
	require.ErrorContains(t, err, "the token is wrong")
	_, err = w.alerter(withoutToken).Test(t.Context(), "")
	require.ErrorContains(t, err, "slack.token_file")
}

// No error, log, report or stored event shows the token, whatever goes wrong.
func TestTheTokenLeaksNowhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(manyCases(6)...)
	shown := &strings.Builder{}
	for _, fault := range []slackfake.Fault{
		slackfake.Refused("invalid_auth"), slackfake.Status(500), slackfake.Dropped(), slackfake.RateLimited(time.Hour), slackfake.Status(302), slackfake.Status(404),
	} {
		w.slack.Fail("chat.postMessage", slackfake.Always(fault))
		r, err := w.alerter().Run(t.Context())
		require.NoError(t, err)
		require.NotEmpty(t, r.Problem)
		shown.WriteString(r.Problem)
		_, err = w.alerter().Test(t.Context(), "")
		require.Error(t, err)
		shown.WriteString(err.Error())
		w.slack.Mend()
		w.clock.move(2 * time.Hour)
	}
	entries, err := w.alerter().List(t.Context())
	require.NoError(t, err)
	for _, e := range entries {
		shown.WriteString(e.Reason + e.Text)
	}
	for _, text := range []string{shown.String(), w.log.String()} {
		require.NotContains(t, text, token)
	}
	for _, url := range []string{"http://slack.example/api/", "ftp://x/", "nonsense", "http://127.0.0.1.evil.example/"} {
		_, err := NewSlack(SlackOptions{Token: NewToken(token), APIURL: url})
		require.ErrorContains(t, err, "slack.api_url")
		require.NotContains(t, err.Error(), token)
	}
}
