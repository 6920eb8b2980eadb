package console

import (
	"context"
	"slices"

	"fairdial/cases"
)

// maskedCase is a case whose free text shows no whole phone number: what people wrote, what rules
// said, and what they said it of. Cases are shared, so it is another one where anything is cut.
func maskedCase(c cases.Case) cases.Case {
	c.Assignee = maskText(c.Assignee)
	c.Snoozes = slices.Clone(c.Snoozes)
	for i := range c.Snoozes {
		c.Snoozes[i].Reason = maskText(c.Snoozes[i].Reason)
	}
	c.Findings = slices.Clone(c.Findings)
	for i, f := range c.Findings {
		c.Findings[i].Sentence = maskText(f.Sentence)
		c.Findings[i].Facts, _ = maskedFact(f.Facts).(map[string]any)
	}
	return c
}

// maskedFact is a fact of any depth; whom it names are ids and stay.
func maskedFact(fact any) any {
	switch f := fact.(type) {
	case string:
		return maskText(f)
	case []any:
		out := make([]any, len(f))
		for i := range f {
			out[i] = maskedFact(f[i])
		}
		return out
	case map[string]any:
		if f == nil {
			return f
		}
		out := make(map[string]any, len(f))
		for name, value := range f {
			if name == "members" {
				out[name] = value
				continue
			}
			out[name] = maskedFact(value)
		}
		return out
	default:
		return fact
	}
}

func maskedCases(all []cases.Case) []cases.Case {
	out := slices.Clone(all)
	for i := range out {
		out[i] = maskedCase(out[i])
	}
	return out
}

// maskingCases cuts phone numbers out of every case that is shown, on pages and in the API alike.
// Lists without findings are filtered by who is assigned and shown as they are.
type maskingCases struct{ Cases }

func (m maskingCases) Whole(ctx context.Context, some []cases.Case) ([]cases.Case, error) {
	all, err := m.Cases.Whole(ctx, some)
	return maskedCases(all), err
}

func (m maskingCases) Page(ctx context.Context, req cases.PageRequest) ([]cases.Case, error) {
	all, err := m.Cases.Page(ctx, req)
	return maskedCases(all), err
}

func (m maskingCases) Get(ctx context.Context, id string) (cases.Case, error) {
	c, err := m.Cases.Get(ctx, id)
	return maskedCase(c), err
}
