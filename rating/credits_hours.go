package rating

import (
	"context"
	"slices"
	"time"

	"github.com/shopspring/decimal"
)

// spending is what calls of an account and month cost that ended in an hour or a day, a row of
// credits_sums.sql.
type spending struct {
	TenantID string          `ch:"tenant_id"`
	Currency string          `ch:"currency"`
	Month    time.Time       `ch:"month"`
	Begins   time.Time       `ch:"begins"` // of the hour or day
	ByHour   bool            `ch:"by_hour"`
	Calls    uint64          `ch:"calls"`
	Unpriced uint64          `ch:"unpriced"`
	Amount   decimal.Decimal `ch:"amount"`
	First    time.Time       `ch:"first"` // when the calls began
	Last     time.Time       `ch:"last"`
}

// stretch is an hour or a day of an account, by months: calls that end in the same hour may be
// of two.
type stretch struct {
	begins, ends time.Time
	months       []spending
	amount       decimal.Decimal // of them all
	first, last  time.Time       // when their calls began
}

// stretches puts rows of one account together, which come in their order.
func stretches(rows []spending) (out []stretch) {
	for _, x := range rows {
		if n := len(out); n == 0 || !out[n-1].begins.Equal(x.Begins) {
			s := stretch{begins: x.Begins, ends: x.Begins.Add(24 * time.Hour), first: x.First, last: x.Last}
			if x.ByHour {
				s.ends = x.Begins.Add(time.Hour)
			}
			out = append(out, s)
		}
		s := &out[len(out)-1]
		s.months, s.amount = append(s.months, x), s.amount.Add(x.Amount)
		if x.First.Before(s.first) {
			s.first = x.First
		}
		if x.Last.After(s.last) {
			s.last = x.Last
		}
	}
	return out
}

func within(at, from, to time.Time) bool { return at.After(from) && at.Before(to) }

// turns are the moments at which deposits come and expire, and those from which on calls that begin
// are billed in another way.
func (c *credited) turns() (moments, billings []time.Time) {
	for _, d := range c.deposits {
		if !d.Voided {
			moments = append(moments, d.At, d.Expires)
		}
	}
	for _, b := range c.billing {
		billings = append(billings, b.From)
	}
	return moments, billings
}

// turning says whether something of the deposits or the billing changes among the calls of a stretch.
func (l *ledger) turning(s stretch) bool {
	moments, billings := l.billing.turns()
	return slices.ContainsFunc(moments, func(at time.Time) bool { return within(at, s.begins, s.ends) }) ||
		slices.ContainsFunc(billings, func(at time.Time) bool { return at.After(s.first) && !at.After(s.last) })
}

// addsUp says whether it is the same to pay for the calls of a stretch at once and one by one. It
// is where nothing turns among them and either a balance is left in the end, or there is none
// from the beginning and of all of them alike there was one when they began, or was none.
func (l *ledger) addsUp(s stretch) bool {
	if l.turning(s) {
		return false
	}
	if l.billing.postPaid(s.first) {
		return true
	}
	switch left := l.left(); {
	case left.GreaterThan(s.amount):
		return true
	case left.IsPositive():
		return false
	default:
		return !slices.ContainsFunc(l.signs, func(x sign) bool { return x.at.After(s.first) && !x.at.After(s.last) })
	}
}

// spend pays for all calls of a stretch that adds up.
func (l *ledger) spend(s stretch) {
	for _, x := range s.months {
		m := l.month(monthOf(x.Month).String())
		m.Calls += x.Calls
		m.UnpricedCalls += x.Unpriced
		l.pay(m, x.Amount, s.first)
	}
}

// walk follows an account from stretch to stretch, and from call to call where a stretch does not add up.
type walk struct {
	*ledger
	at    time.Time // calls that end then or later are left out
	hours func(ctx context.Context, day stretch) ([]stretch, error)
	calls func(ctx context.Context, hours []stretch) ([]consumption, error)
	ready map[time.Time][]consumption // by hour; the calls of those that were read
}

func (w *walk) through(ctx context.Context, all []stretch) error {
	for i, s := range all {
		if !s.begins.Before(w.at) {
			return nil
		}
		w.until(s.begins)
		if !s.ends.After(w.at) && w.addsUp(s) {
			w.spend(s)
			continue
		}
		if s.ends.Sub(s.begins) > time.Hour {
			hours, err := w.hours(ctx, s)
			if err != nil {
				return err
			}
			if err := w.through(ctx, hours); err != nil {
				return err
			}
			continue
		}
		if err := w.callByCall(ctx, s, all[i:]); err != nil {
			return err
		}
	}
	return nil
}

// callByCall goes through an hour. What of later hours will be wanted as well is read with it.
func (w *walk) callByCall(ctx context.Context, s stretch, rest []stretch) error {
	key := s.begins.UTC()
	if _, ready := w.ready[key]; !ready {
		var wanted []stretch
		for _, x := range rest {
			if x.ends.Sub(x.begins) <= time.Hour && (x.first.Before(s.ends) || w.turning(x)) {
				wanted = append(wanted, x)
				w.ready[x.begins.UTC()] = nil
			}
		}
		calls, err := w.calls(ctx, wanted)
		if err != nil {
			return err
		}
		for _, c := range calls {
			hour := c.EndedAt.UTC().Truncate(time.Hour)
			w.ready[hour] = append(w.ready[hour], c)
		}
	}
	for _, c := range w.ready[key] {
		w.consume(c)
	}
	return nil
}
