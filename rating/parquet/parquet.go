// Package parquet writes the statements of a month in detail as a Parquet file: a row an
// organizer, destination, bucket and rule. Amounts are DECIMAL(38, 7), exact.
package parquet

import (
	"context"
	"fmt"
	"io"
	"math/big"

	"github.com/parquet-go/parquet-go"
	"github.com/shopspring/decimal"

	"fairdial/rating"
)

// Entries gives the entries of statements one by one.
type Entries interface {
	Entries(ctx context.Context, all []rating.Statement, each func(rating.Entry) error) error
}

// Row is a row of the file. Numbers of rows that adjust an earlier month (of_month is
// another one than month) can be negative.
type Row struct {
	TenantID           string `parquet:"tenant_id,dict,zstd"`
	TenantName         string `parquet:"tenant_name,dict,zstd"`
	Month              string `parquet:"month,dict,zstd"`
	OfMonth            string `parquet:"of_month,dict,zstd"`
	OrganizerID        string `parquet:"organizer_id,dict,zstd"`
	OrganizerUPN       string `parquet:"organizer_upn,dict,zstd"`
	OrganizerName      string `parquet:"organizer_name,dict,zstd"`
	DestinationCountry string `parquet:"destination_country,dict,zstd"`
	DestinationClass   string `parquet:"destination_class,dict,zstd"`
	Bucket             string `parquet:"bucket,dict,zstd"`
	Reason             string `parquet:"reason,dict,zstd"`
	Conferencing       string `parquet:"conferencing,dict,zstd"`
	UnfundedBecause    string `parquet:"unfunded_because,dict,zstd"`
	Currency           string `parquet:"currency,dict,zstd"`
	Calls              int64  `parquet:"calls,zstd"`
	CallsBegun         int64  `parquet:"calls_begun,zstd"`
	Seconds            int64  `parquet:"seconds,zstd"`
	BilledTenths       int64  `parquet:"billed_tenths_of_minute,zstd"`
	// Amount is what is known of the sum; NULL where no rate is known for any of the calls.
	Amount          *[16]byte `parquet:"amount,optional,decimal(7:38),zstd"`
	UnpricedCalls   int64     `parquet:"unpriced_calls,zstd"`
	UnpricedSeconds int64     `parquet:"unpriced_seconds,zstd"`
	Closing         string    `parquet:"closing,dict,zstd"` // of the month that is adjusted; empty in other rows
}

// places of amounts after the point.
const places = 7

// rowsInGroup bounds what is held in memory.
const rowsInGroup = 100_000

// Write writes the entries of statements as they come.
func Write(ctx context.Context, w io.Writer, all []rating.Statement, entries Entries) error {
	names := map[string]string{}
	for _, s := range all {
		names[s.TenantID] = s.TenantName
	}
	out := parquet.NewGenericWriter[Row](w, parquet.MaxRowsPerRowGroup(rowsInGroup))
	row := make([]Row, 1)
	err := entries.Entries(ctx, all, func(e rating.Entry) error {
		amount, err := maybe(e.Amount)
		if err != nil {
			return fmt.Errorf("tenant %s, organizer %s: %w", e.TenantID, e.OrganizerID, err)
		}
		row[0] = Row{
			TenantID: e.TenantID, TenantName: names[e.TenantID], Month: e.Month, OfMonth: e.OfMonth, OrganizerID: e.OrganizerID,
			OrganizerUPN: e.OrganizerUPN, OrganizerName: e.OrganizerName, DestinationCountry: e.DestinationCountry, DestinationClass: e.DestinationClass,
			Bucket: e.Bucket, Reason: e.Reason, Conferencing: e.Conferencing, UnfundedBecause: e.UnfundedBecause, Currency: e.Currency,
			Calls: e.Calls, CallsBegun: e.CallsBegun, Seconds: e.Seconds, BilledTenths: e.BilledTenths, Amount: amount,
			UnpricedCalls: e.UnpricedCalls, UnpricedSeconds: e.UnpricedSeconds,
		}
		if e.Adjusts() {
			row[0].Closing = e.Closing.String()
		}
		_, err = out.Write(row)
		return err
	})
	if err != nil {
		return fmt.Errorf("write the Parquet file: %w", err)
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("write the Parquet file: %w", err)
	}
	return nil
}

// maybe is an amount as the file has it, nil where it is not known.
func maybe(d *decimal.Decimal) (*[16]byte, error) {
	if d == nil {
		return nil, nil
	}
	amount, err := unscaled(*d)
	return &amount, err
}

// unscaled is an amount in units of its last place, in two's complement, the highest byte
// first.
func unscaled(d decimal.Decimal) (out [16]byte, err error) {
	if !d.Equal(d.Round(places)) {
		return out, fmt.Errorf("the amount %s has more than %d places", d, places)
	}
	n := d.Shift(places).BigInt()
	if n.CmpAbs(new(big.Int).Exp(big.NewInt(10), big.NewInt(38), nil)) >= 0 {
		return out, fmt.Errorf("the amount %s has more than 38 digits", d)
	}
	if n.Sign() < 0 {
		n.Add(n, new(big.Int).Lsh(big.NewInt(1), 128))
	}
	n.FillBytes(out[:])
	return out, nil
}
