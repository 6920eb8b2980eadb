package alerting

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/cases"
)

func TestWhatIsNews(t *testing.T) {
	told := func(change ...func(*Told)) *Told {
		v := Told{
			CaseVersion: 3, Score: 60, Severity: cases.SeverityWarning, Status: cases.StatusOpen,
			Findings: []string{"a", "b"}, Content: "same",
		}
		for _, f := range change {
			f(&v)
		}
		return &v
	}
	state := func(change ...func(*cases.Case)) cases.Case {
		c := cases.Case{
			ID: "c", Version: 4, Score: 60, Severity: cases.SeverityWarning, Status: cases.StatusOpen,
			Findings: []cases.Finding{{ID: "a"}, {ID: "b"}},
		}
		for _, f := range change {
			f(&c)
		}
		return c
	}
	isClosed := func(c *cases.Case) { c.Status = cases.StatusClosed }
	isLate := func(c *cases.Case) { c.DueAt = start.Add(-time.Minute) }
	for name, x := range map[string]struct {
		told      *Told
		ts        string
		state     cases.Case
		content   string
		elsewhere int
		want      Reason
		log       Reason // without a token
		slack     Reason // with one
	}{
		"never told":                      {nil, "", state(), "x", 0, ReasonNewCase, ReasonNewCase, ReasonNewCase},
		"never told and mild":             {nil, "", state(func(c *cases.Case) { c.Score = 49 }), "x", 0, ReasonBelowMin, ReasonBelowMin, ReasonBelowMin},
		"never told and closed":           {nil, "", state(isClosed), "x", 0, ReasonClosedUntold, ReasonClosedUntold, ReasonClosedUntold},
		"told elsewhere":                  {nil, "", state(), "x", 4, ReasonElsewhere, ReasonElsewhere, ReasonElsewhere},
		"told elsewhere, changed after":   {nil, "", state(), "x", 3, ReasonNewCase, ReasonNewCase, ReasonNewCase},
		"told elsewhere, closed after":    {nil, "", state(isClosed), "x", 3, ReasonElsewhere, ReasonElsewhere, ReasonElsewhere},
		"the same":                        {told(), "1", state(), "same", 0, ReasonNothingNew, ReasonNothingNew, ReasonNothingNew},
		"other numbers":                   {told(), "1", state(), "other", 0, ReasonChanged, ReasonNothingNew, ReasonChanged},
		"milder":                          {told(), "1", state(func(c *cases.Case) { c.Score = 20 }), "other", 0, ReasonChanged, ReasonNothingNew, ReasonChanged},
		"one finding fewer":               {told(), "1", state(func(c *cases.Case) { c.Findings = c.Findings[:1] }), "other", 0, ReasonChanged, ReasonNothingNew, ReasonChanged},
		"higher risk":                     {told(), "1", state(func(c *cases.Case) { c.Score = 61 }), "other", 0, ReasonWorsened, ReasonWorsened, ReasonWorsened},
		"graver":                          {told(), "1", state(func(c *cases.Case) { c.Severity = cases.SeverityCritical }), "other", 0, ReasonWorsened, ReasonWorsened, ReasonWorsened},
		"a further finding":               {told(), "1", state(func(c *cases.Case) { c.Findings = append(c.Findings, cases.Finding{ID: "c"}) }), "other", 0, ReasonWorsened, ReasonWorsened, ReasonWorsened},
		"closed":                          {told(), "1", state(isClosed, func(c *cases.Case) { c.Score = 99 }), "other", 0, ReasonClosed, ReasonClosed, ReasonClosed},
		"closed before":                   {told(func(t *Told) { t.Status = cases.StatusClosed }), "1", state(isClosed), "same", 0, ReasonNothingNew, ReasonNothingNew, ReasonNothingNew},
		"reopened":                        {told(func(t *Told) { t.Status = cases.StatusClosed }), "1", state(), "other", 0, ReasonWorsened, ReasonWorsened, ReasonWorsened},
		"not taken in time":               {told(), "1", state(isLate), "other", 0, ReasonOverdue, ReasonOverdue, ReasonOverdue},
		"not taken in time, and worse":    {told(), "1", state(isLate, func(c *cases.Case) { c.Score = 61 }), "other", 0, ReasonWorsened, ReasonWorsened, ReasonWorsened},
		"that was told":                   {told(func(t *Told) { t.Late = start.Add(-time.Minute) }), "1", state(isLate), "same", 0, ReasonNothingNew, ReasonNothingNew, ReasonNothingNew},
		"not taken in time once more":     {told(func(t *Told) { t.Late = start.Add(-time.Hour) }), "1", state(isLate), "other", 0, ReasonOverdue, ReasonOverdue, ReasonOverdue},
		"taken too late":                  {told(), "1", state(isLate, func(c *cases.Case) { c.RespondedAt = start }), "other", 0, ReasonChanged, ReasonNothingNew, ReasonChanged},
		"late for long":                   {told(), "1", state(func(c *cases.Case) { c.DueAt = start.Add(-lateIsNews) }), "other", 0, ReasonChanged, ReasonNothingNew, ReasonChanged},
		"put off":                         {told(), "1", state(isLate, func(c *cases.Case) { c.SnoozedUntil = start.Add(time.Hour) }), "same", 0, ReasonNothingNew, ReasonNothingNew, ReasonNothingNew},
		"part of a ring":                  {told(), "1", state(isLate, func(c *cases.Case) { c.RingCase = "ring" }), "same", 0, ReasonNothingNew, ReasonNothingNew, ReasonNothingNew},
		"logged, and not taken in time":   {told(), "", state(isLate, func(c *cases.Case) { c.Version = 3 }), "other", 0, ReasonOverdue, ReasonOverdue, ReasonNoMessage},
		"logged before there was a token": {told(), "", state(func(c *cases.Case) { c.Version = 3 }), "other", 0, ReasonChanged, ReasonNothingNew, ReasonNoMessage},
		"logged, changed after":           {told(), "", state(), "other", 0, ReasonChanged, ReasonNothingNew, ReasonNewCase},
		"logged, worse after":             {told(), "", state(func(c *cases.Case) { c.Score = 90 }), "other", 0, ReasonWorsened, ReasonWorsened, ReasonNewCase},
		"logged, closed after":            {told(), "", state(isClosed), "other", 0, ReasonClosed, ReasonClosed, ReasonNoMessage},
	} {
		t.Run(name, func(t *testing.T) {
			d := Delivery{Told: x.told, TS: x.ts}
			if x.ts != "" {
				d.Shown = x.told.Content
			}
			got := compare(x.state, d, x.elsewhere, 50, x.content, start)
			require.Equal(t, x.want, got)
			require.Equal(t, x.log, inLog(got))
			require.Equal(t, x.slack, inSlack(got, x.state, d))
		})
	}
}

