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

// Teams grants another dial-out policy (Grant-CsDialoutPolicy) while an organizer is
// throttled or suspended, and the former one afterwards. PowerShell is the one documented
// way to it.
type Teams struct {
	name     string
	command  []string
	policies map[enforcement.Level]string
}

var policyName = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,120}$`)

// NewTeams makes the adapter. command runs the script, such as pwsh -NoProfile -File
// teams.ps1; policies are the names by level.
func NewTeams(name string, command []string, policies map[enforcement.Level]string) (*Teams, error) {
	if len(command) == 0 || len(policies) == 0 {
		return nil, fmt.Errorf("adapter %s: Teams needs the command that runs the script, and a policy for throttle or suspend", name)
	}
	for level, policy := range policies {
		if !policyName.MatchString(policy) {
			return nil, fmt.Errorf("adapter %s: %q is no policy's name for %s", name, policy, level)
		}
	}
	return &Teams{name: name, command: command, policies: policies}, nil
}

// Effect implements [Adapter].
func (t *Teams) Effect(level enforcement.Level) string {
	policy := t.policies[level]
	if policy == "" {
		return ""
	}
	return t.name + ": the organizer's dial-out policy becomes " + policy + ", and what it was before at the end."
}

// Name implements [Adapter].
func (t *Teams) Name() string { return t.name }

// Wish implements [Adapter].
func (t *Teams) Wish(o Order) string { return t.policies[o.Level] }

// granted is a user's policy; "" is the one of the whole tenant.
type granted struct {
	Policy string `json:"policy"`
}

// Prepare implements [Adapter].
func (t *Teams) Prepare(ctx context.Context, o Order) (json.RawMessage, error) {
	g, err := t.script(ctx, o, "get", "")
	if err != nil {
		return nil, err
	}
	return json.Marshal(g)
}

// Apply implements [Adapter].
func (t *Teams) Apply(ctx context.Context, o Order, wish string, before json.RawMessage) error {
	want, err := wanted(wish, before)
	if err == nil {
		_, err = t.script(ctx, o, "set", want)
	}
	return err
}

// Verify implements [Adapter].
func (t *Teams) Verify(ctx context.Context, o Order, wish string, before json.RawMessage) error {
	want, err := wanted(wish, before)
	if err != nil {
		return err
	}
	g, err := t.script(ctx, o, "get", "")
	if err == nil && !strings.EqualFold(g.Policy, want) {
		err = fmt.Errorf("the policy is %q and should be %q; Teams can take some minutes", g.Policy, want)
	}
	return err
}

// wanted is the policy that should hold: the wish, or what was there before.
func wanted(wish string, before json.RawMessage) (string, error) {
	if wish != "" {
		return wish, nil
	}
	var g granted
	if err := json.Unmarshal(before, &g); err != nil {
		return "", fmt.Errorf("what was remembered cannot be read: %w", err)
	}
	return g.Policy, nil
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
