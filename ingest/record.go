package ingest

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"fairdial/usage"
)

// Reason is why a row could not be trusted.
type Reason string

// The reasons for which a row goes to the quarantine.
const (
	ReasonTruncated          Reason = "truncated"     // fewer columns than the header, or a torn line
	ReasonExtraColumns       Reason = "extra_columns" // more columns than the header
	ReasonBadQuoting         Reason = "bad_quoting"   // quotes that do not pair
	ReasonBadJSON            Reason = "bad_json"      // no JSON object
	ReasonBadText            Reason = "bad_text"      // not UTF-8, or with NUL
	ReasonOversized          Reason = "oversized"     // longer than any record can be
	ReasonMissingUsageID     Reason = "missing_usage_id"
	ReasonMissingCallType    Reason = "missing_call_type"
	ReasonBadDate            Reason = "bad_date"
	ReasonEndBeforeStart     Reason = "end_before_start"
	ReasonBadDuration        Reason = "bad_duration" // no whole number of seconds
	ReasonNegativeDuration   Reason = "negative_duration"
	ReasonImpossibleDuration Reason = "impossible_duration" // longer than the call, or than any call
	ReasonBadCharge          Reason = "bad_charge"          // no decimal number
	ReasonBrokenMember       Reason = "broken_member"       // a file inside a ZIP that cannot be read to its end
)

const (
	// slack is how much longer than end minus start the billed time may be: both ends are
	// rounded, the operator's clock is another, and some operators bill a begun minute whole.
	slack = 60 * time.Second
	// longest is longer than any call: a meeting with only telephones ends after 24
	// hours, one with apps 24 hours after the last change of its attendees.
	longest = 7 * 24 * time.Hour
)

// identifier lowers GUIDs, which sources write in either case, and leaves others alone.
func identifier(s string) string {
	s = strings.TrimSpace(s)
	if isGUID(s) {
		return strings.ToLower(s)
	}
	return s
}

func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case '0' <= c && c <= '9', 'a' <= c && c <= 'f', 'A' <= c && c <= 'F':
		default:
			return false
		}
	}
	return true
}

// record makes a usage record of a row, or says why it cannot be trusted, with phone numbers
// masked. Values that are merely unknown (enums, currencies, masked digits, empty optional
// cells) pass.
func (r *row) record(tenantID string) (rec usage.Record, reason Reason, detail string) {
	rec, reason, detail = r.read(tenantID)
	return rec, reason, usage.MaskNumbers(detail)
}

func (r *row) read(tenantID string) (rec usage.Record, reason Reason, detail string) {
	c := &r.cells
	if r.trouble != "" {
		rec.ID = identifier(c[fUsageID])
		return rec, r.trouble, r.detail
	}
	if reason, detail = r.text(); reason != "" {
		return rec, reason, detail
	}
	if c[fStartedAt] == "" && c[fEndedAt] == "" && c[fSeconds] == "" && c[fCallType] == "" {
		return rec, ReasonTruncated, "start, end, duration and call type are all missing"
	}
	rec = usage.Record{
		TenantID: tenantID, ID: identifier(c[fUsageID]), CallID: c[fCallID], ConferenceID: c[fConferenceID],
		OrganizerID: identifier(c[fOrganizerID]), OrganizerUPN: c[fOrganizerUPN], OrganizerName: c[fOrganizerName],
		CallType: strings.TrimSpace(c[fCallType]), CallDirection: c[fCallDirection],
		CallerNumber: c[fCallerNumber], CalleeNumber: strings.TrimSpace(c[fCalleeNumber]),
		UsageCountry: c[fUsageCountry], TenantCountry: c[fTenantCountry], DestinationContext: c[fDestinationContext],
		DestinationName: c[fDestinationName], ExternalCountry: c[fExternalCountry], Currency: c[fCurrency],
		Capability: c[fCapability], InventoryType: c[fInventoryType], Operator: c[fOperator],
		DurationSource: c[fDurationSource], AdministrativeUnits: c[fAdministrativeUnits],
	}
	if rec.ID == "" {
		return rec, ReasonMissingUsageID, "there is no usage id, so the record has no identity"
	}
	if rec.CallType == "" {
		return rec, ReasonMissingCallType, "there is no call type"
	}
	var err error
	if rec.StartedAt, err = parseTime(c[fStartedAt]); err != nil {
		return rec, ReasonBadDate, "start: " + err.Error()
	}
	if rec.EndedAt, err = parseTime(c[fEndedAt]); err != nil {
		return rec, ReasonBadDate, "end: " + err.Error()
	}
	if rec.Seconds, reason, detail = duration(c[fSeconds], rec.EndedAt.Sub(rec.StartedAt)); reason != "" {
		return rec, reason, detail
	}
	if rec.Charge, err = money(c[fCharge]); err != nil {
		return rec, ReasonBadCharge, "charge: " + err.Error()
	}
	if rec.ConnectionCharge, err = money(c[fConnectionCharge]); err != nil {
		return rec, ReasonBadCharge, "connection fee: " + err.Error()
	}
	return rec, "", ""
}

