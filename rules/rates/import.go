package rates

import (
	"context"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"
)

//go:embed sql/*.sql
var statements embed.FS

func statement(name string) string {
	text, err := statements.ReadFile("sql/" + name + ".sql")
	if err != nil {
		panic("rates: the statement is part of the program: " + err.Error())
	}
	return string(text)
}

// Source is a rate sheet to import.
type Source struct {
	Reader io.Reader
	File   string // for the record
	// Currency is ISO 4217; "" takes the one the header names.
	Currency string
	// ValidFrom is when the sheet comes into force, to the millisecond. It stays in
	// force until the next sheet of its currency.
	ValidFrom time.Time
	StoredAt  time.Time // now
	// AllowGaps stores a sheet that forgets numbers of a country it has rates for; calls
	// to them have no rate. Without it such a sheet is refused.
	AllowGaps bool
	// AllowMismatch stores a sheet with rows whose destination is another country than their
	// prefix. Without it such a sheet is refused.
	AllowMismatch bool
	// Replace lets the sheet take the place of another that is in force from the same moment;
	// Reason says why. Without it that is refused.
	Replace bool
	Reason  string
	Actor   string // who brings it in, for the record
}

// ErrSameMoment: another sheet of the currency is in force from the same moment.
var ErrSameMoment = errors.New("another sheet is in force from that moment")

// ErrNoReason: a sheet is to take the place of another, and nobody says why.
var ErrNoReason = errors.New("taking the place of another sheet needs a reason")

// Stored is a sheet that the store has.
type Stored struct {
	ID        uuid.UUID `ch:"sheet_id" json:"sheet_id"`
	Currency  string    `ch:"currency" json:"currency"`
	ValidFrom time.Time `ch:"valid_from" json:"valid_from"`
	File      string    `ch:"file" json:"file"`
	Rows      uint32    `ch:"rows" json:"rows"`       // rates, one a prefix
	Origins   []string  `ch:"origins" json:"origins"` // countries with rates of their own
	StoredAt  time.Time `ch:"stored_at" json:"stored_at"`
	Actor     string    `ch:"actor" json:"actor,omitempty"`
	// Reason is why it took the place of another sheet, where it did.
	Reason string `ch:"reason" json:"reason,omitempty"`
	// Replaced is the sheet whose place this import took; nil for none.
	Replaced *uuid.UUID `json:"replaced,omitempty"`
	// ReplacedAt is when another sheet from the same moment took its place, UTC; nil while it counts.
	ReplacedAt *time.Time `ch:"replaced_at" json:"replaced_at,omitempty"`
	// Unchanged: the import brought nothing new.
	Unchanged bool `json:"unchanged"`
}

// sheets is the namespace of sheet ids.
var sheets = uuid.NewSHA1(uuid.NameSpaceURL, []byte("fairdial:rates/sheet"))

