package cases_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/cases"
)

func TestWhenACaseIsDue(t *testing.T) {
	promise := cases.Promise{Critical: 4 * time.Hour, Warning: 48 * time.Hour}
	opened := time.Date(2026, 2, 1, 8, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		is   cases.Case
		want time.Time
	}{
		"a warning":              {cases.Case{Status: cases.StatusOpen, Severity: cases.SeverityWarning, OpenedAt: opened, WaitsSince: opened}, opened.Add(48 * time.Hour)},
		"a critical one":         {cases.Case{Status: cases.StatusOpen, Severity: cases.SeverityCritical, OpenedAt: opened, WaitsSince: opened}, opened.Add(4 * time.Hour)},
		"opened again":           {cases.Case{Status: cases.StatusOpen, Severity: cases.SeverityCritical, OpenedAt: opened, WaitsSince: opened.Add(time.Hour)}, opened.Add(5 * time.Hour)},
		"put off":                {cases.Case{Status: cases.StatusOpen, Severity: cases.SeverityCritical, OpenedAt: opened, WaitsSince: opened, SnoozedUntil: opened.Add(24 * time.Hour)}, opened.Add(28 * time.Hour)},
		"of an older version":    {cases.Case{Status: cases.StatusOpen, Severity: cases.SeverityCritical, OpenedAt: opened}, opened.Add(4 * time.Hour)},
		"somebody looks at it":   {cases.Case{Status: cases.StatusAcknowledged, OpenedAt: opened}, time.Time{}},
		"somebody decided on it": {cases.Case{Status: cases.StatusClosed, OpenedAt: opened}, time.Time{}},
	} {
		require.Equal(t, c.want, promise.Due(c.is), name)
	}
}
