package rating

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"fairdial/rules/plan"
)

// storedTerms is a row of rating_terms.
type storedTerms struct {
	PlanVersion string    `ch:"plan_version"`
	Terms       string    `ch:"terms"`
	StoredAt    time.Time `ch:"stored_at"`
}

// keepTerms stores the terms that a request rates under, unless they are there: an
// explanation of the rating is given under them, whatever the plan says by then.
func (r *Rater) keepTerms(ctx context.Context, due []survey) error {
	byID := map[string]plan.Terms{}
	ids := []string{}
	for _, s := range due {
		if id := s.inputs.terms.ID; byID[id].ID == "" {
			byID[id] = s.inputs.terms
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	there, err := query[storedTerms](ctx, r.conn, "terms_of", named("versions", ids))
	if err != nil {
		return err
	}
	for _, t := range there {
		ids = slices.DeleteFunc(ids, func(id string) bool { return id == t.PlanVersion })
	}
	if len(ids) == 0 {
		return nil
	}
	rows := make([]storedTerms, len(ids))
	for i, id := range ids {
		text, err := json.Marshal(byID[id])
		if err != nil {
			return fmt.Errorf("write down plan version %s: %w", id, err)
		}
		rows[i] = storedTerms{id, string(text), r.now().UTC()}
	}
	return insert(ctx, r.conn, "insert_terms", rows)
}

// ErrAddonLost is returned by Rate before anything is rated.
var ErrAddonLost = errors.New("no service plan of the add-on is named, but the rating in force knew one")

// keepsAddon refuses to rate a month again without the add-on that was rated with it. A
// command that was given another configuration than the daemon would take the add-on from
// everybody, without a word.
func (r *Rater) keepsAddon(ctx context.Context, req Request, due []survey) error {
	if req.WithoutAddon {
		return nil
	}
	asked := map[string]bool{}
	for _, s := range due {
		if s.current.Sequence == 0 || len(s.inputs.terms.Identities.Addon.ServicePlans) > 0 || asked[s.current.PlanVersion] {
			continue
		}
		asked[s.current.PlanVersion] = true
		before, known, err := r.termsOf(ctx, s.current.PlanVersion)
		if err != nil {
			return err
		}
		if known && len(before.Identities.Addon.ServicePlans) > 0 {
			return fmt.Errorf("%s of tenant %s: %w (%s): name it in licences.addon, or ask for a rating without it",
				s.key.month, s.key.tenant, ErrAddonLost, before.Identities.Addon.ServicePlans[0])
		}
	}
	return nil
}

// termsOf are the terms of a plan version that was rated under; false where it was
// rated before terms were kept.
func (r *Rater) termsOf(ctx context.Context, version string) (plan.Terms, bool, error) {
	rows, err := query[storedTerms](ctx, r.conn, "terms_of", named("versions", []string{version}))
	if err != nil || len(rows) == 0 {
		return plan.Terms{}, false, err
	}
	var t plan.Terms
	if err := json.Unmarshal([]byte(rows[0].Terms), &t); err != nil {
		return plan.Terms{}, false, fmt.Errorf("read plan version %s: %w", version, err)
	}
	return t, true, nil
}
