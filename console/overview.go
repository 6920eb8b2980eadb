package console

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"fairdial/cases"
	"fairdial/enforcement"
	"fairdial/store/journal"
)

// ageBand sums up the open cases of an age.
type ageBand struct {
	Name    string
	Cases   int
	Seconds int64
	within  time.Duration
}

// paid is what one bucket paid in the month.
type paid struct {
	Bucket  string
	Seconds int64
}

// waits is a step against an organizer that somebody asked for and another person decides on.
type waits struct {
	enforcement.State
	Name, Tenant, Link string
	Own                bool // the reader asked for it
}

type overviewBody struct {
	Open, Critical, Unassigned, Appeals int
	Overdue, FailedJobs, Troubled       int // Troubled are sources
	Waiting                             []waits
	ExposureSeconds                     int64
	Worst                               []cases.Case
	Ages                                []ageBand
	Month                               string
	Paid                                []paid
	PaidSeconds                         int64
	Pools                               []Pool
	Sources                             []source
	Rejected                            map[string]int64 // rows that nobody has decided on, by tenant
	Jobs                                []job
	Feeds                               []Feed
	MorePools, MoreSources              int // beyond those named; below 1 for none
}

// overview is the first page: what needs somebody now.
func (p *pages) overview(w http.ResponseWriter, r *http.Request) {
	b, err := overviewOf(r.Context(), p.opts, p.views, "console:"+caller(r))
	if err == nil {
		b.Worst, err = p.opts.Cases.Whole(r.Context(), b.Worst)
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.show(w, r, http.StatusOK, "overview", page{Title: "Overview", Section: "Overview", Body: b})
}

// overviewOf is what needs somebody now, for a page or a program.
func overviewOf(ctx context.Context, opts Options, v views, reader string) (b overviewBody, err error) {
	var list []cases.Case
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() (err error) { list, err = opts.Cases.List(ctx, CaseFilter{}); return err })
	work.Go(func() (err error) { b.Pools, err = opts.Overview.Pools(ctx); return err })
	work.Go(func() (err error) { b.Rejected, err = v.waitingRows(ctx); return err })
	work.Go(func() (err error) { b.Sources, err = v.sources(ctx); return err })
	work.Go(func() (err error) { b.Feeds, err = opts.feeds(ctx); return err })
	work.Go(func() (err error) { b.Jobs, err = v.jobs(ctx); return err })
	var waiting []enforcement.State
	if opts.Desk != nil {
		work.Go(func() (err error) { waiting, err = opts.Desk.Waiting(ctx); return err })
	}
	if err := work.Wait(); err != nil {
		return b, err
	}
	b.count(list, opts.Now())
	b.wait(waiting, list, reader)
	for _, j := range b.Jobs {
		if j.Outcome == "failed" {
			b.FailedJobs++
		}
	}
	for _, f := range b.Feeds {
		if len(f.Troubles) > 0 {
			b.Troubled++
		}
	}
	slices.SortStableFunc(b.Pools, func(x, y Pool) int { return cmp.Compare(y.part(), x.part()) })
	b.pay()
	slices.SortStableFunc(b.Sources, func(x, y source) int { return x.Newest.Compare(y.Newest) })
	b.MorePools, b.MoreSources = len(b.Pools)-tenantsShown, len(b.Sources)-tenantsShown
	b.Pools, b.Sources = b.Pools[:min(len(b.Pools), tenantsShown)], b.Sources[:min(len(b.Sources), tenantsShown)]
	return b, nil
}

// tenantsShown is how many tenants the first page names, those first that need somebody first.
const tenantsShown = 12

// worst is how many cases the first page names.
const worst = 8

func (b *overviewBody) count(list []cases.Case, now time.Time) {
	b.Ages = []ageBand{
		{Name: "a day or less", within: 24 * time.Hour},
		{Name: "a week or less", within: 7 * 24 * time.Hour},
		{Name: "a month or less", within: 30 * 24 * time.Hour},
		{Name: "longer", within: 1<<63 - 1},
	}
	for _, c := range list {
		if !active(c, now) {
			continue
		}
		b.Open++
		b.ExposureSeconds += c.ExposureSeconds
		if c.Severity == cases.SeverityCritical {
			b.Critical++
		}
		if c.Assignee == "" {
			b.Unassigned++
		}
		if !c.AppealedAt.IsZero() {
			b.Appeals++
		}
		if c.Overdue(now) {
			b.Overdue++
		}
		i := slices.IndexFunc(b.Ages, func(a ageBand) bool { return now.Sub(c.OpenedAt) <= a.within })
		b.Ages[i].Cases++
		b.Ages[i].Seconds += c.ExposureSeconds
		if len(b.Worst) < worst {
			b.Worst = append(b.Worst, c)
		}
	}
}

// wait names what waits for a second person, and leads to the case about it.
func (b *overviewBody) wait(all []enforcement.State, list []cases.Case, reader string) {
	for _, s := range all {
		w := waits{State: s, Name: s.OrganizerID, Tenant: s.TenantID, Link: organizerAddress(s.TenantID, s.OrganizerID), Own: journal.SamePerson(reader, s.Pending.Actor)}
		i := slices.IndexFunc(list, func(c cases.Case) bool { return c.TenantID == s.TenantID && c.OrganizerID == s.OrganizerID })
		if i >= 0 {
			w.Name, w.Tenant, w.Link = or(list[i].OrganizerName, w.Name), or(list[i].TenantName, w.Tenant), caseAddress(list[i].ID)
		}
		b.Waiting = append(b.Waiting, w)
	}
}

// active says whether a case waits for somebody: it is neither closed nor put off.
func active(c cases.Case, now time.Time) bool {
	return c.Status != cases.StatusClosed && c.RingCase == "" && !now.Before(c.SnoozedUntil)
}

func (b *overviewBody) pay() {
	if len(b.Pools) == 0 {
		return
	}
	b.Month = b.Pools[0].Month
	sums := []paid{{Bucket: "pool"}, {Bucket: "addon"}, {Bucket: "credits"}, {Bucket: "unfunded"}}
	for _, pool := range b.Pools {
		sums[0].Seconds += pool.UsedSeconds
		for i := 1; i < len(sums); i++ {
			sums[i].Seconds += pool.Paid[sums[i].Bucket]
		}
	}
	b.Paid = sums
	for _, s := range sums {
		b.PaidSeconds += s.Seconds
	}
}
