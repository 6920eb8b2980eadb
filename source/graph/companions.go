package graph

import (
	"context"
	"fmt"
	"net/url"
	"time"
)

// The companions of getPstnCalls, which are beta at Graph and may change without notice. Both
// take the same permissions and windows of at most 90 days.

// DialoutReport is what Graph charged each organizer for, in total, between two moments
// (getPstnOnlineMeetingDialoutReport), as one page.
func (p *Poller) DialoutReport(ctx context.Context, from, to time.Time) ([]byte, error) {
	return p.companion(ctx, "getPstnOnlineMeetingDialoutReport", from, to)
}

// BlockedUsers is whom the provider itself kept from calling, and when it let them again
// (getPstnBlockedUsersLog), as one page.
func (p *Poller) BlockedUsers(ctx context.Context, from, to time.Time) ([]byte, error) {
	return p.companion(ctx, "getPstnBlockedUsersLog", from, to)
}

func (p *Poller) companion(ctx context.Context, function string, from, to time.Time) ([]byte, error) {
	if to.Sub(from) > MaxWindow {
		return nil, fmt.Errorf("source %s: %s answers for 90 days at most", p.Name, function)
	}
	body, err := p.Client.all(ctx, fmt.Sprintf("%s/beta/communications/callRecords/%s(fromDateTime=%s,toDateTime=%s)", p.Client.Base, function,
		url.PathEscape(from.UTC().Format(time.RFC3339)), url.PathEscape(to.UTC().Format(time.RFC3339))))
	if err != nil {
		return nil, fmt.Errorf("source %s: %s: %w", p.Name, function, err)
	}
	return body, nil
}
