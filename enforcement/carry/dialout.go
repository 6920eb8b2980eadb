package carry

import (
	"fmt"
	"strings"

	"fairdial/enforcement"
)

// DialOut is where meetings that a person organizes may dial: the conferencing half of a
// Teams dial-out policy.
type DialOut string

// The restrictions, mildest first.
const (
	DialOutAny      DialOut = "any"
	DialOutZoneA    DialOut = "zone_a"
	DialOutDomestic DialOut = "domestic" // the organizer's own country
	DialOutNone     DialOut = "none"     // nowhere
)

// calling is where a person's own calls may go: the other half of the same policy.
type calling string

const (
	callingAny      calling = "any"
	callingDomestic calling = "domestic"
	callingNone     calling = "none"
)

type halves struct {
	meetings DialOut
	own      calling
}

// policies are all that there are: Teams takes no others (learn.microsoft.com, "Outbound
// calling restriction policies", and Get-CsOnlineDialOutPolicy).
var policies = map[halves]string{
	{DialOutAny, callingAny}:           "DialoutCPCandPSTNInternational",
	{DialOutAny, callingDomestic}:      "DialoutCPCInternationalPSTNDomestic",
	{DialOutAny, callingNone}:          "DialoutCPCInternationalPSTNDisabled",
	{DialOutZoneA, callingAny}:         "DialoutCPCZoneAPSTNInternational",
	{DialOutZoneA, callingDomestic}:    "DialoutCPCZoneAPSTNDomestic",
	{DialOutZoneA, callingNone}:        "DialoutCPCZoneAPSTNDisabled",
	{DialOutDomestic, callingAny}:      "DialoutCPCDomesticPSTNInternational",
	{DialOutDomestic, callingDomestic}: "DialoutCPCandPSTNDomestic",
	{DialOutDomestic, callingNone}:     "DialoutCPCDomesticPSTNDisabled",
	{DialOutNone, callingAny}:          "DialoutCPCDisabledPSTNInternational",
	{DialOutNone, callingDomestic}:     "DialoutCPCDisabledPSTNDomestic",
	{DialOutNone, callingNone}:         "DialoutCPCandPSTNDisabled",
}

// strictness orders restrictions; -1 for what is none.
func (d DialOut) strictness() int {
	switch d {
	case DialOutAny:
		return 0
	case DialOutZoneA:
		return 1
	case DialOutDomestic:
		return 2
	case DialOutNone:
		return 3
	default:
		return -1
	}
}

// granted is a user's policy as the script gives it.
type granted struct {
	// Policy is the user's own; "" where the one of the whole tenant holds.
	Policy string `json:"policy"`
	// Conferencing and Calling are the halves of what holds, in Teams' words.
	Conferencing string `json:"conferencing"`
	Calling      string `json:"calling"`
}

// halves says what holds for the user: by Teams' words or, where there are none, by the name.
func (g granted) halves() (halves, error) {
	for h, name := range policies {
		if strings.EqualFold(name, g.Policy) {
			return h, nil
		}
	}
	h := halves{
		meetings: map[string]DialOut{
			"internationalanddomestic": DialOutAny, "zonea": DialOutZoneA, "domesticonly": DialOutDomestic, "disabled": DialOutNone,
		}[strings.ToLower(g.Conferencing)],
		own: map[string]calling{
			"internationalanddomestic": callingAny, "domesticonly": callingDomestic, "disabled": callingNone,
		}[strings.ToLower(g.Calling)],
	}
	if h.meetings == "" || h.own == "" {
		return h, fmt.Errorf("which calls the user may make by himself is not known (policy %q, conferencing %q, calling %q), so no policy that leaves them as they are can be chosen",
			g.Policy, g.Conferencing, g.Calling)
	}
	return h, nil
}

// restricted is the policy that restricts a user's meetings, and leaves the user's own calls
// as they are. Meetings that are restricted more already stay so.
func (g granted) restricted(to DialOut) (string, error) {
	h, err := g.halves()
	if err != nil {
		return "", err
	}
	if to.strictness() > h.meetings.strictness() {
		h.meetings = to
	}
	return policies[h], nil
}

// checkDialOut refuses what is no restriction.
func checkDialOut(by map[enforcement.Level]DialOut) error {
	for level, to := range by {
		if to.strictness() <= 0 {
			return fmt.Errorf("%q for %s: want zone_a, domestic or none", to, level)
		}
	}
	return nil
}
