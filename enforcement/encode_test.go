package enforcement

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// What is written by hand is what encoding/json writes, for every decision there can be.
func TestDecisionsAreWrittenAsJSONIs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := func(name string) string {
			return rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "plain text: 60 minutes", `<b>&"\`, "\u2028\x00\x7f", "\xff"})).Draw(t, name)
		}
		there := func(name string) bool { return rapid.Bool().Draw(t, name) }
		d := Decision{
			OrganizerID: text("organizer"), TenantID: text("tenant"), Decision: Answer(text("decision")),
			Reason: text("reason"), Level: Level(text("level")), DryRun: there("dry"),
		}
		if there("limits") {
			legs := rapid.Int().Draw(t, "legs")
			minutes := Minutes{decimal.New(rapid.Int64Range(-1e12, 1e12).Draw(t, "left"), -2)}
			d.Limits, d.LegsLeft, d.MinutesLeft = &Limits{MinutesPerHour: rapid.Int().Draw(t, "minutes"), Legs: legs}, &legs, &minutes
		}
		if there("until") {
			until := time.UnixMilli(rapid.Int64Range(0, 4e12).Draw(t, "at")).UTC()
			d.Until = &until
		}
		if there("case") {
			id := text("id")
			d.CaseID = &id
		}
		if there("would") {
			d.Would = &Would{Decision: Answer(text("answer")), Reason: text("because")}
		}
		if there("failed") {
			way := text("way")
			d.Failed = &way
		}
		want, err := json.Marshal(d)
		require.NoError(t, err)
		require.Equal(t, string(want), string(d.AppendJSON(nil)))
	})
}
