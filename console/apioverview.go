package console

import (
	"net/http"
	"time"
)

// ageOfCases are the open cases of an age.
type ageOfCases struct {
	Open    string `json:"open_for"`
	Cases   int    `json:"cases"`
	Seconds int64  `json:"exposure_seconds"`
}

// paidBy is what a bucket paid for.
type paidBy struct {
	Bucket  string `json:"bucket"`
	Seconds int64  `json:"seconds"`
}

// waitingStep is a step against an organizer that waits for a second person.
type waitingStep struct {
	TenantID    string    `json:"tenant_id"`
	OrganizerID string    `json:"organizer_id"`
	Action      string    `json:"action"`
	By          string    `json:"asked_by"`
	At          time.Time `json:"asked_at"` // UTC
	Until       time.Time `json:"until"`    // UTC; when it lapses
	Reason      string    `json:"reason"`
	Own         bool      `json:"own"` // the caller asked for it, and another person decides
}

// overview is what needs somebody now, as the first page has it.
func (a *api) overview(w http.ResponseWriter, r *http.Request) {
	b, err := overviewOf(r.Context(), a.opts, a.views, actor(r))
	if err != nil {
		a.fail(w, r, err)
		return
	}
	rejected := int64(0)
	for _, rows := range b.Rejected {
		rejected += rows
	}
	ages, paid, waiting, worst := []ageOfCases{}, []paidBy{}, []waitingStep{}, []string{}
	for _, age := range b.Ages {
		ages = append(ages, ageOfCases{age.Name, age.Cases, age.Seconds})
	}
	for _, p := range b.Paid {
		paid = append(paid, paidBy(p))
	}
	for _, x := range b.Waiting {
		waiting = append(waiting, waitingStep{x.TenantID, x.OrganizerID, string(x.Pending.What()), x.Pending.Actor, x.Pending.At.UTC(), x.Pending.Until.UTC(), maskText(x.Pending.Reason), x.Own})
	}
	for _, c := range b.Worst {
		worst = append(worst, c.ID)
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"open": b.Open, "critical": b.Critical, "overdue": b.Overdue, "unassigned": b.Unassigned, "appeals": b.Appeals, "exposure_seconds": b.ExposureSeconds,
		"failed_jobs": b.FailedJobs, "troubled_sources": b.Troubled, "rejected_rows": rejected, "waiting": waiting, "worst": worst, "ages": ages, "month": b.Month, "paid": paid,
	})
}
