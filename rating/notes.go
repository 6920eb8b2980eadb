package rating

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"fairdial/store/journal"
	"fairdial/usage"
)

// NoteStream is the stream of the journal that notes on statements are in. A subject is the
// month and the tenant, as in CloseStream; the body of an event is all notes up to it.
const NoteStream = "note"

// Noted is the kind of its events.
const Noted = "noted"

// maxNote is how long a note may be, in characters.
const maxNote = 2000

// ErrNoteTooLong refuses a note.
var ErrNoteTooLong = fmt.Errorf("a note has at most %d characters", maxNote)

// Note is what finance wrote on the statement of a tenant-month. It changes no figure, may be
// written before and after the month is closed, and stays.
type Note struct {
	By   string    `json:"by"`
	At   time.Time `json:"at"` // UTC
	Text string    `json:"text"`
}

// noteTries is how often a note is written anew that another one came before: neither decides
// anything, so both are kept.
const noteTries = 5

// Note writes a note on a statement and gives all that it has then, oldest first.
func (b *Books) Note(ctx context.Context, month usage.Month, tenantID, actor, text string) ([]Note, error) {
	fail := func(err error) ([]Note, error) {
		return nil, fmt.Errorf("note on %s of tenant %s: %w", month, tenantID, err)
	}
	actor, err := journal.Actor(actor)
	if err != nil {
		return fail(err)
	}
	if text = strings.TrimSpace(text); text == "" {
		return fail(ErrNoReason)
	}
	if utf8.RuneCountInString(text) > maxNote {
		return fail(ErrNoteTooLong)
	}
	there, err := b.Statements(ctx, month, []string{tenantID})
	if err != nil {
		return fail(err)
	}
	if len(there) == 0 {
		return fail(ErrNotRated)
	}
	for range noteTries {
		history, err := b.log.History(ctx, NoteStream, subjectOf(month, tenantID))
		if err != nil {
			return fail(err)
		}
		var all []Note
		if n := len(history); n > 0 {
			if all, err = decodeNotes(history[n-1]); err != nil {
				return fail(err)
			}
		}
		all = append(all, Note{actor, b.rater.now().UTC().Truncate(time.Millisecond), text})
		body, err := json.Marshal(all)
		if err != nil {
			return fail(err)
		}
		err = b.log.Append(ctx, journal.Event{
			Stream: NoteStream, Subject: subjectOf(month, tenantID), Version: uint32(len(history)) + 1, Kind: Noted,
			TenantID: tenantID, Actor: actor, At: all[len(all)-1].At, Reason: text, Body: string(body),
		})
		if _, lost := errors.AsType[*journal.ConflictError](err); lost {
			continue
		}
		if err != nil {
			return fail(err)
		}
		return all, nil
	}
	return fail(errors.New("others write notes on it all the time; try again"))
}

func decodeNotes(e journal.Event) (all []Note, err error) {
	if err := json.Unmarshal([]byte(e.Body), &all); err != nil {
		return nil, fmt.Errorf("notes %s, version %d: %w", e.Subject, e.Version, err)
	}
	return all, nil
}

// annotate puts the notes of a month on its statements.
func (b *Books) annotate(ctx context.Context, month usage.Month, tenants []string, all []Statement) error {
	if len(all) == 0 {
		return nil
	}
	heads, err := b.log.Heads(ctx, NoteStream, oneTenant(tenants))
	if err != nil {
		return fmt.Errorf("read the notes on %s: %w", month, err)
	}
	for _, e := range heads {
		i := slices.IndexFunc(all, func(s Statement) bool { return subjectOf(month, s.TenantID) == e.Subject })
		if i < 0 {
			continue
		}
		if all[i].Notes, err = decodeNotes(e); err != nil {
			return err
		}
	}
	return nil
}
