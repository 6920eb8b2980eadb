// Package usage holds the domain's nouns: the usage record, its destination,
// organizers, tenants, licences and months. It depends on no other package of
// Fairdial and knows nothing of how its values are stored.
package usage

import (
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// ConfOut is the call type Fairdial rates: an outbound call from the Audio
// Conferencing bridge. Compare with [Record.IsConfOut]: sources disagree on case.
const ConfOut = "conf_out"

// Record is one call as a source reported it. Its identity is tenant plus usage
// id and nothing else; every other field can be corrected by a later revision.
//
// Texts are kept as the source wrote them, except that identifiers which are
// GUIDs are lower-case, so that the same record from CSV and JSON is one record.
type Record struct {
	TenantID string
	// ID is the source's usage id: "UsageId" in the CSV, "id" in Graph. The only
	// documented de-duplication key.
	ID string
	// CallID is documented as not unique; never use it as a key.
	CallID       string
	ConferenceID string

	// OrganizerID is the meeting organizer for conf_in and conf_out. The
	// participant who pressed "call" is not in the feed. Empty for bots.
	OrganizerID   string
	OrganizerUPN  string
	OrganizerName string

	CallType      string
	CallDirection string

	CallerNumber string
	// CalleeNumber is the number dialled, E.164; in some countries its last
	// digits are masked with "*".
	CalleeNumber string

	UsageCountry       string // ISO 3166-1 alpha-2 of the organizer's usage location
	TenantCountry      string // ISO 3166-1 alpha-2, Graph only
	DestinationContext string // Domestic or International, as the source sees it
	DestinationName    string // a country's name, as the source sees it
	ExternalCountry    string // ISO 3166-1 alpha-2 of the other party

	StartedAt time.Time // UTC, 100 ns resolution
	EndedAt   time.Time // UTC, 100 ns resolution
	// Seconds is the connected time the source bills on. It may differ from
	// EndedAt minus StartedAt by rounding; it is the figure that counts.
	Seconds int64

	// Charge and ConnectionCharge are in Currency; not Valid when the source
	// gave none.
	Charge           decimal.NullDecimal
	ConnectionCharge decimal.NullDecimal
	Currency         string // ISO 4217

	// Capability is the licence the source says paid (licenseCapability).
	Capability          string
	InventoryType       string // "Number Type"
	Operator            string
	DurationSource      string
	AdministrativeUnits string
}

// IsConfOut reports whether the record is one that Fairdial rates.
func (r Record) IsConfOut() bool { return strings.EqualFold(r.CallType, ConfOut) }
