package rating

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"fairdial/store/journal"
)

// ReconciliationStream is the stream of the journal that signatures are in; a subject is a
// tenant-month.
const ReconciliationStream = "reconciliation"

// ReconciliationSigned is the kind of its events.
const ReconciliationSigned = "signed"

// ErrOtherFingerprint: what is to be signed is not what was looked at.
var ErrOtherFingerprint = errors.New("the reconciliation has other figures")

// Signature says that a person took a reconciliation as it was.
type Signature struct {
	Fingerprint string     `json:"fingerprint"`
	Totals      []Variance `json:"totals"` // what was signed, by currency
	By          string     `json:"by"`
	At          time.Time  `json:"at"` // UTC
	Reason      string     `json:"reason"`
	Account     string     `json:"account,omitempty"` // that the person used, where it is not their name
	// Current says whether the figures still are those.
	Current bool `json:"current"`
}

func reconciliationSubject(tenantID, month string) string { return tenantID + "/" + month }

// SignReconciliation notes that somebody takes a reconciliation as it is now. fingerprint
// is that of the figures they looked at; with others nothing is signed.
func (r *Rater) SignReconciliation(ctx context.Context, j CreditsLog, rec Reconciliation, fingerprint, actor, account, reason string) error {
	fail := func(err error) error { return fmt.Errorf("sign %s %s: %w", rec.TenantID, rec.Month, err) }
	if rec.Fingerprint != fingerprint {
		return fail(fmt.Errorf("%w: their fingerprint is %s", ErrOtherFingerprint, rec.Fingerprint))
	}
	if strings.TrimSpace(reason) == "" {
		return fail(ErrNoReason)
	}
	actor, err := journal.Actor(actor)
	if err != nil {
		return fail(err)
	}
	body, err := json.Marshal(Signature{Fingerprint: fingerprint, Totals: rec.Totals, Account: account})
	if err != nil {
		return fail(err)
	}
	subject := reconciliationSubject(rec.TenantID, rec.Month)
	history, err := j.History(ctx, ReconciliationStream, subject)
	if err != nil {
		return fail(err)
	}
	err = j.Append(ctx, journal.Event{
		Stream: ReconciliationStream, Subject: subject, Version: uint32(len(history)) + 1, Kind: ReconciliationSigned, TenantID: rec.TenantID,
		Actor: actor, At: r.now(), Reason: reason, Body: string(body),
	})
	if err != nil {
		return fail(err)
	}
	return nil
}

// history is what signatures need of the journal to be read.
type history interface {
	History(ctx context.Context, stream, subject string) ([]journal.Event, error)
}

// Signatures are those of a tenant-month, oldest first, each compared with the figures now.
func (r *Rater) Signatures(ctx context.Context, j history, rec Reconciliation) ([]Signature, error) {
	history, err := j.History(ctx, ReconciliationStream, reconciliationSubject(rec.TenantID, rec.Month))
	if err != nil {
		return nil, fmt.Errorf("signatures of %s %s: %w", rec.TenantID, rec.Month, err)
	}
	out := []Signature{}
	for _, e := range history {
		var s Signature
		if err := json.Unmarshal([]byte(e.Body), &s); err != nil {
			return nil, fmt.Errorf("read signature %d of %s: %w", e.Version, e.Subject, err)
		}
		s.By, s.At, s.Reason, s.Current = e.Actor, e.At.UTC(), e.Reason, s.Fingerprint == rec.Fingerprint
		out = append(out, s)
	}
	return out, nil
}
