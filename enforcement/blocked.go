package enforcement

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"

	"fairdial/cases"
	"fairdial/store/journal"
)

// ProviderStream is the journal's stream of what the provider itself did: it blocks and
// unblocks users by its own lights. A subject is tenant "/" remediation id "/" mode.
const ProviderStream = "provider_block"

// Block is one row of the provider's log of blocked users (Microsoft Graph beta,
// pstnBlockedUsersLogRow).
type Block struct {
	At            time.Time `json:"blockDateTime"`
	Reason        string    `json:"blockReason"`
	RemediationID string    `json:"remediationId"`
	Mode          string    `json:"userBlockMode"` // Blocked, Unblocked, or one that came later
	UserID        string    `json:"userId"`
	UPN           string    `json:"userPrincipalName"`
	// The row's telephone number is not read: nothing here needs it.
}

// Imported counts the rows of an import: read = new + duplicate.
type Imported struct {
	Read      int `json:"read"`
	New       int `json:"new"`
	Duplicate int `json:"duplicate"`
}

var blockSpace = uuid.MustParse("4a5c2f0e-8d0b-4f39-9a51-0a8f5a0c6d11")

// ReadBlocks reads the provider's log as Graph answers it: {"value": [...]}, or the list
// alone.
func ReadBlocks(r io.Reader) ([]Block, error) {
	text, err := io.ReadAll(io.LimitReader(r, 64<<20))
	if err != nil {
		return nil, fmt.Errorf("blocked users: %w", err)
	}
	var page struct {
		Value []Block `json:"value"`
	}
	if strings.HasPrefix(strings.TrimSpace(string(text)), "[") {
		err = json.Unmarshal(text, &page.Value)
	} else {
		err = json.Unmarshal(text, &page)
	}
	if err != nil {
		return nil, fmt.Errorf("blocked users: this is no answer of getPstnBlockedUsersLog: %w", err)
	}
	for i, b := range page.Value {
		if b.RemediationID == "" || b.UserID == "" || b.At.IsZero() || b.Mode == "" {
			return nil, fmt.Errorf("blocked users: row %d lacks remediationId, userId, blockDateTime or userBlockMode", i+1)
		}
	}
	return page.Value, nil
}

// ImportBlocks records what the provider did, and notes it in the cases of those it was done
// to. A row that is known already counts as a duplicate, so that the same page can be read again.
func (e *Enforcer) ImportBlocks(ctx context.Context, tenantID, actor string, blocks []Block) (Imported, error) {
	if tenantID == "" || actor == "" {
		return Imported{}, errors.New("blocked users need a tenant and an actor")
	}
	known, err := e.journal.Heads(ctx, ProviderStream, journal.Filter{TenantID: tenantID})
	if err != nil {
		return Imported{}, fmt.Errorf("blocked users: %w", err)
	}
	seen := map[string]bool{}
	for _, head := range known {
		seen[head.Subject] = true
	}
	out := Imported{Read: len(blocks)}
	var batch []journal.Event
	for _, b := range blocks {
		mode := strings.ToLower(b.Mode)
		subject := tenantID + "/" + strings.ToLower(b.RemediationID) + "/" + mode
		if seen[subject] {
			out.Duplicate++
			continue
		}
		seen[subject] = true
		body, err := json.Marshal(b)
		if err != nil {
			return out, err
		}
		batch = append(batch, journal.Event{
			Stream: ProviderStream, Subject: subject, Version: 1, EventID: uuid.NewSHA1(blockSpace, []byte(subject)), Kind: mode,
			TenantID: tenantID, OrganizerID: normal(b.UserID), Actor: actor, At: b.At, Reason: b.Reason, Body: string(body),
		})
	}
	if _, err := e.journal.AppendBatch(ctx, batch); err != nil {
		return out, fmt.Errorf("blocked users: %w", err)
	}
	out.New = len(batch)
	// Duplicates too: an import that died may have stored them and noted nothing.
	return out, e.noteBlocks(ctx, tenantID, blocks)
}

// ProviderActor is whose the notes in cases are.
const ProviderActor = "system:provider"

// bearsOn is how long before the provider acted a case that is closed can have been about it.
const bearsOn = 90 * 24 * time.Hour

// noteBlocks puts what the provider did into the cases of the organizers, once.
func (e *Enforcer) noteBlocks(ctx context.Context, tenantID string, blocks []Block) error {
	if len(blocks) == 0 {
		return nil
	}
	heads, err := e.cases.Changed(ctx, time.Time{})
	if err != nil {
		return fmt.Errorf("blocked users: read the cases: %w", err)
	}
	for _, b := range blocks {
		note := fmt.Sprintf("the provider %s this organizer at %s: %s (%s)", strings.ToLower(b.Mode),
			b.At.UTC().Format("2006-01-02 15:04 UTC"), cmp.Or(b.Reason, "no reason given"), strings.ToLower(b.RemediationID))
		for _, head := range heads {
			c := head.State
			if c.TenantID != tenantID || !about(c, normal(b.UserID)) || c.Status == cases.StatusClosed && b.At.Sub(c.UpdatedAt) > bearsOn {
				continue
			}
			if err := e.note(ctx, c.ID, note); err != nil {
				return fmt.Errorf("blocked users: note in case %s: %w", c.ID, err)
			}
		}
	}
	return nil
}

// note adds a note to a case that does not have it. The detector may move the case on meanwhile.
func (e *Enforcer) note(ctx context.Context, caseID, text string) error {
	for tries := 1; ; tries++ {
		history, err := e.cases.History(ctx, caseID)
		if err != nil {
			return err
		}
		for _, entry := range history {
			if entry.Kind == cases.KindNoted && entry.Actor == ProviderActor && entry.Reason == text {
				return nil
			}
		}
		_, err = e.cases.Act(ctx, caseID, cases.Action{
			Kind: cases.KindNoted, Actor: ProviderActor, Reason: text, Version: history[len(history)-1].Version,
		}, e.now())
		if _, beaten := errors.AsType[*journal.ConflictError](err); !beaten || tries == 5 {
			return err
		}
	}
}

// ProviderBlocks is what the provider did, oldest first.
func (e *Enforcer) ProviderBlocks(ctx context.Context) ([]journal.Event, error) {
	heads, err := e.journal.Heads(ctx, ProviderStream, journal.Filter{})
	if err != nil {
		return nil, fmt.Errorf("blocked users: %w", err)
	}
	return heads, nil
}

// CaseAbout is the id of the case of the highest risk about an organizer, "" for none: a block
// without one is abuse that detection did not see.
func CaseAbout(all []cases.Case, tenantID, organizerID string) string {
	var best cases.Case
	for _, c := range all {
		if c.TenantID == tenantID && about(c, organizerID) && (best.ID == "" || c.Score > best.Score) {
			best = c
		}
	}
	return best.ID
}
