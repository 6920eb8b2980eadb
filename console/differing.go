package console

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"fairdial/rating"
)

// How many records of a variance a page shows, and how many are answered at all.
const (
	perRecords   = 100
	recordsShown = 10_000
)

// differing is a record of a variance, and whose call to where it was.
type differing struct {
	rating.Difference
	Organizer string         `json:"organizer_name"`
	Number    string         `json:"callee_number"` // its last digits
	Variance  []rating.Moved `json:"variance"`      // charged less rated, by currency
}

// namedAtOnce is how many calls are looked up by one statement.
const namedAtOnce = 1000

// differing says of records whose calls they are and where they went.
func (v views) differing(ctx context.Context, tenantID string, records []rating.Difference) ([]differing, error) {
	out := make([]differing, 0, len(records))
	for chunk := range slices.Chunk(records, namedAtOnce) {
		ids, begins, callers := []string{}, []string{}, []who{}
		for _, d := range chunk {
			ids, callers = append(ids, d.UsageID), append(callers, who{tenantID, d.OrganizerID})
			begins = append(begins, d.StartedAt.UTC().Format("2006-01-02 15:04:05.0000000"))
		}
		slices.Sort(begins)
		var called []struct {
			UsageID string `ch:"usage_id"`
			Number  string `ch:"number"`
		}
		var known names
		err := v.read(ctx, &called, "called", named("tenant_id", tenantID), named("begins", slices.Compact(begins)), named("usage_ids", ids))
		if err == nil {
			known, err = v.namesOf(ctx, callers)
		}
		if err != nil {
			return nil, err
		}
		numbers := map[string]string{}
		for _, c := range called {
			numbers[c.UsageID] = c.Number
		}
		for _, d := range chunk {
			out = append(out, differing{d, known[who{tenantID, d.OrganizerID}], maskNumber(numbers[d.UsageID]), d.Moves()})
		}
	}
	return out, nil
}

type recordsBody struct {
	TenantID, Tenant, Month, Class string
	Shown                          *rating.Shown
	Part                           *rating.Part // what the records come to, of a component
	Places                         int32
	Records                        []differing
	Pager                          pager
	More                           bool // there are more than pages and files hold
}

// Download is the address of the records as a file.
func (b recordsBody) Download() string {
	return "?" + url.Values{"class": {b.Class}, "format": {"csv"}}.Encode()
}

// Nothing is the difference of a call that costs nothing on either side.
func (recordsBody) Nothing() decimal.Decimal { return decimal.Zero }

// paidThere says in words what the source says of who paid; a capability that the plan does not
// know stands as it came.
func paidThere(bucket, capability string) string {
	switch bucket {
	case "free_call":
		return "given for nothing"
	case "missing_there":
		return "not said"
	case "other":
		return "another service: " + capability
	case "unknown":
		return "unknown: " + capability
	}
	return bucketName(words(bucket))
}

// varianceRecords are the records of a component or of a status, those first that are furthest
// apart.
func (p *pages) varianceRecords(w http.ResponseWriter, r *http.Request) {
	m, ok := p.monthOf(w, r)
	if !ok {
		return
	}
	b := recordsBody{TenantID: r.PathValue("tenant"), Month: m.String(), Class: r.URL.Query().Get("class"), Places: fewestPlaces}
	b.Pager = pager{Page: pageOf(r), query: r.URL.Query()}
	if b.Class != "" && !slices.Contains(rating.Classes(), b.Class) {
		p.fail(w, r, ErrNotFound)
		return
	}
	if b.Pager.Page > recordsShown/perRecords {
		p.say(w, r, http.StatusBadRequest, "Too far", "Pages show the 10,000 records that are furthest apart; `fairdial reconcile --rows` writes all of them.", statementAddress(r)+"/variance")
		return
	}
	req := rating.ReconcileRequest{Month: m, TenantID: b.TenantID}
	asFile := r.URL.Query().Get("format") == "csv"
	limit := b.Pager.Page*perRecords + 1
	if asFile {
		limit = recordsShown
	}
	all, err := p.opts.Ratings.Differences(r.Context(), req, b.Class, limit)
	shown := all
	if !asFile {
		shown, b.Pager.More = cut(all, b.Pager.Page, perRecords)
		b.More = b.Pager.More && b.Pager.Page == recordsShown/perRecords
		b.Pager.More = b.Pager.More && !b.More
	}
	if err == nil {
		b.Records, err = p.views.differing(r.Context(), b.TenantID, shown)
	}
	if err == nil && !asFile {
		err = p.aboutRecords(r.Context(), req, &b)
	}
	if errors.Is(err, rating.ErrNotRated) {
		err = ErrNotFound
	}
	switch {
	case err != nil:
		p.fail(w, r, err)
	case asFile:
		attachment(w, recordsFile(req, b.Class))
		writeDiffering(w, b.Records)
	default:
		p.show(w, r, http.StatusOK, "records", page{Title: b.Title(), Section: "Finance", Body: b})
	}
}