// text says whether a row is text that can be kept and shown. A NUL may also come as an
// escape in JSON, so the cells are looked at and not only the row.
func (r *row) text() (Reason, string) {
	if !utf8.ValidString(r.raw) {
		return ReasonBadText, "the row is not UTF-8 text"
	}
	if strings.IndexByte(r.raw, 0) >= 0 {
		return ReasonBadText, "the row has a NUL character"
	}
	if strings.Contains(r.raw, `\u0000`) {
		for _, cell := range r.cells {
			if strings.IndexByte(cell, 0) >= 0 {
				return ReasonBadText, "the row has a NUL character"
			}
		}
	}
	return "", ""
}

// duration reads the billed seconds of a call that lasted from its start to its end.
func duration(text string, lasted time.Duration) (int64, Reason, string) {
	seconds, err := strconv.ParseInt(whole(strings.TrimSpace(text)), 10, 64)
	switch {
	case err != nil:
		return 0, ReasonBadDuration, fmt.Sprintf("%q is no whole number of seconds", shorten(text, 40))
	case seconds < 0:
		return 0, ReasonNegativeDuration, fmt.Sprintf("%d seconds", seconds)
	case lasted < 0:
		return 0, ReasonEndBeforeStart, fmt.Sprintf("the call ends %s before it starts", -lasted)
	case seconds > int64(longest/time.Second):
		return 0, ReasonImpossibleDuration, fmt.Sprintf("%d seconds is longer than any call", seconds)
	case time.Duration(seconds)*time.Second > lasted+slack:
		return 0, ReasonImpossibleDuration, fmt.Sprintf("%d seconds do not fit into a call of %s", seconds, lasted)
	default:
		return seconds, "", ""
	}
}

// whole drops a fraction of zeros: a table that was opened and saved by another program
// may have its whole numbers as 219.0.
func whole(number string) string {
	before, after, found := strings.Cut(number, ".")
	if found && after != "" && strings.Trim(after, "0") == "" {
		return before
	}
	return number
}

// layouts of ISO 8601 that sources write; the fraction may have up to nine digits.
var layouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999 Z07:00", "2006-01-02 15:04:05.999999999"}

// The span in which calls can lie. The store's clock has 100 ns ticks and would wrap far
// outside of it.
var (
	earliest = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
)

// parseTime reads a moment to 100 ns; without an offset it is UTC, as the export is.
func parseTime(text string) (time.Time, error) {
	text = strings.TrimSpace(text)
	for _, layout := range layouts {
		t, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		t = t.UTC().Truncate(100 * time.Nanosecond)
		if t.Before(earliest) || !t.Before(latest) {
			return time.Time{}, fmt.Errorf("%q is not between 2000 and 2100", shorten(text, 40))
		}
		return t, nil
	}
	return time.Time{}, fmt.Errorf("%q is no ISO 8601 time", shorten(text, 40))
}

// moneyDigits is how many decimals money is stored with; more are rounded half to even.
const moneyDigits = 6

// biggest bounds money to what the store's decimals hold.
var biggest = decimal.New(1, 11)

func money(text string) (decimal.NullDecimal, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return decimal.NullDecimal{}, nil
	}
	if len(text) > 40 {
		return decimal.NullDecimal{}, fmt.Errorf("%q is no amount of money", shorten(text, 40))
	}
	d, err := decimal.NewFromString(text)
	if err != nil || d.Exponent() > 40 || d.Exponent() < -40 {
		return decimal.NullDecimal{}, fmt.Errorf("%q is no amount of money", text)
	}
	if d.Abs().GreaterThan(biggest) {
		return decimal.NullDecimal{}, fmt.Errorf("%q is more money than any call costs", text)
	}
	if d.Exponent() < -moneyDigits {
		d = d.RoundBank(moneyDigits)
	}
	return decimal.NewNullDecimal(d), nil
}
