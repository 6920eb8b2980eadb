package rating

import (
	"bufio"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"fairdial/usage"
)

// Export writes the ratings of a month as CSV: one line a bucket that paid for part of
// a call, by tenant, start and usage id. The same ratings give the same bytes. Amounts
// are in the currency beside them; empty where no rate is known. text is what becomes of
// ids, which come from outside: [Cell] for a spreadsheet.
func (r *Rater) Export(ctx context.Context, w io.Writer, month usage.Month, tenants []string, text func(string) string) error {
	frozen, err := r.elsewhere(ctx, tenants, []usage.Month{month})
	if err != nil {
		return fmt.Errorf("export the ratings of %s: %w", month, err)
	}
	rows, err := r.conn.Query(ctx, statement("export"), named("month", firstDay(month)), named("tenants", words(tenants)), named("frozen", frozen))
	if err != nil {
		return fmt.Errorf("export the ratings of %s: %w", month, err)
	}
	defer rows.Close()
	buffer := bufio.NewWriterSize(w, 1<<16)
	out := csv.NewWriter(buffer)
	if err := out.Write([]string{"usage_id", "bucket", "seconds", "amount", "currency"}); err != nil {
		return err
	}
	var id, bucket, amount, currency string
	var seconds uint32
	for rows.Next() {
		if err := rows.Scan(&id, &bucket, &seconds, &amount, &currency); err != nil {
			return fmt.Errorf("export the ratings of %s: %w", month, err)
		}
		if err := out.Write([]string{text(id), bucket, strconv.FormatUint(uint64(seconds), 10), amount, currency}); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("export the ratings of %s: %w", month, err)
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return err
	}
	return buffer.Flush()
}
