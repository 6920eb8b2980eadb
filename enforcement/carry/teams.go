package carry

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strings"

	"fairdial/enforcement"
)

// TeamsScript is the PowerShell script that reads and grants a user's dial-out policy.
//
//go:embed teams.ps1
var TeamsScript string

// Teams restricts where an organizer's meetings may dial (Grant-CsDialoutPolicy) while the
// organizer is throttled or suspended, and grants the former policy afterwards. One policy
// says both where meetings and where the person's own calls may go, so the one is chosen that
// leaves the latter as they are. PowerShell is the one documented way to it.
type Teams struct {
	name    string
	command []string
	dialOut map[enforcement.Level]DialOut
}

var policyName = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,120}$`)

// NewTeams makes the adapter. command runs the script, such as pwsh -NoProfile -File
// teams.ps1; dialOut is the restriction of meetings by level.
func NewTeams(name string, command []string, dialOut map[enforcement.Level]DialOut) (*Teams, error) {
	if len(command) == 0 || len(dialOut) == 0 {
		return nil, fmt.Errorf("adapter %s: Teams needs the command that runs the script, and where meetings may dial at a throttle or a suspension", name)
	}
	if err := checkDialOut(dialOut); err != nil {
		return nil, fmt.Errorf("adapter %s: %w", name, err)
	}
	return &Teams{name: name, command: command, dialOut: dialOut}, nil
}

// Effect implements [Adapter].
func (t *Teams) Effect(level enforcement.Level) string {
	meetings := map[DialOut]string{
		DialOutZoneA:    "countries of zone A only; calls within the United States go on",
		DialOutDomestic: "the organizer's own country only; calls within the United States go on for an organizer there",
		DialOutNone:     "nowhere",
	}[t.dialOut[level]]
	if meetings == "" {
		return ""
	}
	return t.name + ": by the dial-out policy in Teams the organizer's meetings may dial " + meetings +
		". The person's own calls stay as they are, and the former policy is granted again at the end."
}

// Name implements [Adapter].
func (t *Teams) Name() string { return t.name }

// Wish implements [Adapter].
func (t *Teams) Wish(o Order) string {
	if to := t.dialOut[o.Level]; to != "" {
		return "meetings dial " + string(to)
	}
	return ""
}

// Prepare implements [Adapter].
func (t *Teams) Prepare(ctx context.Context, o Order) (json.RawMessage, error) {
	g, err := t.script(ctx, o, "get", "")
	if err != nil {
		return nil, err
	}
	if _, err = g.halves(); err != nil {
		return nil, err
	}
	return json.Marshal(g)
}

// Apply implements [Adapter].
func (t *Teams) Apply(ctx context.Context, o Order, wish string, before json.RawMessage) error {
	want, err := t.wanted(wish, o, before)
	if err == nil {
		_, err = t.script(ctx, o, "set", want)
	}
	return err
}

// Verify implements [Adapter].
func (t *Teams) Verify(ctx context.Context, o Order, wish string, before json.RawMessage) error {
	want, err := t.wanted(wish, o, before)
	if err != nil {
		return err
	}
	g, err := t.script(ctx, o, "get", "")
	if err == nil && !strings.EqualFold(g.Policy, want) {
		err = fmt.Errorf("the policy is %q and should be %q; Teams can take some minutes", g.Policy, want)
	}
	return err
}

// wanted is the policy that should hold: one for the wish, or what was there before.
func (t *Teams) wanted(wish string, o Order, before json.RawMessage) (string, error) {
	var g granted
	if err := json.Unmarshal(before, &g); err != nil {
		return "", fmt.Errorf("what was remembered cannot be read: %w", err)
	}
	if wish == "" {
		return g.Policy, nil
	}
	return g.restricted(t.dialOut[o.Level])
}

// script runs the script; user and policy are arguments of their own, never part of a line
// that a shell reads.
func (t *Teams) script(ctx context.Context, o Order, action, policy string) (granted, error) {
	if !policyName.MatchString(o.OrganizerID) || policy != "" && !policyName.MatchString(policy) {
		return granted{}, errors.New("the organizer's id or the policy's name has characters that neither has")
	}
	args := append(append([]string(nil), t.command[1:]...), "-Action", action, "-Identity", o.OrganizerID, "-PolicyName", policy)
	cmd := exec.CommandContext(ctx, t.command[0], args...) //nolint:gosec // the operator's own command
	var out, problem bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problem
	if err := cmd.Run(); err != nil {
		first, _, _ := strings.Cut(strings.TrimSpace(problem.String()), "\n")
		return granted{}, fmt.Errorf("the script failed (%w): %.200s", err, first)
	}
	var g granted
	if err := json.Unmarshal(bytes.TrimSpace(out.Bytes()), &g); err != nil {
		return granted{}, errors.New("the script's answer cannot be read: it must be one line of JSON with the policy")
	}
	if len(g.Policy) > 4 && strings.EqualFold(g.Policy[:4], "tag:") {
		g.Policy = g.Policy[4:] // Teams puts it before a policy's name in some answers
	}
	return g, nil
}
