package usage

// Class says what kind of number a destination is.
type Class string

// The classes of a destination. Geographic covers landline and mobile: neither
// the pool nor the add-on tells them apart.
const (
	ClassGeographic    Class = "geographic"
	ClassTollFree      Class = "toll_free"
	ClassPremium       Class = "premium"
	ClassPersonal      Class = "personal"
	ClassNonGeographic Class = "non_geographic"
	ClassSatellite     Class = "satellite"
	ClassUnknown       Class = "unknown"
)

// Destination is what the dialled number says about where a call went. It is
// decided by the number alone, never by the caller's place.
type Destination struct {
	// Country is ISO 3166-1 alpha-2; empty when the number belongs to none
	// (satellite, international networks) or cannot be told.
	Country string
	// Region is the US state or Canadian province (two letters) for +1 numbers
	// in those countries; empty elsewhere.
	Region string
	Class  Class
	// ZoneA says whether the number is in the provider's Zone A by the table in
	// force when it was classed; premium and satellite numbers never are.
	ZoneA bool
	// NPANXX is the first six digits after +1 ("605475"); empty elsewhere or
	// where masking hides them.
	NPANXX string
	// HighCost marks the US and Canada blocks known for access stimulation.
	HighCost bool
	// Masked says that the source hid the last digits.
	Masked bool
}
