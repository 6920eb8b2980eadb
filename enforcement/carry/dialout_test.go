package carry

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"fairdial/enforcement"
)

// A person's own calls stay as they are, whichever of the policies the person has, and a
// restriction is never a relief.
func TestThePersonsOwnCallsStayAsTheyAre(t *testing.T) {
	t.Parallel()
	require.Len(t, policies, 12)
	for was, name := range policies {
		for _, to := range []DialOut{DialOutZoneA, DialOutDomestic, DialOutNone} {
			for _, g := range []granted{{Policy: name}, {Policy: "dialout" + name[len("Dialout"):]}} {
				policy, err := g.restricted(to)
				require.NoError(t, err)
				now, err := granted{Policy: policy}.halves()
				require.NoError(t, err)
				require.Equal(t, was.own, now.own, "%s to %s", name, to)
				require.Equal(t, max(was.meetings.strictness(), to.strictness()), now.meetings.strictness(), "%s to %s", name, to)
			}
		}
	}
	for want, g := range map[string]granted{
		"DialoutCPCDisabledPSTNDomestic":      {Conferencing: "InternationalAndDomestic", Calling: "DomesticOnly"},
		"DialoutCPCDisabledPSTNInternational": {Conferencing: "ZoneA", Calling: "InternationalAndDomestic"},
		"DialoutCPCandPSTNDisabled":           {Conferencing: "DomesticOnly", Calling: "Disabled"},
	} {
		policy, err := g.restricted(DialOutNone)
		require.NoError(t, err)
		require.Equal(t, want, policy, "the policy of the whole tenant holds")
	}
	_, err := granted{}.restricted(DialOutNone)
	require.ErrorContains(t, err, "not known")
}

// Whoever has the tenant's policy, or may call within the country alone, has that again
// afterwards and all the while for his own calls.
func TestAPolicyIsChosenForThePerson(t *testing.T) {
	t.Parallel()
	for was, want := range map[string][2]string{
		"": {"DialoutCPCandPSTNDomestic", "DialoutCPCDisabledPSTNDomestic"},
		"tag:DialoutCPCInternationalPSTNDisabled": {"DialoutCPCDomesticPSTNDisabled", "DialoutCPCandPSTNDisabled"},
		"DialoutCPCandPSTNDomestic":               {"DialoutCPCandPSTNDomestic", "DialoutCPCDisabledPSTNDomestic"},
		"DialoutCPCDisabledPSTNInternational":     {"DialoutCPCDisabledPSTNInternational", "DialoutCPCDisabledPSTNInternational"},
	} {
		w := newWorld(t)
		require.NoError(t, os.WriteFile(w.teams, []byte(was), 0o600))
		for i, level := range []enforcement.Level{enforcement.LevelThrottle, enforcement.LevelSuspend} {
			w.decided.set(level, w.now)
			require.Equal(t, Report{Changed: 1}, w.run(w.script()), was)
			require.Equal(t, want[i], w.policy())
		}
		w.decided.set(enforcement.LevelObserve, w.now)
		require.Equal(t, Report{Changed: 1}, w.run(w.script()))
		require.Equal(t, trimTag(was), w.policy(), "the former policy")
	}
}

func trimTag(policy string) string {
	if len(policy) > 4 && policy[:4] == "tag:" {
		return policy[4:]
	}
	return policy
}
