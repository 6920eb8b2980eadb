package alerting

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"fairdial/cases"
	"fairdial/enforcement"
)

// ButtonID names what a button under a case's message does.
type ButtonID string

// The buttons.
const (
	ButtonAcknowledge ButtonID = "fairdial_acknowledge"
	ButtonSnooze      ButtonID = "fairdial_snooze"
	ButtonExpected    ButtonID = "fairdial_expected"
	ButtonDismiss     ButtonID = "fairdial_dismiss" // a list of causes, of which one is chosen
	ButtonThrottle    ButtonID = "fairdial_throttle"
	ButtonOpen        ButtonID = "fairdial_open" // a link: nothing is left to be done
)

// Seen is the state that a button's message showed: a press is about that state, and about
// no later one that somebody else has made of it.
type Seen struct {
	CaseID      string `json:"case"`
	CaseVersion int    `json:"case_version"`
	// EnforcementVersion is that of the organizer's enforcement log.
	EnforcementVersion int `json:"enforcement_version,omitempty"`
}

// ParseSeen reads the value of a button.
func ParseSeen(value string) (Seen, error) {
	var s Seen
	if err := json.Unmarshal([]byte(value), &s); err != nil || s.CaseID == "" || s.CaseVersion < 1 {
		return Seen{}, fmt.Errorf("the value of a button names no case and version: was the message made by this program?")
	}
	return s, nil
}

// Value writes it as the value of a button.
func (s Seen) Value() string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // a struct of numbers and one text is always encoded
	}
	return string(text)
}

// offers are the buttons of a case's message, as the case stands. A choice of a list has room for
// little but itself, so the block that holds them all is named by what the message showed.
func offers(s subject, link string) slack.Block {
	seen := Seen{CaseID: s.event.State.ID, CaseVersion: s.event.State.Version, EnforcementVersion: s.version}.Value()
	if all := buttons(s, seen, link); len(all) > 0 {
		return slack.NewActionBlock(seen, all...)
	}
	return nil
}

// causes is the list out of which somebody says what makes a case a false alarm.
func causes() *slack.SelectBlockElement {
	var options []*slack.OptionBlockObject
	for _, c := range cases.Causes() {
		options = append(options, slack.NewOptionBlockObject(string(c), plainText(strings.ReplaceAll(string(c), "_", " ")), nil))
	}
	list := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plainText("False alarm, because …"), string(ButtonDismiss), options...)
	list.Confirm = slack.NewConfirmationBlockObject(
		plainText("Close it as a false alarm?"), plainText("The case is closed, and rules are judged by the cause that you chose."),
		plainText("Close it"), plainText("Cancel"))
	return list
}

// buttons are what a case's message offers; nil for none.
func buttons(s subject, value, link string) []slack.BlockElement {
	c := s.event.State
	var out []slack.BlockElement
	button := func(id ButtonID, label string) *slack.ButtonBlockElement {
		b := slack.NewButtonBlockElement(string(id), value, plainText(label))
		out = append(out, b)
		return b
	}
	if c.Status != cases.StatusClosed {
		if c.Status == cases.StatusOpen {
			button(ButtonAcknowledge, "Acknowledge").Style = slack.StylePrimary
		}
		if !s.now.Before(c.SnoozedUntil) {
			button(ButtonSnooze, "Snooze 24 h")
		}
		button(ButtonExpected, "Mark as expected")
		out = append(out, causes())
		if c.OrganizerID != "" && s.throttleable {
			label := "Throttle"
			if p := s.pending; p != nil && p.What() == enforcement.ActionThrottle {
				label = "Approve the throttle"
			}
			ask := button(ButtonThrottle, label)
			ask.Style = slack.StyleDanger
			ask.Confirm = slack.NewConfirmationBlockObject(
				plainText("Throttle this organizer?"),
				plainText("Calls go through within the limits of the policy until it ends by itself. Where the policy wants an approval, this asks for one."),
				plainText(label), plainText("Cancel"))
		}
	}
	if link != "" && len(link) <= maxLink {
		button(ButtonOpen, "Open case").URL = link
	}
	return out
}
