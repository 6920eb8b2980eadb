package rating

import (
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// The states of a tenant's credits in one currency.
const (
	CreditsFunded    = "funded"
	CreditsExhausted = "exhausted" // there were deposits, and nothing is left of them
	CreditsOverdrawn = "overdrawn" // calls that were in flight when it ended took more
	CreditsPostPaid  = "post_paid" // billed for what was used; nothing can be exhausted
	CreditsNoDeposit = "no_deposit"
)

// CreditAccount is a tenant's Communications Credits in one currency.
type CreditAccount struct {
	TenantID   string    `json:"tenant_id"`
	TenantName string    `json:"tenant_name"`
	Currency   string    `json:"currency"`
	At         time.Time `json:"at"` // UTC; calls that end then or later are left out
	State      string    `json:"state"`
	// Funded is what the tenant's own record says, by which calls are rated.
	Funded bool `json:"funded"`
	// Balance is what is left of the deposits, less what is overdrawn.
	Balance   decimal.Decimal `json:"balance"`
	Overdrawn decimal.Decimal `json:"overdrawn"` // by calls in flight, not made good yet
	// Uncovered is what calls cost that began when nothing was left. The provider would
	// not have let them begin, so a deposit is missing here, or the rating is not the
	// provider's: no later deposit pays for it.
	Uncovered decimal.Decimal `json:"uncovered"`
	// EmptyAt is when the balance ended, UTC; nil while there is some.
	EmptyAt  *time.Time      `json:"empty_at,omitempty"`
	Deposits []DepositUse    `json:"deposits"` // in the order in which they are used up
	Months   []CreditMonth   `json:"months"`
	Notes    []string        `json:"notes"`
	Consumed decimal.Decimal `json:"consumed"` // by all calls
}

// DepositUse is what became of a deposit.
type DepositUse struct {
	Deposit
	Used    decimal.Decimal `json:"used"`
	Expired decimal.Decimal `json:"expired"`
	Left    decimal.Decimal `json:"left"`
}

// CreditMonth is a month of an account. Closing = Opening + Deposited − Expired −
// Consumed + Uncovered + BilledLater. Calls are of the month they are rated in.
type CreditMonth struct {
	Month         string          `json:"month"`
	Opening       decimal.Decimal `json:"opening"`
	Deposited     decimal.Decimal `json:"deposited"`
	Expired       decimal.Decimal `json:"expired"`
	Consumed      decimal.Decimal `json:"consumed"`
	Calls         uint64          `json:"calls"`
	Overdrawn     decimal.Decimal `json:"overdrawn"`    // the part of Consumed that calls in flight took beyond the balance
	Uncovered     decimal.Decimal `json:"uncovered"`    // the part of calls that began without a balance
	BilledLater   decimal.Decimal `json:"billed_later"` // the part that is post-paid
	UnpricedCalls uint64          `json:"unpriced_calls"`
	Closing       decimal.Decimal `json:"closing"`
}

// consumption is a call that credits pay for, a row of credits_consumed.sql.
type consumption struct {
	TenantID  string          `ch:"tenant_id"`
	Currency  string          `ch:"currency"`
	Month     time.Time       `ch:"month"`
	StartedAt time.Time       `ch:"started_at"`
	EndedAt   time.Time       `ch:"ended_at"`
	Amount    decimal.Decimal `ch:"amount"`
	Unpriced  bool            `ch:"unpriced"`
}

// ledger goes through an account in time. A deposit is there from its moment until it
// expires; a call is paid for when it ends, from the oldest deposit that is there. A call
// that began while there was a balance may take more than is left: calls in flight are
// not cut off, and the next deposit makes that good first.
type ledger struct {
	deposits []DepositUse
	next     int // of the deposits not yet there
	billing  *credited
	loc      *time.Location

	overdrawn, uncovered, consumed decimal.Decimal
	// signs are the moments at which the balance began or ended.
	signs  []sign
	months map[string]*CreditMonth
}

type sign struct {
	at       time.Time
	positive bool
}

func newLedger(c *credited, currency string, loc *time.Location) *ledger {
	l := &ledger{billing: c, loc: loc, months: map[string]*CreditMonth{}}
	for _, d := range c.deposits {
		if d.Currency == currency {
			l.deposits = append(l.deposits, DepositUse{Deposit: d})
		}
	}
	return l
}

func (l *ledger) month(name string) *CreditMonth {
	m := l.months[name]
	if m == nil {
		m = &CreditMonth{Month: name}
		l.months[name] = m
	}
	return m
}

func (l *ledger) monthOf(at time.Time) *CreditMonth { return l.month(at.In(l.loc).Format("2006-01")) }

// until lets deposits come and expire that do so at or before a moment.
func (l *ledger) until(at time.Time) {
	for {
		expiring := l.expiring()
		coming := l.next < len(l.deposits) && !l.deposits[l.next].At.After(at)
		switch {
		case expiring >= 0 && !l.deposits[expiring].Expires.After(at) &&
			(!coming || !l.deposits[expiring].Expires.After(l.deposits[l.next].At)):
			d := &l.deposits[expiring]
			d.Expired, d.Left = d.Left, decimal.Zero
			m := l.monthOf(d.Expires)
			m.Expired = m.Expired.Add(d.Expired)
			l.sign(d.Expires)
		case coming:
			d := &l.deposits[l.next]
			l.next++
			if d.Voided {
				continue
			}
			good := decimal.Min(l.overdrawn, d.Amount)
			l.overdrawn = l.overdrawn.Sub(good)
			d.Used, d.Left = good, d.Amount.Sub(good)
			m := l.monthOf(d.At)
			m.Deposited = m.Deposited.Add(d.Amount)
			l.sign(d.At)
		default:
			return
		}
	}
}

// expiring is the deposit that is there, has something left and expires first; -1 for none.
func (l *ledger) expiring() int {
	found := -1
	for i := range l.deposits[:l.next] {
		if l.deposits[i].Left.IsPositive() && (found < 0 || l.deposits[i].Expires.Before(l.deposits[found].Expires)) {
			found = i
		}
	}
	return found
}

func (l *ledger) left() decimal.Decimal {
	left := decimal.Zero
	for i := range l.deposits[:l.next] {
		left = left.Add(l.deposits[i].Left)
	}
	return left
}

func (l *ledger) sign(at time.Time) {
	positive := l.left().IsPositive()
	if n := len(l.signs); n == 0 && !positive || n > 0 && l.signs[n-1].positive == positive {
		return
	}
	l.signs = append(l.signs, sign{at, positive})
}

// balanced says whether there was a balance when a call began.
func (l *ledger) balanced(at time.Time) bool {
	n := sort.Search(len(l.signs), func(i int) bool { return l.signs[i].at.After(at) })
	return n > 0 && l.signs[n-1].positive
}

// consume pays for a call; calls come in the order in which they ended.
func (l *ledger) consume(c consumption) {
	l.until(c.EndedAt)
	m := l.month(monthOf(c.Month).String())
	m.Calls++
	if c.Unpriced {
		m.UnpricedCalls++
		return
	}
	l.pay(m, c.Amount, c.StartedAt)
	l.sign(c.EndedAt)
}

// pay takes an amount from the deposits that are there.
func (l *ledger) pay(m *CreditMonth, amount decimal.Decimal, startedAt time.Time) {
	m.Consumed = m.Consumed.Add(amount)
	l.consumed = l.consumed.Add(amount)
	if l.billing.postPaid(startedAt) {
		m.BilledLater = m.BilledLater.Add(amount)
		return
	}
	open := amount
	for i := range l.deposits[:l.next] {
		d := &l.deposits[i]
		take := decimal.Min(d.Left, open)
		d.Used, d.Left, open = d.Used.Add(take), d.Left.Sub(take), open.Sub(take)
	}
	switch {
	case open.IsZero():
	case l.balanced(startedAt):
		l.overdrawn = l.overdrawn.Add(open)
		m.Overdrawn = m.Overdrawn.Add(open)
	default:
		l.uncovered = l.uncovered.Add(open)
		m.Uncovered = m.Uncovered.Add(open)
	}
}

// account closes the ledger at a moment.
func (l *ledger) account(at time.Time) CreditAccount {
	l.until(at)
	a := CreditAccount{
		At: at.UTC(), Balance: l.left().Sub(l.overdrawn), Overdrawn: l.overdrawn, Uncovered: l.uncovered, Consumed: l.consumed,
		Deposits: l.deposits, Months: []CreditMonth{}, Notes: []string{},
	}
	if a.Deposits == nil {
		a.Deposits = []DepositUse{}
	}
	booked := slices.ContainsFunc(l.deposits[:l.next], func(d DepositUse) bool { return !d.Voided })
	switch {
	case l.billing.postPaid(at):
		a.State = CreditsPostPaid
	case a.Balance.IsNegative():
		a.State = CreditsOverdrawn
	case a.Balance.IsPositive():
		a.State = CreditsFunded
	case booked:
		a.State = CreditsExhausted
	default:
		a.State = CreditsNoDeposit
	}
	if n := len(l.signs); n > 0 && !l.signs[n-1].positive && a.State != CreditsPostPaid {
		empty := l.signs[n-1].at.UTC()
		a.EmptyAt = &empty
	}
	opening := decimal.Zero
	for _, m := range l.months {
		a.Months = append(a.Months, *m)
	}
	slices.SortFunc(a.Months, func(x, y CreditMonth) int { return strings.Compare(x.Month, y.Month) })
	for i := range a.Months {
		m := &a.Months[i]
		m.Opening = opening
		m.Closing = opening.Add(m.Deposited).Sub(m.Expired).Sub(m.Consumed).Add(m.Uncovered).Add(m.BilledLater)
		opening = m.Closing
	}
	return a
}
