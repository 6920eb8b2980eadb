package alerting

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"fairdial/cases"
)

// Forecast is how many messages a stretch of the case log would have made. Posted, Storms
// and Replies are what people are shown as new; Updates change messages in place.
type Forecast struct {
	Messages int `json:"messages"` // posted, storms and replies together
	Posted   int `json:"posted"`   // cases told by a message of their own
	Storms   int `json:"storms"`   // messages about many new cases
	InStorms int `json:"in_storms"`
	Replies  int `json:"replies"` // in a case's thread: it got worse
	Updates  int `json:"updates"`
	// Delayed are new and worse cases that quiet hours would have kept back for a while.
	Delayed int `json:"delayed"`
	// Channels is the messages by channel.
	Channels map[string]int `json:"channels"`
}

// Forecast says how many messages the events of cases would have made, if each step had been
// told as it happened, from nothing told before, with this Alerter's channels, quiet hours,
// storms and least risk, and with Slack even where there is no token. Nothing is sent or
// written. Events come in the order of their times; what enforcement would have changed in
// messages is left out, and so is that nobody took a case in time: who would have, nobody knows.
func (a *Alerter) Forecast(events []cases.Event) Forecast {
	f := forecast{Alerter: a, book: map[string]Delivery{}, waiting: map[string]cases.Event{}, storms: map[string]time.Time{}}
	f.Channels = map[string]int{}
	for len(events) > 0 {
		n := 1
		for n < len(events) && events[n].At.Equal(events[0].At) {
			n++
		}
		f.step(events[:n], events[0].At)
		events = events[n:]
	}
	// The last of the quiet hours pass.
	for i := 0; i < 2 && len(f.waiting) > 0; i++ {
		var at time.Time
		for _, e := range f.waiting {
			_, until := f.quietIn(f.route(e.State).Channel).holds(e.At)
			if until.After(at) {
				at = until
			}
		}
		f.step(nil, at)
	}
	f.Messages = f.Posted + f.Storms + f.Replies
	return f.Forecast
}

// forecast is a forecast on its way.
type forecast struct {
	*Alerter
	Forecast
	book    map[string]Delivery    // by case and channel
	waiting map[string]cases.Event // kept back by quiet hours, by case
	storms  map[string]time.Time   // when each channel's storm was last added to
}

func (f *forecast) step(events []cases.Event, at time.Time) {
	due := f.waiting
	f.waiting = map[string]cases.Event{}
	for _, e := range events {
		due[e.CaseID] = e // a later one of the step counts
	}
	fresh := map[string][]cases.Event{}
	for _, e := range due {
		for _, channel := range f.places(e.State, book{here: f.book}) {
			if f.tell(e, channel, at) {
				fresh[channel] = append(fresh[channel], e)
			}
		}
	}
	for channel, list := range fresh {
		f.introduce(channel, list, at)
	}
}

// tell counts what a change does to a message that stands. It says whether the case is
// rather to be told for the first time.
func (f *forecast) tell(e cases.Event, channel string, at time.Time) (fresh bool) {
	c := e.State
	d := f.book[subjectOf(c.ID, channel)]
	d.Channel = channel
	elsewhere := 0
	for _, other := range f.channels() {
		if told := f.book[subjectOf(c.ID, other)].Told; other != channel && told != nil {
			elsewhere = max(elsewhere, told.CaseVersion)
		}
	}
	reason := inSlack(compare(c, d, elsewhere, f.minScore, strconv.Itoa(c.Version), time.Time{}), c, d)
	if why := muted(e, d, reason, f.quietIn(channel), at); why != nil {
		if _, again := f.waiting[c.ID]; !again && why.Cause == MuteQuietHours {
			f.waiting[c.ID] = e
			if e.At.Equal(at) {
				f.Delayed++
			}
		}
		return false
	}
	if reason == ReasonNewCase {
		return true
	}
	if !reason.tells() {
		return false
	}
	f.Updates++
	if reason != ReasonChanged {
		f.Replies++
		f.Channels[channel]++
	}
	f.note(e, channel, d)
	return false
}

// introduce counts new cases of a channel: a message each, or one for all in a storm.
func (f *forecast) introduce(channel string, list []cases.Event, at time.Time) {
	recent := 0
	for _, d := range f.book {
		if d.Channel == channel && d.PostedAt.After(at.Add(-f.storm.Window)) {
			recent++
		}
	}
	last, was := f.storms[channel]
	goesOn := was && at.Sub(last) < f.storm.Window
	if f.storm.Over > 0 && (goesOn || len(list)+recent > f.storm.Over) {
		if goesOn {
			f.Updates++
		} else {
			f.Storms++
			f.Channels[channel]++
		}
		f.storms[channel] = at
		f.InStorms += len(list)
		for _, e := range list {
			f.note(e, channel, Delivery{Channel: channel, Digest: "storm"})
		}
		return
	}
	f.Posted += len(list)
	f.Channels[channel] += len(list)
	for _, e := range list {
		d := f.book[subjectOf(e.CaseID, channel)]
		d.Channel, d.TS, d.PostedAt, d.Digest = channel, "posted", cmp.Or(d.PostedAt, at), ""
		f.note(e, channel, d)
	}
}

// note keeps what has been told of a case.
func (f *forecast) note(e cases.Event, channel string, d Delivery) {
	told := toldOf(e.State, Message{})
	told.Content = strconv.Itoa(e.State.Version)
	slices.Sort(told.Findings)
	d.Told, d.Shown = &told, told.Content
	f.book[subjectOf(e.CaseID, channel)] = d
}
