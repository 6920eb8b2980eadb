package console

import (
	"errors"
	"net/http"

	"github.com/shopspring/decimal"

	"fairdial/rating"
)

type varianceBody struct {
	TenantID, Tenant string
	Month            string
	Rec              rating.Reconciliation
	Parts            []rating.Part
	Calls, Seconds   uint64 // of all parts
	Signatures       []rating.Signature
	// Places is how many decimals amounts have on the page: so many that no figure is cut, and
	// what stands in a column adds up to its total.
	Places int32
}

func (p *pages) variance(w http.ResponseWriter, r *http.Request) {
	m, ok := p.monthOf(w, r)
	if !ok {
		return
	}
	b := varianceBody{TenantID: r.PathValue("tenant"), Month: m.String()}
	var err error
	if b.Rec, err = p.opts.Ratings.Reconcile(r.Context(), rating.ReconcileRequest{Month: m, TenantID: b.TenantID}); err == nil {
		b.Signatures, err = p.opts.Books.Signatures(r.Context(), b.Rec)
	}
	if err == nil {
		b.Tenant, err = p.views.tenantName(r.Context(), b.TenantID)
	}
	if errors.Is(err, rating.ErrNotRated) {
		err = ErrNotFound
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	b.Parts, b.Places = b.Rec.Parts(), fewestPlaces
	for _, part := range b.Parts {
		b.Calls, b.Seconds = b.Calls+part.Calls, b.Seconds+part.Seconds
		for _, v := range part.Variance {
			b.Places = max(b.Places, placesOf(v))
		}
	}
	for _, v := range b.Rec.Totals {
		b.Places = max(b.Places, placesOf(v.Rated), placesOf(v.Charged), placesOf(v.Components["usage"]))
	}
	p.show(w, r, http.StatusOK, "variance", page{Title: "Variance: " + b.Tenant + ", " + m.String(), Section: "Finance", Body: b})
}

// Amounts have as many decimals as a currency has by custom, and no more than are kept.
const (
	fewestPlaces = 2
	mostPlaces   = 7
)

// placesOf is how many decimals an amount has, without zeros at the end.
func placesOf(d decimal.Decimal) int32 {
	n := int32(fewestPlaces)
	for n < mostPlaces && !d.Round(n).Equal(d) {
		n++
	}
	return n
}

func (p *pages) sign(w http.ResponseWriter, r *http.Request) {
	m, ok := p.accounted(w, r)
	if !ok {
		return
	}
	back := statementAddress(r) + "/variance"
	rec, err := p.opts.Ratings.Reconcile(r.Context(), rating.ReconcileRequest{Month: m, TenantID: r.PathValue("tenant")})
	if err == nil {
		err = p.opts.Books.Sign(r.Context(), rec, r.PostForm.Get("fingerprint"), "console:"+caller(r), r.PostForm.Get("reason"))
	}
	p.booked(w, r, err, back)
}
