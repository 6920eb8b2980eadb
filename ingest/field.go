package ingest

import (
	"fmt"
	"strings"
	"unicode"
)

// field is a column of a usage record, whatever a source calls it.
type field int

const (
	fUsageID field = iota
	fCallID
	fConferenceID
	fUsageCountry
	fOrganizerID
	fOrganizerUPN
	fOrganizerName
	fCallerNumber
	fCallType
	fCallDirection
	fInventoryType
	fDestinationContext
	fDestinationName
	fCalleeNumber
	fExternalCountry
	fStartedAt
	fEndedAt
	fSeconds
	fConnectionCharge
	fCharge
	fCurrency
	fCapability
	fOperator
	fDurationSource
	fAdministrativeUnits
	fTenantCountry
	fields // how many there are
)

// names are what sources call each field, reduced by plainName. The first is the name in
// messages. Both documented CSV headers and Graph's properties are here.
var names = [fields][]string{
	fUsageID:             {"UsageId", "id"},
	fCallID:              {"Call ID", "callId"},
	fConferenceID:        {"Conference ID", "conferenceId"},
	fUsageCountry:        {"User Location", "usageCountryCode"},
	fOrganizerID:         {"Microsoft Entra ObjectId", "AAD ObjectId", "Azure AD ObjectId", "ObjectId", "userId"},
	fOrganizerUPN:        {"UPN", "userPrincipalName"},
	fOrganizerName:       {"User Display Name", "userDisplayName", "Display Name"},
	fCallerNumber:        {"Caller ID", "callerNumber"},
	fCallType:            {"Call Type", "callType"},
	fCallDirection:       {"Call Direction", "callDirection"},
	fInventoryType:       {"Number Type", "inventoryType"},
	fDestinationContext:  {"Domestic/International", "destinationContext"},
	fDestinationName:     {"Destination Dialed", "destinationName"},
	fCalleeNumber:        {"Destination Number", "calleeNumber"},
	fExternalCountry:     {"External Country", "otherPartyCountryCode"},
	fStartedAt:           {"Start Time", "startDateTime"},
	fEndedAt:             {"End Time", "endDateTime"},
	fSeconds:             {"Duration Seconds", "duration"},
	fConnectionCharge:    {"Connection Fee", "connectionCharge"},
	fCharge:              {"Charge", "charge"},
	fCurrency:            {"Currency", "currency"},
	fCapability:          {"Capability", "licenseCapability"},
	fOperator:            {"Operator", "operator"},
	fDurationSource:      {"Source of Call Duration", "callDurationSource"},
	fAdministrativeUnits: {"Administrative Units", "administrativeUnitInfos"},
	fTenantCountry:       {"Tenant Country", "tenantCountryCode"},
}

// required are the fields without which no row of a CSV can be a usage record.
var required = []field{fUsageID, fOrganizerID, fCallType, fCalleeNumber, fStartedAt, fEndedAt, fSeconds}

// fieldByName finds a field by any of its names.
var fieldByName = func() map[string]field {
	m := map[string]field{}
	for f, all := range names {
		for _, n := range all {
			m[plainName(n)] = field(f)
		}
	}
	return m
}()

// fieldByExactName spares reducing the names that come with every JSON record.
var fieldByExactName = func() map[string]field {
	m := map[string]field{}
	for f, all := range names {
		for _, n := range all {
			m[n] = field(f)
		}
	}
	return m
}()

// plainName reduces a column name to its letters and digits, without case.
func plainName(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// row is one row as read: its cells as text, and where and how it stood in the file.
type row struct {
	position uint64 // physical line of a CSV or JSON Lines file, 1-based index in a page
	raw      string
	cells    [fields]string
	// trouble is why the row could not even be split into cells; empty if it could.
	trouble Reason
	detail  string
}

// header maps the columns of a CSV to fields.
type header struct {
	columns []int // field of each column, -1 for one that is not known
	present [fields]bool
	text    string
}

func parseHeader(cells []string, text string) (header, error) {
	h := header{columns: make([]int, len(cells)), text: text}
	for i, cell := range cells {
		f, known := fieldByName[plainName(cell)]
		if !known {
			h.columns[i] = -1
			continue
		}
		if h.present[f] {
			return header{}, fmt.Errorf("two columns are the %s: %q stands twice", names[f][0], cell)
		}
		h.columns[i], h.present[f] = int(f), true
	}
	var missing []string
	for _, f := range required {
		if !h.present[f] {
			missing = append(missing, names[f][0])
		}
	}
	if len(missing) > 0 {
		return header{}, fmt.Errorf("the header lacks %s; it has: %s", strings.Join(missing, ", "), shorten(text, 300))
	}
	return h, nil
}

func shorten(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}
