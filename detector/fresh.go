package detector

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"fairdial/rules"
)

const (
	// wholeCalls is up to how many calls in the time that rules look back a pass is always
	// over all organizers: it costs seconds.
	wholeCalls = 1_000_000
	// slack is how long a record may take from the time that is noted as its storing to where
	// a query sees it: a large file's records bear the time of its beginning.
	slack = 2 * time.Hour
)

// scope says whose records a pass judges: all, or those of organizers with something new.
type scope struct {
	marks       bool // the pass leaves behind what a pass over new records needs
	fresh       bool
	kept        uuid.UUID // the newest pass over all
	last        time.Time // the last step of the newest pass
	stored      time.Time // from when on a record is new
	fingerprint string
	began       time.Time
}

// lastPass is what the newest passes left behind.
type lastPass struct {
	At      time.Time `ch:"at"`
	BeganAt time.Time `ch:"began_at"`
	WholeID uuid.UUID `ch:"whole_id"`
	Passes  uint64    `ch:"passes"`
	// WholeBeganAt is when the newest pass over all began: it knows the licences of then.
	WholeBeganAt time.Time `ch:"whole_began_at"`
}

// scopeOf decides. A pass over new records follows one over all of the same UTC day, with the
// same rules and licences, and is worth it only where there is much.
func (d *Detector) scopeOf(ctx context.Context, req Request, pack rules.Pack, p params, calls int64, began time.Time) (scope, error) {
	s := scope{began: began}
	if !req.New || req.DryRun || !req.From.Equal(req.To) || len(req.Tenants)+len(req.Rules) > 0 {
		return s, nil
	}
	s.marks = true
	var err error
	if s.fingerprint, err = d.fingerprint(pack, req); err != nil {
		return s, err
	}
	var last []lastPass
	// The first pass of each UTC day is over all: what is usual up to a day is known then.
	q := params{"fingerprint": s.fingerprint, "since": moment(req.To.Truncate(24 * time.Hour)), "to": p["to"]}
	if err := d.o.Conn.Select(q.on(ctx, nil), &last, sqlText("last_pass")); err != nil {
		return s, fmt.Errorf("read the passes so far: %w", err)
	}
	if calls <= d.o.WholeCalls || last[0].Passes == 0 || last[0].WholeID == uuid.Nil {
		return s, nil
	}
	var licences []struct {
		Newest time.Time `ch:"newest"`
	}
	if err := d.o.Conn.Select(params{}.on(ctx, nil), &licences, sqlText("licences_changed")); err != nil {
		return s, fmt.Errorf("read when licences were imported: %w", err)
	}
	if licences[0].Newest.After(last[0].WholeBeganAt) {
		return s, nil
	}
	if projected, err := d.byOrganizer(ctx); err != nil || !projected {
		return s, err
	}
	s.fresh, s.kept, s.last, s.stored = true, last[0].WholeID, last[0].At, last[0].BeganAt.Add(-slack)
	return s, nil
}

// fingerprint is a digest of all that a pass depends on beside what is stored.
func (d *Detector) fingerprint(pack rules.Pack, req Request) (string, error) {
	hashes := []string{}
	for _, r := range pack {
		hashes = append(hashes, r.Hash())
	}
	text, err := json.Marshal([]any{hashes, d.o.AddonPlans, d.o.Rates, d.o.OpenScore, d.o.Parameters, req.Latency})
	if err != nil {
		return "", fmt.Errorf("what a pass depends on: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8]), nil
}

// narrow makes the list of organizers that the pass judges, leaves out the rules that are for
// passes over all, and gives the tenants in portions.
func (p *pass) narrow(ctx context.Context) (chunks [][]string, calls int64, err error) {
	began := p.o.Now()
	table := p.whole.prefix + "about"
	p.whole.made["about"] = table
	q := p.params.and("table", table).with(map[string]string{
		"stored_us": strconv.FormatInt(p.scope.stored.UnixMicro(), 10), "last_ms": strconv.FormatInt(p.scope.last.UnixMilli(), 10),
	})
	var all [][]string
	if all, _, err = p.chunks(ctx, p.params, "tenants"); err != nil {
		return nil, 0, err
	}
	q = q.and("tenants", texts(slices.Concat(all...)))
	if err := p.o.Conn.Exec(q.on(ctx, heavy), sqlText("about")); err != nil {
		return nil, 0, fmt.Errorf("list the organizers with new records: %w", err)
	}
	p.params = p.params.with(map[string]string{"about": table, "kept": p.scope.kept.String()})
	var alone rules.Pack
	var names []string
	var reports []RuleReport
	for i, r := range p.pack {
		read, err := inspect(ctx, p.o.Conn, r, p.params)
		if err != nil {
			return nil, 0, err
		}
		if slices.ContainsFunc(needed(read), func(v view) bool { return v.joint }) {
			continue
		}
		alone, names, reports = append(alone, r), append(names, read...), append(reports, p.report.Rules[i])
	}
	slices.Sort(names)
	p.pack, p.names, p.report.Rules = alone, slices.Compact(names), reports
	chunks, calls, err = p.chunks(ctx, p.params, "about_calls")
	p.o.Logger.DebugContext(ctx, "organizers with new records", "calls", calls, "took", p.o.Now().Sub(began))
	return chunks, calls, err
}

// leave keeps the slow views of some tenants for the passes over new records that follow.
func (p *pass) leave(ctx context.Context, w *workspace) error {
	if !p.scope.marks || p.scope.fresh {
		return nil
	}
	for _, v := range views {
		table, made := w.made[v.name]
		if !v.kept || !made {
			continue
		}
		q := params{"pass": p.id.String(), "table": table}
		if err := p.o.Conn.Exec(q.on(ctx, nil), sqlText("keep_"+v.name)); err != nil {
			return fmt.Errorf("keep the feature view %s: %w", v.name, err)
		}
	}
	return nil
}

// mark notes that the pass has ended: only then does another follow it.
func (p *pass) mark(ctx context.Context) error {
	if !p.scope.marks {
		return nil
	}
	q := params{
		"pass": p.id.String(), "at": moment(p.req.To), "whole": strconv.FormatBool(!p.scope.fresh),
		"began_us": strconv.FormatInt(p.scope.began.UnixMicro(), 10), "fingerprint": p.scope.fingerprint,
	}
	if err := p.o.Conn.Exec(q.on(ctx, nil), sqlText("keep_pass")); err != nil {
		return fmt.Errorf("note the pass: %w", err)
	}
	return nil
}