func TestWhatIsMuted(t *testing.T) {
	later, past := start.Add(time.Hour), start.Add(-time.Hour)
	for name, x := range map[string]struct {
		snoozed time.Time
		status  cases.Status
		told    *Told
		reason  Reason
		want    MuteCause
	}{
		"nothing to mute":                 {later, cases.StatusOpen, &Told{SnoozedUntil: later}, ReasonNothingNew, ""},
		"not snoozed":                     {time.Time{}, cases.StatusOpen, &Told{}, ReasonWorsened, ""},
		"snoozed, worse":                  {later, cases.StatusOpen, &Told{SnoozedUntil: later}, ReasonWorsened, MuteSnoozed},
		"snoozed, other numbers":          {later, cases.StatusOpen, &Told{SnoozedUntil: later}, ReasonChanged, MuteSnoozed},
		"the snooze itself is told":       {later, cases.StatusOpen, &Told{}, ReasonChanged, ""},
		"a longer snooze is told":         {later, cases.StatusOpen, &Told{SnoozedUntil: past}, ReasonChanged, ""},
		"snoozed before it was told":      {later, cases.StatusOpen, nil, ReasonNewCase, MuteSnoozed},
		"the snooze is over":              {past, cases.StatusOpen, &Told{SnoozedUntil: past}, ReasonWorsened, ""},
		"over on the dot":                 {start, cases.StatusOpen, &Told{SnoozedUntil: start}, ReasonWorsened, ""},
		"closed while snoozed":            {later, cases.StatusClosed, &Told{SnoozedUntil: later}, ReasonClosed, ""},
		"closed before anybody was told":  {time.Time{}, cases.StatusClosed, nil, ReasonClosedUntold, MuteClosedUntold},
		"mild, and nobody needs to know":  {time.Time{}, cases.StatusOpen, nil, ReasonBelowMin, ""},
		"told in another channel already": {later, cases.StatusOpen, nil, ReasonElsewhere, ""},
	} {
		t.Run(name, func(t *testing.T) {
			e := cases.Event{State: cases.Case{Status: x.status, SnoozedUntil: x.snoozed}}
			m := muted(e, Delivery{Told: x.told}, x.reason, Quiet{}, start)
			if x.want == "" {
				require.Nil(t, m)
				return
			}
			require.NotNil(t, m)
			require.Equal(t, x.want, m.Cause)
		})
	}
}
