package rating

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
)

// ranked are the causes that move money first, by currency and the most first, and then the
// others by their seconds: a call that another bucket pays for can cost the same.
func ranked(lines []ReconciledBuckets) []Cause {
	out := causesOf(lines)
	slices.SortFunc(out, func(a, b Cause) int {
		if a.Variance.IsZero() != b.Variance.IsZero() {
			return cmp.Compare(b.Variance.Abs().Sign(), a.Variance.Abs().Sign())
		}
		byMoney := 0
		if !a.Variance.IsZero() {
			byMoney = firstOf(strings.Compare(a.Currency, b.Currency), b.Variance.Abs().Cmp(a.Variance.Abs()))
		}
		return firstOf(byMoney, cmp.Compare(b.Seconds, a.Seconds), cmp.Compare(b.Calls, a.Calls),
			strings.Compare(a.Cause, b.Cause), strings.Compare(a.Status, b.Status), strings.Compare(a.Currency, b.Currency))
	})
	return out
}

// causesOf are the causes of lines, in no order.
func causesOf(lines []ReconciledBuckets) []Cause {
	type key struct{ cause, status, currency string }
	all := map[key]*Cause{}
	at := func(l ReconciledBuckets, currency string) *Cause {
		k := key{l.Cause, l.Status, currency}
		if all[k] == nil {
			all[k] = &Cause{Cause: l.Cause, Likely: causes[l.Cause], Status: l.Status, Currency: currency}
		}
		return all[k]
	}
	for _, l := range lines {
		if l.Cause == "" {
			continue
		}
		counted := false
		l.sides(func(currency string, ratedUsage, ratedConnection, usage, connection decimal.Decimal) {
			c := at(l, currency)
			c.Variance = c.Variance.Add(usage).Add(connection).Sub(ratedUsage).Sub(ratedConnection)
			if !counted { // of a call with two currencies the calls are told with the rated one
				c.Calls, c.Seconds, counted = c.Calls+l.Calls, c.Seconds+l.Seconds, true
			}
		})
		if !counted {
			c := at(l, "")
			c.Calls, c.Seconds = c.Calls+l.Calls, c.Seconds+l.Seconds
		}
	}
	out := []Cause{}
	for _, c := range all {
		out = append(out, *c)
	}
	return out
}

// fingerprint leaves out the run: one that comes to the same figures is the same to sign.
// What was added to a reconciliation since the first was signed is left out as well.
func fingerprint(rec Reconciliation) (string, error) {
	rec.RunID, rec.Shown = uuid.Nil, nil
	rec.Lines = asSigned(rec.Lines)
	rec.Causes = causesOf(rec.Lines)
	slices.SortFunc(rec.Causes, func(a, b Cause) int {
		return firstOf(strings.Compare(a.Currency, b.Currency), b.Variance.Abs().Cmp(a.Variance.Abs()), int(b.Calls)-int(a.Calls),
			strings.Compare(a.Cause, b.Cause), strings.Compare(a.Status, b.Status))
	})
	text, err := json.Marshal(rec)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16]), nil
}

// asSigned are lines by the causes that were told when the first were signed.
func asSigned(lines []ReconciledBuckets) []ReconciledBuckets {
	out := []ReconciledBuckets{}
	same := func(a, b ReconciledBuckets) int {
		return slices.Compare([]string{a.Status, a.Cause, a.Bucket, a.SourceBucket, a.Currency, a.SourceCurrency},
			[]string{b.Status, b.Cause, b.Bucket, b.SourceBucket, b.Currency, b.SourceCurrency})
	}
	for _, l := range lines {
		l.Cause = l.SignedCause
		i, there := slices.BinarySearchFunc(out, l, same)
		if !there {
			out = slices.Insert(out, i, l)
			continue
		}
		o := &out[i]
		o.Calls, o.Seconds, o.UnpricedCalls = o.Calls+l.Calls, o.Seconds+l.Seconds, o.UnpricedCalls+l.UnpricedCalls
		o.RatedUsage, o.RatedConnection = o.RatedUsage.Add(l.RatedUsage), o.RatedConnection.Add(l.RatedConnection)
		o.SourceUsage, o.SourceConnection = o.SourceUsage.Add(l.SourceUsage), o.SourceConnection.Add(l.SourceConnection)
	}
	return out
}
