package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"

	"fairdial/access"
	"fairdial/alerting"
	"fairdial/cases"
	"fairdial/directory"
	"fairdial/enforcement"
	"fairdial/ingest"
	"fairdial/numbering"
	"fairdial/rating"
	"fairdial/store"
	"fairdial/store/journal"
)

// services are the parts of the program on one open store.
type services struct {
	store     *store.Store
	journal   *journal.Journal
	directory *directory.Directory
	ingester  *ingest.Ingester
	cases     *cases.Log
	enforcer  *enforcement.Enforcer
	rater     *rating.Rater
	books     *rating.Books
	alerter   *alerting.Alerter
}

// services wires the parts together and brings the configured tenants in.
func (a *app) services(ctx context.Context, st *store.Store) (*services, error) {
	numbers, err := numbering.New()
	if err != nil {
		return nil, err
	}
	j := journal.New(st, a.now, a.newID)
	s := &services{
		store: st, journal: j,
		directory: directory.New(st, a.now, a.newID, a.logger),
		ingester: ingest.New(ingest.Options{
			Conn: st, Journal: j, Classifier: numbers, Now: a.now, NewID: a.newID, Logger: a.logger, Stdin: a.stdin,
			LockDir: filepath.Join(a.cfg.Store.Path, "locks"),
		}),
		cases: cases.NewLog(j),
	}
	if s.enforcer, err = a.enforcer(s); err != nil {
		return nil, err
	}
	if s.rater, err = a.rater(s); err != nil {
		return nil, err
	}
	s.books = rating.NewBooks(s.rater, j, time.Duration(a.cfg.Finance.Latency)).Apart(access.NewHands(j).Apart)
	if s.alerter, err = a.alerter(s); err != nil {
		return nil, err
	}
	return s, a.importTenants(ctx, s)
}

func (a *app) enforcer(s *services) (*enforcement.Enforcer, error) {
	return enforcement.New(enforcement.Options{
		Conn: s.store, Journal: s.journal, Cases: s.cases, Policy: a.policy(), Apart: access.NewHands(s.journal).Apart,
		Now: a.now, Logger: a.logger,
	})
}

// importTenants brings in the tenants that the configuration names.
func (a *app) importTenants(ctx context.Context, s *services) error {
	if len(a.cfg.Tenants) == 0 {
		return nil
	}
	text, err := json.Marshal(a.cfg.Tenants)
	if err != nil {
		return fmt.Errorf("tenants of the configuration: %w", err)
	}
	if _, err := s.directory.ImportTenants(ctx, bytes.NewReader(text)); err != nil {
		return fmt.Errorf("tenants of the configuration: %w", err)
	}
	return nil
}

// openCases counts the cases that are not closed, and those that nobody has looked at in time.
func (s *services) openCases(ctx context.Context, now time.Time) (open, overdue int, err error) {
	list, err := s.cases.List(ctx, cases.Filter{})
	if err != nil {
		return 0, 0, err
	}
	for _, c := range list {
		if c.Status != cases.StatusClosed {
			open++
		}
		if c.Overdue(now) {
			overdue++
		}
	}
	return open, overdue, nil
}

// ready says whether the store answers.
func (s *services) ready(ctx context.Context) error {
	if err := s.store.Ping(ctx); err != nil {
		return fmt.Errorf("the store does not answer: %w", err)
	}
	return nil
}
