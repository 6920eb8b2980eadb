package alerting

import (
	"encoding/json"
	"fmt"

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

// buttons are what a case's message offers, as the case stands; nil for none.
func buttons(s subject, link string) []slack.BlockElement {
	c := s.event.State
	value := Seen{CaseID: c.ID, CaseVersion: c.Version, EnforcementVersion: s.version}.Value()
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
