package rating_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"fairdial/rating"
	"fairdial/rating/workbook"
	"fairdial/store/journal"
)

// A note can be written before a month is closed, while it is and after it was opened again,
// changes nothing else, and is in the exports that have words.
func TestNotesOnAStatement(t *testing.T) {
	w, _, b := closable(t)
	ctx := context.Background()
	_, err := b.Note(ctx, january, "a", "console:carol", "  the provider promised a credit note ")
	require.NoError(t, err)
	before, err := b.Statements(ctx, january, []string{"a"})
	require.NoError(t, err)
	closed, err := b.Close(ctx, closing(january, "eve"))
	require.NoError(t, err)
	all, err := b.Note(ctx, january, "a", "console:eve", "=it came; see +14255550123")
	require.NoError(t, err)
	require.Len(t, all, 2)

	frozen, err := b.Statements(ctx, january, []string{"a"})
	require.NoError(t, err)
	require.Equal(t, []string{"the provider promised a credit note", "=it came; see +14255550123"}, []string{frozen[0].Notes[0].Text, frozen[0].Notes[1].Text})
	require.Equal(t, "console:carol", frozen[0].Notes[0].By)
	require.True(t, frozen[0].Notes[1].At.After(closed.At))
	require.Equal(t, before[0].Calls, frozen[0].Calls)
	verified, err := b.Verify(ctx, january, []string{"a"})
	require.NoError(t, err)
	require.True(t, verified[0].OK, "what was closed is what it was")
	rated, err := b.Rated().Statements(ctx, january, []string{"a"})
	require.NoError(t, err)
	require.Len(t, rated[0].Notes, 2)

	var book, text bytes.Buffer
	require.NoError(t, workbook.Write(ctx, &book, "2026-01", frozen, b, w.clock))
	f, err := excelize.OpenReader(&book)
	require.NoError(t, err)
	rows, err := f.GetRows("Summary")
	require.NoError(t, err)
	found := 0
	for _, row := range rows {
		if strings.Contains(strings.Join(row, "|"), "note by console:") {
			found++
		}
	}
	require.Equal(t, 2, found)
	require.NoError(t, rating.WriteStatementsJSON(&text, frozen))
	require.Contains(t, text.String(), `"text": "the provider promised a credit note"`)

	_, err = b.Reopen(ctx, january, "a", "bob", "", "a mistake")
	require.NoError(t, err)
	open, err := b.Statements(ctx, january, []string{"a"})
	require.NoError(t, err)
	require.Len(t, open[0].Notes, 2)
	later, err := b.Statements(ctx, february, []string{"a"})
	require.NoError(t, err)
	require.Empty(t, later[0].Notes)

	for actor, bad := range map[string]struct {
		tenant, text string
		err          error
	}{
		"console:ann": {"a", " \n", rating.ErrNoReason}, "console:bob": {"a", strings.Repeat("é", 2001), rating.ErrNoteTooLong},
		"console:cem": {"nobody", "x", rating.ErrNotRated}, " ": {"a", "x", journal.ErrNoActor},
	} {
		_, err := b.Note(ctx, january, bad.tenant, actor, bad.text)
		require.ErrorIs(t, err, bad.err)
	}

	events, err := journal.New(w.s, w.tick, uuid.New).History(ctx, rating.NoteStream, "2026-01/a")
	require.NoError(t, err)
	require.Equal(t, "the provider promised a credit note", events[0].Reason, "the audit has it")
	require.Equal(t, "a", events[0].TenantID)
}

// Of two notes at once none is lost: they decide nothing.
func TestTwoNotesAtOnceAreBothKept(t *testing.T) {
	_, _, b := closable(t)
	var both sync.WaitGroup
	errs := make([]error, 2)
	for i, who := range []string{"console:ann", "console:bob"} {
		both.Go(func() { _, errs[i] = b.Note(context.Background(), january, "a", who, "seen by "+who) })
	}
	both.Wait()
	require.NoError(t, errors.Join(errs...))
	all, err := b.Statements(context.Background(), january, []string{"a"})
	require.NoError(t, err)
	require.Len(t, all[0].Notes, 2)
}
