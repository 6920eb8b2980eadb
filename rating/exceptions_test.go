package rating_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/rating"
)

// Who held the add-on, since when, beside what, and what they called meanwhile: worked out by hand.
func TestWhatOrganizersUsedWithoutLicences(t *testing.T) {
	w := newWorld(t)
	w.tenant("t", "US", false, "")
	before, middle := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 2, 15, 0, 0, 0, 0, time.UTC)
	w.skus("t", before, conferencing(20))
	w.licences("t",
		held{organizer: "alone", plan: planAddon, from: before},
		held{organizer: "idle", plan: planAddon, from: before},
		held{organizer: "partly", plan: planAddon, from: middle},
		held{organizer: "late", plan: planAddon, from: before}, held{organizer: "late", plan: planConferencing, from: middle},
		held{organizer: "fine", plan: planAddon, from: before}, held{organizer: "fine", plan: planConferencing, from: before},
		held{organizer: "plain", plan: planConferencing, from: before},
	)
	for i, organizer := range []string{"alone", "partly", "late", "fine", "plain", "nobody"} {
		for j, day := range []int{3, 20, 21} {
			for k, country := range []string{"US", "DE"} {
				w.use(revision{tenant: "t", id: string(rune('a'+i)) + string(rune('0'+j)) + country, organizer: organizer, start: time.Date(2026, 2, day, 12, k, 0, 0, time.UTC), seconds: uint32(60 * (j + 1)), country: country, class: "geographic"}) //nolint:gosec // small
			}
		}
	}
	r := w.rater()
	w.rate(r, rating.Request{})
	all, err := w.books(r).Statements(context.Background(), february, nil)
	require.NoError(t, err)
	require.Len(t, all, 1)
	type found struct {
		code, organizer string
		calls, seconds  uint64
	}
	var got []found
	for _, x := range all[0].Exceptions {
		if x.OrganizerID != "" {
			got = append(got, found{x.Code, x.OrganizerID, x.Calls, x.Seconds})
		}
	}
	require.Equal(t, []found{
		{"addon_without_prerequisite", "alone", 3, 360},
		{"addon_without_prerequisite", "idle", 0, 0},
		{"addon_without_prerequisite", "late", 1, 60}, // before they held what it takes
		{"addon_without_prerequisite", "partly", 2, 300},
		{"pool_without_licence", "alone", 6, 720},
		{"pool_without_licence", "late", 2, 120},
		{"pool_without_licence", "nobody", 6, 720},
		{"pool_without_licence", "partly", 6, 720},
	}, got)
}
