package rating

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"fairdial/store/journal"
	"fairdial/usage"
)

// Verified is what a closed month's frozen rows say of themselves.
type Verified struct {
	Closing
	OK       bool     `json:"ok"`
	Problems []string `json:"problems"`
}

// Verify reads the frozen rows of closed months again: whether they are those that were
// closed, by their hash, and whether the statement is their sum.
func (b *Books) Verify(ctx context.Context, month usage.Month, tenants []string) ([]Verified, error) {
	closings, err := b.Closings(ctx, month, tenants)
	if err != nil {
		return nil, err
	}
	all, err := b.heads(ctx, journal.Filter{})
	if err != nil {
		return nil, err
	}
	out := []Verified{}
	for _, c := range closings {
		if c.State != Closed {
			continue
		}
		for _, f := range all[c.TenantID] {
			if f.CloseID != c.CloseID {
				continue
			}
			v, err := b.verify(ctx, f)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
	}
	return out, nil
}

func (b *Books) verify(ctx context.Context, f frozen) (Verified, error) {
	v := Verified{Closing: f.Closing, Problems: []string{}}
	sum := sha256.New()
	rest := newRemainder(f.Statement)
	rows, err := b.rater.writeCanonical(ctx, sum, f.month, f.TenantID, f.CloseID, func(r frozenRow) {
		if r.OfMonth == f.Month {
			rest.subtract(r)
		}
	})
	if err != nil {
		return v, err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != f.SHA256 {
		v.Problems = append(v.Problems, fmt.Sprintf("the rows have the hash %s and had %s when the month was closed", got, f.SHA256))
	}
	if rows != f.Rows {
		v.Problems = append(v.Problems, fmt.Sprintf("%s, of %d when the month was closed", plural(uint64(rows), "row"), f.Rows))
	}
	v.Problems = append(v.Problems, rest.left()...)
	v.OK = len(v.Problems) == 0
	return v, nil
}

// remainder is the lines of a statement less the rows that make them.
type remainder map[string]*frozenRow

func key(texts ...string) string { return strings.Join(texts, "\x00") }

func newRemainder(s Statement) remainder {
	t := remainder{}
	for _, l := range s.Lines {
		k := key(string(l.Bucket), l.Reason, l.Conferencing, l.UnfundedBecause, l.Currency)
		if t[k] == nil {
			t[k] = &frozenRow{Bucket: string(l.Bucket), Reason: l.Reason, Currency: l.Currency}
		}
		t[k].Calls += int64(l.Calls)
		t[k].Seconds += int64(l.Seconds)
		t[k].BilledTenths += int64(l.BilledTenths)
		t[k].Amount = t[k].Amount.Add(known(l.Amount))
	}
	return t
}

func (t remainder) subtract(r frozenRow) {
	k := key(r.Bucket, r.Reason, r.Conferencing, r.UnfundedBecause, r.Currency)
	if t[k] == nil {
		t[k] = &frozenRow{Bucket: r.Bucket, Reason: r.Reason, Currency: r.Currency}
	}
	t[k].Calls -= r.Calls
	t[k].Seconds -= r.Seconds
	t[k].BilledTenths -= r.BilledTenths
	t[k].Amount = t[k].Amount.Sub(r.Amount)
}

func (t remainder) left() (problems []string) {
	for _, l := range t {
		if l.Calls != 0 || l.Seconds != 0 || l.BilledTenths != 0 || !l.Amount.IsZero() {
			problems = append(problems, fmt.Sprintf("bucket %s, %s: the statement has %d calls, %d seconds, %s %s more than the rows",
				l.Bucket, l.Reason, l.Calls, l.Seconds, l.Amount, l.Currency))
		}
	}
	return problems
}