// Import stores a sheet. The same sheet from the same moment on is stored once: its
// id comes from its content, and its rows count only once the sheet's own row is there,
// so that an import that was killed can simply be run again.
func Import(ctx context.Context, conn driver.Conn, src Source) (Stored, error) {
	sheet, err := Parse(src.Reader, src.Currency)
	if err != nil {
		return Stored{}, err
	}
	var problems []Problem
	if !src.AllowMismatch {
		problems = sheet.Mismatches()
	}
	if !src.AllowGaps {
		problems = append(problems, sheet.Gaps()...)
	}
	if len(problems) > 0 {
		return Stored{}, &Error{problems}
	}
	from := src.ValidFrom.UTC().Truncate(time.Millisecond)
	hash := sheet.hash()
	out := Stored{
		ID: uuid.NewSHA1(sheets, fmt.Appendf(nil, "%s|%d|%s", sheet.Currency, from.UnixMilli(), hex.EncodeToString(hash[:]))), Currency: sheet.Currency,
		ValidFrom: from, File: src.File, Rows: uint32(len(sheet.Rates)), Origins: sheet.origins(), StoredAt: src.StoredAt.UTC().Truncate(time.Microsecond), Actor: src.Actor,
	}
	all, err := List(ctx, conn)
	if err != nil {
		return Stored{}, err
	}
	for _, s := range all {
		if s.ID == out.ID {
			s.Unchanged = true
			return s, nil
		}
	}
	for _, s := range all {
		if s.Currency != out.Currency || !s.ValidFrom.Equal(out.ValidFrom) {
			continue
		}
		if !src.Replace {
			return Stored{}, fmt.Errorf("%w: %s in %s from %s, stored at %s; bring in this one in its place with --replace and a --reason, or from another moment",
				ErrSameMoment, or(s.File, s.ID.String()), s.Currency, s.ValidFrom.UTC().Format(time.RFC3339), s.StoredAt.UTC().Format(time.RFC3339))
		}
		if strings.TrimSpace(src.Reason) == "" {
			return Stored{}, ErrNoReason
		}
		out.Reason, out.Replaced = src.Reason, &s.ID
	}
	var rated, ranged uint64
	err = conn.QueryRow(ctx, statement("rows_of_sheet"), clickhouse.Named("currency", sheet.Currency),
		clickhouse.Named("sheet_id", out.ID.String()), clickhouse.Named("list_id", out.ListID("").String())).Scan(&rated, &ranged)
	if err != nil {
		return Stored{}, fmt.Errorf("look for the rates of sheet %s: %w", out.ID, err)
	}
	// A block is written whole or not at all, so rates that are there are all there. Were
	// they there twice, by two imports at once, a look-up would still find the one rate.
	if rated == 0 {
		if err := insertRates(ctx, conn, out.ID, sheet); err != nil {
			return Stored{}, fmt.Errorf("store the rates of %s: %w", src.File, err)
		}
	}
	if ranged == 0 {
		if err := insertRanges(ctx, conn, out, sheet); err != nil {
			return Stored{}, fmt.Errorf("store the look-up of %s: %w", src.File, err)
		}
	}
	if err := insertSheet(ctx, conn, out, string(hash[:])); err != nil {
		return Stored{}, fmt.Errorf("store the rate sheet %s: %w", src.File, err)
	}
	return out, nil
}

func insertRates(ctx context.Context, conn driver.Conn, id uuid.UUID, sheet Sheet) error {
	batch, err := conn.PrepareBatch(ctx, statement("insert_rates"))
	if err != nil {
		return err
	}
	defer batch.Close()
	for _, r := range sheet.Rates {
		err := batch.Append(id, sheet.Currency, r.Origin, r.Destination, r.Prefix, string(r.Originating), string(r.NumberType), r.ConnectionCharge, r.PerMinute, uint32(r.Row))
		if err != nil {
			return err
		}
	}
	return batch.Send()
}

func insertRanges(ctx context.Context, conn driver.Conn, s Stored, sheet Sheet) error {
	batch, err := conn.PrepareBatch(ctx, statement("insert_ranges"))
	if err != nil {
		return err
	}
	defer batch.Close()
	for _, origin := range append([]string{""}, s.Origins...) {
		for _, premium := range []bool{false, true} {
			for _, l := range ranges(sheet.Rates, origin, premium) {
				prefix, connection, perMinute := l.money()
				if err := batch.Append(s.ListID(origin), premium, l.starts, s.ID, prefix, connection, perMinute); err != nil {
					return err
				}
			}
		}
	}
	return batch.Send()
}

func insertSheet(ctx context.Context, conn driver.Conn, s Stored, hash string) error {
	batch, err := conn.PrepareBatch(ctx, statement("insert_sheet"))
	if err != nil {
		return err
	}
	defer batch.Close()
	if err := batch.Append(s.ID, s.Currency, s.ValidFrom, s.File, hash, s.Rows, s.Origins, s.StoredAt, s.Actor, s.Reason); err != nil {
		return err
	}
	return batch.Send()
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// All gives every sheet that was brought in, those as well whose place others took, by
// currency, moment and time of import.
func All(ctx context.Context, conn driver.Conn) ([]Stored, error) {
	all := []Stored{}
	if err := conn.Select(ctx, &all, statement("all_sheets")); err != nil {
		return nil, fmt.Errorf("list the rate sheets: %w", err)
	}
	return all, nil
}

// List gives the sheets that count, by currency and the moment from which they hold.
func List(ctx context.Context, conn driver.Conn) ([]Stored, error) {
	var all []Stored
	if err := conn.Select(ctx, &all, statement("sheets")); err != nil {
		return nil, fmt.Errorf("list the rate sheets: %w", err)
	}
	return all, nil
}