// aboutRecords says what a page's records are of.
func (p *pages) aboutRecords(ctx context.Context, req rating.ReconcileRequest, b *recordsBody) error {
	rec, err := p.opts.Ratings.Reconcile(ctx, req)
	if err != nil {
		return err
	}
	if b.Tenant, err = p.views.tenantName(ctx, b.TenantID); err != nil {
		return err
	}
	b.Shown = rec.Shown
	parts := rec.Parts()
	if i := slices.IndexFunc(parts, func(part rating.Part) bool { return part.Component == b.Class }); i >= 0 {
		b.Part = &parts[i]
		for _, v := range b.Part.Variance {
			b.Places = max(b.Places, placesOf(v))
		}
	}
	for _, d := range b.Records {
		b.Places = max(b.Places, placesOf(d.Usage.Add(d.Connection)), placesOf(d.SourceAmount))
	}
	return nil
}

// Title says which records they are, and whose.
func (b recordsBody) Title() string {
	what := "Calls that differ"
	switch b.Class {
	case "":
	case rating.AllRecords:
		what = "All calls"
	case rating.StatusMatch:
		what = "Calls that match"
	default:
		what = "Calls: " + bucketName(words(b.Class))
	}
	return what + ", " + b.Tenant + ", " + b.Month
}

func recordsFile(req rating.ReconcileRequest, class string) string {
	return strings.Join([]string{"variance", req.Month.String(), req.TenantID, or(class, "differing")}, "-") + ".csv"
}

// writeDiffering writes records as CSV. Amounts are exact; what was rated is empty where no rate
// is known, and the variance is of one currency or left out.
func writeDiffering(w io.Writer, all []differing) {
	out := csv.NewWriter(w)
	_ = out.Write([]string{
		"tenant_id", "usage_id", "organizer_id", "organizer_name", "callee_number", "started_at", "seconds", "destination_country", "destination_class",
		"bucket", "bucket_after", "reason", "rated", "rated_currency", "source_bucket", "capability", "charged", "charged_currency", "variance", "variance_currency", "status", "cause",
	})
	for _, d := range all {
		rated, variance, currency := "", "", ""
		if d.Amount != nil {
			rated = d.Amount.String()
		}
		if len(d.Variance) == 1 {
			variance, currency = d.Variance[0].Amount.String(), d.Variance[0].Currency
		}
		_ = out.Write([]string{
			rating.Cell(d.TenantID), rating.Cell(d.UsageID), rating.Cell(d.OrganizerID), rating.Cell(d.Organizer), d.Number, d.StartedAt.Format(time.RFC3339), strconv.FormatUint(uint64(d.Seconds), 10),
			rating.Cell(d.Country), d.Class, d.Bucket, d.BucketAfter, d.Reason, rated, d.Currency, d.SourceBucket, rating.Cell(d.Capability),
			d.SourceAmount.String(), rating.Cell(d.SourceCurrency), variance, rating.Cell(currency), d.Status, d.Cause,
		})
	}
	out.Flush()
}
