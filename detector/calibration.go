package detector

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
)

// calibrationText says what risk stands for what the families of findings add up to; its
// head states where that is from.
//
//go:embed calibration.csv
var calibrationText string

// knot is a point of a calibration: of cases whose findings add up to raw (0 to 1), a share
// risk (0 to 1) is abuse.
type knot struct{ raw, risk float64 }

// calibration is a rising line through knots.
type calibration []knot

// readCalibration reads knots in rising order, from 0 to 1.
func readCalibration(text string) (calibration, error) {
	r := csv.NewReader(strings.NewReader(text))
	r.Comment = '#'
	rows, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("calibration.csv: %w", err)
	}
	var c calibration
	for _, row := range rows[min(1, len(rows)):] {
		var k knot
		for i, into := range []*float64{&k.raw, &k.risk} {
			if *into, err = strconv.ParseFloat(row[i], 64); err != nil {
				return nil, fmt.Errorf("calibration.csv: %w", err)
			}
		}
		if n := len(c); n > 0 && (k.raw <= c[n-1].raw || k.risk < c[n-1].risk) || k.raw < 0 || k.raw > 1 || k.risk < 0 || k.risk > 1 {
			return nil, fmt.Errorf("calibration.csv: %g,%g: want numbers from 0 to 1 that rise", k.raw, k.risk)
		}
		c = append(c, k)
	}
	if len(c) < 2 || c[0].raw != 0 || c[len(c)-1].raw != 1 {
		return nil, fmt.Errorf("calibration.csv: want knots from raw 0 to raw 1, got %d", len(c))
	}
	return c, nil
}

// risk is the share of cases of the kind that are abuse, between the knots by a straight line.
func (c calibration) risk(raw float64) float64 {
	raw = min(max(raw, 0), 1)
	i := 1
	for c[i].raw < raw {
		i++
	}
	a, b := c[i-1], c[i]
	return a.risk + (b.risk-a.risk)*(raw-a.raw)/(b.raw-a.raw)
}
