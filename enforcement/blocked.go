package enforcement

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"

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
	Mode          string    `json:"userBlockMode"` // Blocked, Unblocked
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
		mode := strings.ToLower(b.Mode)
		if b.RemediationID == "" || b.UserID == "" || b.At.IsZero() || mode != "blocked" && mode != "unblocked" {
			return nil, fmt.Errorf("blocked users: row %d lacks remediationId, userId, blockDateTime or a userBlockMode of Blocked or Unblocked", i+1)
		}
	}
	return page.Value, nil
}

// ImportBlocks records what the provider did. A row that is known already counts as a
// duplicate, so that the same page can be read again.
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
	return out, nil
}

// ProviderBlocks is what the provider did, oldest first.
func (e *Enforcer) ProviderBlocks(ctx context.Context) ([]journal.Event, error) {
	heads, err := e.journal.Heads(ctx, ProviderStream, journal.Filter{})
	if err != nil {
		return nil, fmt.Errorf("blocked users: %w", err)
	}
	return heads, nil
}
