package rating

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"fairdial/store/journal"
	"fairdial/usage"
)

// WriteClosed writes the frozen rows of a closed month as the CSV whose SHA-256 the closing
// states, byte by byte: who has the file can check it with any tool. If the rows are not
// what was closed, that is the error, after they are written.
func (b *Books) WriteClosed(ctx context.Context, w io.Writer, month usage.Month, tenantID string) (Closing, error) {
	all, err := b.heads(ctx, journal.Filter{TenantID: tenantID})
	if err != nil {
		return Closing{}, err
	}
	for _, f := range all[tenantID] {
		if f.month != month || f.State != Closed {
			continue
		}
		sum := sha256.New()
		if _, err := b.rater.writeCanonical(ctx, io.MultiWriter(w, sum), month, tenantID, f.CloseID, func(frozenRow) {}); err != nil {
			return f.Closing, err
		}
		if got := hex.EncodeToString(sum.Sum(nil)); got != f.SHA256 {
			return f.Closing, fmt.Errorf("the rows of %s of tenant %s have the hash %s and had %s when the month was closed: see fairdial close verify", month, tenantID, got, f.SHA256)
		}
		return f.Closing, nil
	}
	return Closing{}, fmt.Errorf("export %s of tenant %s: %w", month, tenantID, ErrNotClosed)
}
