package detector

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// HoursReport says what a run of RefreshHours did.
type HoursReport struct {
	Whole   bool   `json:"whole"`   // all hours were made anew
	Changed uint64 `json:"changed"` // records that are new since the run before, or were replaced
}

const (
	// hourCalls is how many calls the working tables of one portion of hours hold.
	hourCalls = chunkCalls
	// hourPast is how far before a changed record calls are read for the hours it touches: a
	// callee is new after 90 days, and ten more are for the length of calls.
	hourPast = 100 * 24 * time.Hour
)

// hoursRun is one run of RefreshHours.
type hoursRun struct {
	*Detector
	id        uuid.UUID
	params    params
	whole     bool
	projected bool
	about     string // working table of the changed records; empty when all hours are made anew
}

// RefreshHours brings the hours of organizers up to date with what is stored: those that
// records touch that came, or were replaced, since the run before, and no others. The first
// run makes all, as does one on other wholesale rates or add-on plans. A run counts once its
// row is there, which is its last write; what a killed one leaves behind nobody reads.
func (d *Detector) RefreshHours(ctx context.Context) (report HoursReport, err error) {
	began := d.o.Now()
	terms, err := d.hourTerms()
	if err != nil {
		return report, err
	}
	var last []struct {
		Runs   uint64    `ch:"runs"`
		MadeAt time.Time `ch:"made_at"`
		Terms  string    `ch:"terms"`
	}
	if err := d.o.Conn.Select(params{}.on(ctx, nil), &last, sqlText("hour_last")); err != nil {
		return report, fmt.Errorf("read the runs of hours so far: %w", err)
	}
	r := &hoursRun{Detector: d, id: d.o.NewID(), whole: last[0].Runs == 0 || last[0].Terms != terms}
	if r.projected, err = d.byOrganizer(ctx); err != nil {
		return report, err
	}
	made := began
	if !made.After(last[0].MadeAt) { // a clock that was set back must not hide the run
		made = last[0].MadeAt.Add(time.Microsecond)
	}
	us := strconv.FormatInt(made.UnixMicro(), 10)
	r.params = d.parameters(Request{}).with(map[string]string{
		"run": r.id.String(), "made_us": us, "whole": strconv.FormatBool(r.whole), "since_ms": "0", "terms": terms,
		"stored_us": strconv.FormatInt(last[0].MadeAt.Add(-slack).UnixMicro(), 10),
	})
	report.Whole = r.whole
	w := d.workspace(r.params)
	defer func() { err = errors.Join(err, w.close(ctx)) }()
	if !r.whole {
		if report.Changed, err = r.changed(ctx, w); err != nil || report.Changed == 0 {
			return report, err
		}
	}
	if err := r.portions(ctx); err != nil {
		return report, err
	}
	q := r.params.and("changed", strconv.FormatUint(report.Changed, 10))
	if err := d.o.Conn.Exec(q.on(ctx, nil), sqlText("hour_run")); err != nil {
		return report, fmt.Errorf("note the run of hours: %w", err)
	}
	if r.whole {
		if err := d.o.Conn.Exec(r.params.on(ctx, nil), sqlText("hour_sweep")); err != nil {
			return report, fmt.Errorf("remove the hours of older runs: %w", err)
		}
	}
	d.o.Logger.InfoContext(ctx, "hours of organizers", "whole", report.Whole, "changed_records", report.Changed, "took", d.o.Now().Sub(began))
	return report, nil
}

