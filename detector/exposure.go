package detector

import (
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"fairdial/usage"
)

// Rates is what a minute of a call is taken to cost whoever carries it, for the exposure
// of findings: an order of magnitude to rank cases by, never a charge. It is no rate
// sheet of the provider's, who publishes none for the add-on.
type Rates struct {
	Currency string // ISO 4217
	// Default is for countries that are not named; all rates are per minute.
	Default decimal.Decimal
	Country map[string]decimal.Decimal // by ISO 3166-1 alpha-2
	// HighCost is for US and Canadian blocks known for access stimulation, whose
	// terminating fees are far above the ordinary.
	HighCost  decimal.Decimal
	TollFree  decimal.Decimal // what the owner of a toll-free number pays
	Premium   decimal.Decimal
	Satellite decimal.Decimal
}

// DefaultRates are wholesale orders of magnitude in US dollars.
func DefaultRates() Rates {
	cents := func(thousandths int64) decimal.Decimal { return decimal.New(thousandths, -3) }
	return Rates{
		Currency: "USD",
		Default:  cents(150),
		Country: map[string]decimal.Decimal{
			"US": cents(10), "CA": cents(10), "GB": cents(15), "DE": cents(20), "FR": cents(20), "ES": cents(20), "IT": cents(25),
			"NL": cents(25), "IE": cents(25), "SE": cents(25), "NO": cents(25), "DK": cents(25), "CH": cents(40), "AU": cents(30),
			"NZ": cents(35), "JP": cents(50), "KR": cents(40), "IN": cents(30), "MX": cents(20), "BR": cents(40), "CN": cents(30),
			"JM": cents(250), "DO": cents(100), "CU": cents(900), "LV": cents(300), "SO": cents(700), "MV": cents(1000), "TN": cents(500),
			"ZW": cents(500), "EE": cents(250), "BA": cents(300),
		},
		HighCost: cents(80), TollFree: cents(30), Premium: cents(2000), Satellite: cents(6000),
	}
}

// parameters are the rates as SQL has them.
func (r Rates) parameters() map[string]string {
	countries := slices.Sorted(maps.Keys(r.Country))
	values := make([]string, len(countries))
	for i, c := range countries {
		values[i] = r.Country[c].StringFixed(6)
	}
	return map[string]string{
		"rate_countries": texts(countries), "rate_values": "[" + strings.Join(values, ",") + "]", "rate_default": r.Default.StringFixed(6),
		"rate_high_cost": r.HighCost.StringFixed(6), "rate_toll_free": r.TollFree.StringFixed(6),
		"rate_premium": r.Premium.StringFixed(6), "rate_satellite": r.Satellite.StringFixed(6),
	}
}

// cost is what seconds to a destination are taken to cost, to six decimals.
func (r Rates) cost(country, class string, highCost bool, seconds int64) decimal.Decimal {
	rate, named := r.Country[country]
	switch {
	case class == string(usage.ClassPremium):
		rate = r.Premium
	case class == string(usage.ClassSatellite):
		rate = r.Satellite
	case class == string(usage.ClassTollFree):
		rate = r.TollFree
	case highCost:
		rate = r.HighCost
	case !named:
		rate = r.Default
	}
	return rate.Mul(decimal.NewFromInt(seconds)).DivRound(decimal.NewFromInt(60), 6)
}
