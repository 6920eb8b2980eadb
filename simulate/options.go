package simulate

import (
	"errors"
	"fmt"
	"time"

	"fairdial/usage"
)

// Options says what workload to write. The zero value of every field but Seed
// stands for its default.
type Options struct {
	// Seed decides everything random. Equal options give byte-identical files.
	Seed uint64
	// Tenants is how many customers there are; 8 by default.
	Tenants int
	// Organizers is how many people and rooms own meetings, over all tenants;
	// 4000 by default.
	Organizers int
	// From is the first calendar month (UTC); January 2026 by default, so that
	// a run never depends on the day it is made.
	From usage.Month
	// Months is how many months there are; 3 by default.
	Months int
	// Volume multiplies the honest traffic; 1 by default.
	Volume float64
	// Intensity multiplies what abusers do a day; 1 by default. Below 1 they
	// hide better.
	Intensity float64
	// AbuserShare is the part of organizers who abuse, 0.04 by default. A
	// negative value stands for none.
	AbuserShare float64
	// Strange makes a world unlike the ordinary one: other volumes, hours, hidden
	// digits, honest heavy users and mixtures of abuse, all drawn from the seed.
	Strange bool
}

// The most that one run writes: what the file numbering and memory are made for.
const (
	maxTenants    = 200
	maxOrganizers = 500_000
	maxMonths     = 24
)

func (o Options) withDefaults() Options {
	if o.Tenants == 0 {
		o.Tenants = 8
	}
	if o.Organizers == 0 {
		o.Organizers = 4000
	}
	if o.From == (usage.Month{}) {
		o.From = usage.Month{Year: 2026, Month: time.January}
	}
	if o.Months == 0 {
		o.Months = 3
	}
	if o.Volume == 0 {
		o.Volume = 1
	}
	if o.Intensity == 0 {
		o.Intensity = 1
	}
	if o.AbuserShare == 0 {
		o.AbuserShare = 0.04
	}
	o.AbuserShare = max(o.AbuserShare, 0)
	return o
}

func (o Options) check() error {
	var errs []error
	bound := func(name string, v, low, high int) {
		if v < low || v > high {
			errs = append(errs, fmt.Errorf("%s is %d: want %d to %d", name, v, low, high))
		}
	}
	bound("tenants", o.Tenants, 1, maxTenants)
	bound("organizers", o.Organizers, o.Tenants, maxOrganizers)
	bound("months", o.Months, 1, maxMonths)
	bound("first year", o.From.Year, 2000, 2200)
	if o.Volume < 0 || o.Volume > 100 {
		errs = append(errs, fmt.Errorf("volume is %g: want above 0, to 100", o.Volume))
	}
	if o.Intensity < 0 || o.Intensity > 100 {
		errs = append(errs, fmt.Errorf("intensity is %g: want above 0, to 100", o.Intensity))
	}
	if o.AbuserShare > 0.5 {
		errs = append(errs, fmt.Errorf("share of abusers is %g: want at most 0.5", o.AbuserShare))
	}
	return errors.Join(errs...)
}

// months lists the calendar months of the run.
func (o Options) months() []usage.Month {
	out := make([]usage.Month, 0, o.Months)
	for m, i := o.From, 0; i < o.Months; m, i = m.Next(), i+1 {
		out = append(out, m)
	}
	return out
}
