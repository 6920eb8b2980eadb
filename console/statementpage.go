package console

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"fairdial/rating"
	"fairdial/usage"
)

type monthBody struct {
	Month      string
	Statements []monthLine
	All        monthSum
	Formats    []string
	Pager      pager
}

// monthLine is a statement among those of its month.
type monthLine struct {
	rating.Statement
	Obstacles []obstacle
}

// monthSum is all statements of a month in one.
type monthSum struct {
	Tenants, Closed, Exceptions   int
	Calls, Seconds, UnpricedCalls uint64
	Buckets                       []rating.BucketTotal
	Amounts                       []rating.Amount // by currency
}

func sumOf(all []rating.Statement) (s monthSum) {
	for _, st := range all {
		s.Tenants++
		if st.Closed != nil {
			s.Closed++
		}
		s.Exceptions, s.Calls, s.Seconds = s.Exceptions+len(st.Exceptions), s.Calls+st.Calls, s.Seconds+st.Seconds
		for i, b := range st.Buckets {
			if i == len(s.Buckets) {
				s.Buckets = append(s.Buckets, rating.BucketTotal{Bucket: b.Bucket})
			}
			s.Buckets[i].Seconds += b.Seconds
			s.UnpricedCalls += b.UnpricedCalls
			for _, a := range b.Amounts {
				s.add(a)
			}
		}
	}
	return s
}

func (s *monthSum) add(a rating.Amount) {
	for i := range s.Amounts {
		if s.Amounts[i].Currency == a.Currency {
			s.Amounts[i].Amount = rating.Plus(s.Amounts[i].Amount, a.Amount)
			return
		}
	}
	s.Amounts = append(s.Amounts, a)
}

func (p *pages) month(w http.ResponseWriter, r *http.Request) {
	m, ok := p.monthOf(w, r)
	if !ok {
		return
	}
	all, err := p.opts.Books.Statements(r.Context(), m, nil)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	against, err := p.opts.Books.Obstacles(r.Context(), m, all)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	shown, at := turned(r, all)
	b := monthBody{Month: m.String(), All: sumOf(all), Formats: formatsOffered(), Pager: at}
	for _, st := range shown {
		line := monthLine{Statement: st}
		for _, o := range against[st.TenantID] {
			line.Obstacles = append(line.Obstacles, linked(o, st.Month, st.TenantID))
		}
		b.Statements = append(b.Statements, line)
	}
	p.show(w, r, http.StatusOK, "month", page{Title: "Statements of " + m.String(), Section: "Finance", Body: b})
}

type statementBody struct {
	rating.Statement
	Paid      []paid
	Total     int64
	Formats   []string
	Obstacles []obstacle
	Blocked   bool   // one of them has to be overruled
	WhyNot    string // the reader cannot open it again
}

func (p *pages) statement(w http.ResponseWriter, r *http.Request) {
	st, ok := p.statementOf(w, r)
	if !ok {
		return
	}
	b := statementBody{Statement: st, Total: int64(st.Seconds), Formats: formatsOffered()}
	for _, bucket := range st.Buckets {
		b.Paid = append(b.Paid, paid{string(bucket.Bucket), int64(bucket.Seconds)})
	}
	m, err := usage.ParseMonth(st.Month)
	if err == nil && st.Closed == nil {
		b.Obstacles, err = p.obstacles(r.Context(), m, st)
	}
	if err == nil && st.Closed != nil {
		b.WhyNot, err = p.whyNotReopened(r, m, st)
	}
	if err == nil && st.Closed == nil && !b.has(rating.ObstacleUnsigned) {
		err = p.signedOtherwise(r, m, &b)
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	for _, o := range b.Obstacles {
		b.Blocked = b.Blocked || o.Blocks
	}
	p.show(w, r, http.StatusOK, "statement", page{Title: or(st.TenantName, st.TenantID) + ", " + st.Month, Section: "Finance", Body: b})
}

func (b statementBody) has(code string) bool {
	for _, o := range b.Obstacles {
		if o.Code == code {
			return true
		}
	}
	return false
}

// signedOtherwise tells of a reconciliation that was signed with other figures than it has now.
func (p *pages) signedOtherwise(r *http.Request, m usage.Month, b *statementBody) error {
	rec, err := p.opts.Ratings.Reconcile(r.Context(), rating.ReconcileRequest{Month: m, TenantID: b.TenantID})
	if errors.Is(err, rating.ErrWorkingOut) || errors.Is(err, rating.ErrNotRated) {
		return nil // nothing is known of it yet
	}
	if err != nil {
		return err
	}
	signed, err := p.opts.Books.Signatures(r.Context(), rec)
	for _, s := range signed {
		if s.Current {
			return err
		}
	}
	if len(signed) > 0 {
		b.Obstacles = append(b.Obstacles, linked(rating.Obstacle{Code: rating.ObstacleUnsigned, Text: "its reconciliation was signed with other figures than it has now"}, b.Month, b.TenantID))
	}
	return err
}

// Where says where an exception is seen; "" where it is of no calls that are listed.
func (b statementBody) Where(x rating.Exception) string {
	at := "/finance/" + b.Month + "/" + b.TenantID
	switch {
	case x.OrganizerID != "":
		return "/organizers/" + b.TenantID + "/" + x.OrganizerID
	case x.Code == rating.ExceptionUnfunded:
		month, err := time.Parse("2006-01", b.Month)
		if err != nil {
			return ""
		}
		return "/usage?" + url.Values{"by": {byRecord}, "tenant": {b.TenantID}, "bucket": {"unfunded"}, "from": {month.Format(time.DateOnly)}, "to": {month.AddDate(0, 1, 0).Format(time.DateOnly)}}.Encode()
	case x.Code == rating.ExceptionNoRate:
		return at + "/records?class=" + rating.UnpricedRecords
	case x.Code == rating.ExceptionNotRated:
		return at + "/records?class=" + rating.StatusNotRated
	}
	return ""
}

// Crossing is how many calls stand in two buckets, for they crossed the end of a pool.
func (b statementBody) Crossing() uint64 {
	n := uint64(0)
	for _, one := range b.Buckets {
		n += one.Calls
	}
	return n - min(n, b.Calls)
}
