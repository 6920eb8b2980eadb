package detector

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"fairdial/cases"
	"fairdial/rules"
)

// finding is a row of the table finding_rows.
type finding struct {
	ID              uuid.UUID       `ch:"finding_id"`
	TenantID        string          `ch:"tenant_id"`
	OrganizerID     string          `ch:"organizer_id"`
	RuleID          string          `ch:"rule_id"`
	RuleVersion     uint32          `ch:"rule_version"`
	RuleTitle       string          `ch:"rule_title"`
	RuleStatus      string          `ch:"rule_status"`
	Family          string          `ch:"family"`
	Weight          float64         `ch:"weight"`
	Verdict         string          `ch:"verdict"`
	Severity        string          `ch:"severity"`
	At              time.Time       `ch:"at"`
	WindowStart     time.Time       `ch:"window_start"`
	WindowEnd       time.Time       `ch:"window_end"`
	Value           float64         `ch:"value"`
	Threshold       float64         `ch:"threshold"`
	Baseline        *float64        `ch:"baseline"`
	Unit            string          `ch:"unit"`
	ExposureSeconds int64           `ch:"exposure_seconds"`
	ExposureAmount  decimal.Decimal `ch:"exposure_amount"`
	Currency        string          `ch:"exposure_currency"`
	UsageIDs        []string        `ch:"usage_ids"`
	Calls           int64           `ch:"calls"`
	Sentence        string          `ch:"sentence"`
	Facts           string          `ch:"facts"`
	Outcome         string          `ch:"outcome"`
	PassID          uuid.UUID       `ch:"pass_id"`
	DetectedAt      time.Time       `ch:"detected_at"`
}

// The outcomes of a finding.
const (
	outcomeHit     = "hit"
	outcomeSnoozed = "snoozed"
)

// who is an organizer.
type who struct{ tenantID, organizerID string }

func (f finding) who() who { return who{f.TenantID, f.OrganizerID} }

// findingSpace is the name space of derived finding ids.
var findingSpace = uuid.MustParse("5a5c1f2e-6a57-4d0e-9a35-1c1f0b6f2d11")

// findingID is the same for what one rule has against one organizer in one month (UTC, by
// the end of the window). After people closed the case a new count begins.
func findingID(ruleID string, o who, windowEnd time.Time, closings int) uuid.UUID {
	month := windowEnd.Add(-time.Millisecond).UTC().Format("2006-01")
	return uuid.NewSHA1(findingSpace, fmt.Appendf(nil, "%s\x00%s\x00%s\x00%s\x00%d", ruleID, o.tenantID, o.organizerID, month, closings))
}

// growth is by how much a finding's value must have grown for a further row of it.
const growth = 1.5

// tell makes findings of a rule's hits: each goes on from the newest row of the finding
// that is known already, and only what is new, worse or half as large again is kept.
// Hits come in the order of time. The known rows are brought up to date.
func (d *Detector) tell(r rules.Rule, cols columns, hits []hit, known map[uuid.UUID]finding, about map[who]cases.Case, pass uuid.UUID, now time.Time) ([]finding, error) {
	slices.SortStableFunc(hits, func(a, b hit) int { return a.at.Compare(b.at) })
	var out []finding
	for _, h := range hits {
		o := who{h.tenantID, h.organizerID}
		c := about[o]
		closings, _ := c.Closing(h.windowStart)
		id := findingID(r.ID, o, h.windowEnd, closings)
		if last, there := known[id]; there && h.value < last.Value*growth &&
			(h.severity != cases.SeverityCritical || last.Severity == string(cases.SeverityCritical)) {
			continue
		}
		f, err := d.finding(r, cols, h)
		if err != nil {
			return nil, err
		}
		f.ID, f.PassID, f.DetectedAt = id, pass, now.UTC()
		if c.Snoozed(r.ID, h.at) {
			f.Outcome = outcomeSnoozed
		}
		known[id] = f
		out = append(out, f)
	}
	return out, nil
}

func (d *Detector) finding(r rules.Rule, cols columns, h hit) (finding, error) {
	facts := map[string]any{}
	row := rules.Row{}
	for i, name := range cols.names {
		v := plainValue(h.row[i])
		row[name] = v
		if !slices.Contains(required, name) {
			facts[name] = v
		}
	}
	maps.Copy(row, rules.Row{
		"value": h.value, "threshold": r.Thresholds.Of(h.severity), "severity": string(h.severity), "baseline": nil,
		"at": h.at, "window_start": h.windowStart, "window_end": h.windowEnd,
		"calls": h.proof.calls, "exposure_seconds": h.proof.seconds,
	})
	if h.baseline != nil {
		row["baseline"] = *h.baseline
	}
	sentence, err := r.Tell(row)
	if err != nil {
		return finding{}, err
	}
	text, err := json.Marshal(facts)
	if err != nil {
		return finding{}, fmt.Errorf("rule %s: facts: %w", r.Key(), err)
	}
	return finding{
		TenantID: h.tenantID, OrganizerID: h.organizerID,
		RuleID: r.ID, RuleVersion: uint32(r.Version), RuleTitle: r.Title, RuleStatus: string(r.Status),
		Family: r.Family, Weight: r.Weight(h.value), Verdict: string(r.Verdict), Severity: string(h.severity),
		At: h.at, WindowStart: h.windowStart, WindowEnd: h.windowEnd,
		Value: h.value, Threshold: r.Thresholds.Of(h.severity), Baseline: h.baseline, Unit: r.Unit,
		ExposureSeconds: h.proof.seconds, ExposureAmount: h.proof.amount.Round(6), Currency: d.o.Rates.Currency,
		UsageIDs: h.proof.usageIDs, Calls: h.proof.calls, Sentence: sentence, Facts: string(text), Outcome: outcomeHit,
	}, nil
}

// plainValue is a scanned value without pointers, and as JSON can have it.
func plainValue(v any) any {
	switch x := v.(type) {
	case *float64:
		if x == nil {
			return nil
		}
		return plainValue(*x)
	case float64:
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil
		}
		return x
	case *string:
		if x == nil {
			return nil
		}
		return *x
	case time.Time:
		return x.UTC()
	}
	return v
}

// told is a finding as a case has it.
func (f finding) told() cases.Finding {
	out := cases.Finding{
		ID: f.ID.String(), RuleID: f.RuleID, RuleVersion: int(f.RuleVersion), RuleTitle: f.RuleTitle,
		Verdict: cases.Verdict(f.Verdict), Severity: cases.Severity(f.Severity), At: f.At.UTC(),
		WindowStart: f.WindowStart.UTC(), WindowEnd: f.WindowEnd.UTC(), Value: f.Value, Threshold: f.Threshold, Baseline: f.Baseline,
		Unit: f.Unit, ExposureSeconds: f.ExposureSeconds, ExposureAmount: f.ExposureAmount, Currency: f.Currency,
		UsageIDs: f.UsageIDs, Calls: f.Calls, Sentence: f.Sentence, Weight: f.Weight, Family: f.Family, Outcome: f.Outcome,
	}
	// Facts were JSON when they were written; what cannot be read is left out.
	_ = json.Unmarshal([]byte(f.Facts), &out.Facts)
	return out
}