// hourTerms is a digest of what hours depend on beside usage and licences.
func (d *Detector) hourTerms() (string, error) {
	shape, err := featureFiles.ReadFile("features/hours.sql")
	if err != nil {
		return "", err
	}
	text, err := json.Marshal([]any{string(shape), d.o.AddonPlans, d.o.Rates})
	if err != nil {
		return "", fmt.Errorf("what hours depend on: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8]), nil
}

// changed makes the table of records that are new or were replaced, and says how many they are.
func (r *hoursRun) changed(ctx context.Context, w *workspace) (uint64, error) {
	r.about = w.prefix + "changed"
	w.made["changed"] = r.about
	if err := r.o.Conn.Exec(r.params.and("table", r.about).on(ctx, heavy), sqlText("hour_changed")); err != nil {
		return 0, fmt.Errorf("list the records that came since the hours were made: %w", err)
	}
	r.params = r.params.and("about", r.about)
	var bounds []struct {
		Changed uint64    `ch:"changed"`
		First   time.Time `ch:"first"`
	}
	if err := r.o.Conn.Select(r.params.on(ctx, nil), &bounds, sqlText("hour_bounds")); err != nil {
		return 0, fmt.Errorf("count the records that came since the hours were made: %w", err)
	}
	r.params = r.params.and("since_ms", strconv.FormatInt(bounds[0].First.Add(-hourPast).UnixMilli(), 10))
	return bounds[0].Changed, nil
}

// portions makes the hours of a few tenants after the other, and of a large one a part of its
// organizers after the other, so that the working tables stay within bounds.
func (r *hoursRun) portions(ctx context.Context) error {
	query := "hour_tenants"
	if !r.whole {
		query = "hour_about"
	}
	var tenants []struct {
		ID    string `ch:"tenant_id"`
		Calls uint64 `ch:"calls"`
	}
	text := sqlText(query)
	if r.projected {
		text = strings.Replace(text, "FROM usage_revisions) AS u", "FROM mergeTreeProjection(currentDatabase(), 'usage_revisions', 'by_organizer')) AS u", 1)
	}
	if err := r.o.Conn.Select(r.params.on(ctx, nil), &tenants, text); err != nil {
		return fmt.Errorf("list the tenants whose hours are made: %w", err)
	}
	var some []string
	room := int64(hourCalls)
	flush := func() error {
		if len(some) == 0 {
			return nil
		}
		err := r.portion(ctx, some, 1, 0)
		some, room = nil, hourCalls
		return err
	}
	for _, t := range tenants {
		n := int64(t.Calls)
		if n > room {
			if err := flush(); err != nil {
				return err
			}
		}
		if parts := (n + hourCalls - 1) / hourCalls; parts > 1 {
			for part := range parts {
				if err := r.portion(ctx, []string{t.ID}, parts, part); err != nil {
					return err
				}
			}
			continue
		}
		some, room = append(some, t.ID), room-n
	}
	return flush()
}

// portion makes the hours of some organizers.
func (r *hoursRun) portion(ctx context.Context, tenants []string, parts, part int64) (err error) {
	w := r.workspace(r.params.with(map[string]string{
		"tenants": texts(tenants), "parts": strconv.FormatInt(parts, 10), "part": strconv.FormatInt(part, 10),
	}))
	defer func() { err = errors.Join(err, w.close(ctx)) }()
	exec := func(what, query string, more map[string]string) error {
		if err := r.o.Conn.Exec(w.params.with(more).on(ctx, heavy), query); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		return nil
	}
	calls, touched := w.prefix+"calls", w.prefix+"touched"
	w.made["calls"] = calls
	text := sqlText("hour_calls")
	if !r.whole {
		text = strings.Replace(text, "SELECT * FROM usage", r.records(), 1)
	}
	if err := exec("read the calls of hours", text, map[string]string{"table": calls}); err != nil {
		return err
	}
	w.params = w.params.with(map[string]string{"calls": calls, "view_calls": calls, "touched": calls})
	shape := view{name: "hours"}.sql()
	if !r.whole {
		w.made["touched"] = touched
		query := strings.Replace(sqlText("hour_touched"), "AS\nWITH", "AS\nWITH calls AS (SELECT * FROM {calls:Identifier}),", 1)
		if err := exec("list the hours that records touch", query, map[string]string{"table": touched}); err != nil {
			return err
		}
		w.params = w.params.and("touched", touched)
		const among = "(l.tenant_id, l.organizer_id, toStartOfHour(l.ended_at)) IN (SELECT tenant_id, organizer_id, hour FROM {touched:Identifier})"
		shape = strings.NewReplacer("/* touched */", "WHERE "+among, "/* touched too */", "AND "+among).Replace(shape)
	}
	rows := strings.Replace(sqlText("hour_rows"), "/* hours */", over([]string{"calls"}, "SELECT * FROM (\n"+shape+"\n)"), 1)
	if r.whole { // there is nothing to leave out
		rows, _, _ = strings.Cut(rows, "WHERE {whole:Bool}")
	}
	if err := exec("make hours", rows, nil); err != nil {
		return err
	}
	if r.whole {
		return nil
	}
	return exec("empty hours", sqlText("hour_gone"), nil)
}

// records is where the records of changed organizers are read from.
func (r *hoursRun) records() string {
	if r.projected {
		return sqlText("records")
	}
	return "SELECT * FROM usage WHERE (tenant_id, organizer_id) IN (SELECT tenant_id, organizer_id FROM {about:Identifier})"
}

// byOrganizer says whether all records can be read by organizer.
func (d *Detector) byOrganizer(ctx context.Context) (bool, error) {
	var parts []struct {
		All       uint64 `ch:"parts"`
		Projected uint64 `ch:"projected"`
	}
	if err := d.o.Conn.Select(params{}.on(ctx, nil), &parts, sqlText("projected")); err != nil {
		return false, fmt.Errorf("read whether records are kept by organizer: %w", err)
	}
	return parts[0].All > 0 && parts[0].Projected == parts[0].All, nil
}
