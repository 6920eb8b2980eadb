package ingest

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"fairdial/usage"
)

// batch is the reading of one file.
type batch struct {
	g          *Ingester
	id         uuid.UUID
	tenantID   string
	file       string
	source     string
	sourceAt   time.Time
	readBefore bool // this very file was read to its end before
	counts     Counts
}

//go:embed sql/insert.sql
var insertSQL string

// write judges a chunk, stores what is new in one insert, and counts.
func (b *batch) write(ctx context.Context, chunk []incoming) error {
	if len(chunk) == 0 {
		return nil
	}
	known, err := b.g.existing(ctx, b.tenantID, chunk)
	if err != nil {
		return err
	}
	verdicts := b.judge(chunk, known)
	if err := b.store(ctx, chunk, verdicts); err != nil {
		return fmt.Errorf("store records of %s: %w", b.file, err)
	}
	for _, v := range verdicts {
		b.counts.Read++
		switch {
		case v.duplicate:
			b.counts.Duplicate++
		case v.ignored:
			b.counts.Ignored++
		default:
			b.counts.Accepted++
		}
		if v.corrected {
			b.counts.Corrected++
		}
	}
	return nil
}

func (b *batch) store(ctx context.Context, chunk []incoming, verdicts []verdict) error {
	insert, err := b.g.conn.PrepareBatch(ctx, insertSQL)
	if err != nil {
		return err
	}
	storedAt := b.g.now().UTC()
	rows := 0
	for i, in := range chunk {
		v := verdicts[i]
		if !v.write {
			continue
		}
		rows++
		r := in.record
		d := b.g.classifier.Classify(r.CalleeNumber)
		if err := insert.Append(
			r.TenantID, r.ID, v.revision, in.content, in.core, in.format, r.CallType, r.IsConfOut(),
			r.OrganizerID, r.OrganizerUPN, r.OrganizerName, r.CallID, r.ConferenceID, r.CallDirection, r.CallerNumber, r.CalleeNumber,
			r.UsageCountry, r.TenantCountry, r.DestinationContext, r.DestinationName, r.ExternalCountry,
			r.StartedAt, r.EndedAt, uint32(r.Seconds), nullable(r.Charge), nullable(r.ConnectionCharge), r.Currency, r.Capability, r.InventoryType, r.Operator,
			r.DurationSource, r.AdministrativeUnits, d.Country, d.Region, string(d.Class), d.NPANXX,
			d.HighCost, d.Masked, b.g.classifier.Version(), b.source, b.id, in.position, b.sourceAt, storedAt, v.replaces,
		); err != nil {
			return err
		}
	}
	if rows == 0 {
		return insert.Abort()
	}
	return insert.Send()
}

func nullable(d decimal.NullDecimal) *decimal.Decimal {
	if !d.Valid {
		return nil
	}
	return &d.Decimal
}

// Classifier says what a dialled number is.
type Classifier interface {
	Classify(number string) usage.Destination
	Version() string
}
