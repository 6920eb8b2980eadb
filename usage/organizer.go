package usage

import "time"

// Tenant is a customer organisation.
type Tenant struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Country string `json:"country"` // ISO 3166-1 alpha-2
	// Segment: commercial, education, nonprofit, gcc.
	Segment string `json:"segment"`
	// Channel the tenant buys through: ea, eas, ees, csp, web_direct.
	Channel string  `json:"channel"`
	Credits Credits `json:"communicationsCredits"`
}

// Credits says whether a tenant has funded Communications Credits.
type Credits struct {
	Funded   bool   `json:"funded"`
	Currency string `json:"currency"` // ISO 4217
}

// Organizer is a person or room account that owns meetings.
type Organizer struct {
	TenantID      string
	ID            string
	UPN           string
	Name          string
	UsageLocation string // ISO 3166-1 alpha-2
	Enabled       bool
}

// Entitlement is the part a licence's service plan plays in the waterfall.
type Entitlement string

// The entitlements a service plan can give; which plan gives which is
// configuration.
const (
	EntitlementConferencing Entitlement = "conferencing"   // subscription Audio Conferencing
	EntitlementPayPerMinute Entitlement = "pay_per_minute" // pay-per-minute Audio Conferencing
	EntitlementSelect       Entitlement = "select"         // the free "dial-out to USA/CAN" conferencing
	EntitlementAddon        Entitlement = "addon"          // extended dial-out minutes to US and Canada
	EntitlementCredits      Entitlement = "credits"        // may use Communications Credits
)

// Licence is one service plan held by one organizer over [From, To).
type Licence struct {
	TenantID      string
	OrganizerID   string
	ServicePlanID string
	From          time.Time // UTC
	To            time.Time // UTC; zero while still held
}

// Bucket is what paid for seconds of a call.
type Bucket string

// The buckets in the order of the waterfall.
const (
	BucketAddon    Bucket = "addon"
	BucketPool     Bucket = "pool"
	BucketCredits  Bucket = "credits"
	BucketUnfunded Bucket = "unfunded"
)
