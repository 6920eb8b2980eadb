package config

import (
	"fmt"

	"github.com/shopspring/decimal"
)

// WholesaleRates is what a minute is taken to cost whoever carries it: to rank cases by,
// never a charge. What is not given is as built in, in US dollars.
type WholesaleRates struct {
	Currency  string          `yaml:"currency"`
	Default   *Rate           `yaml:"default"`   // countries that are not named
	HighCost  *Rate           `yaml:"high_cost"` // US and Canadian blocks known for access stimulation
	TollFree  *Rate           `yaml:"toll_free"`
	Premium   *Rate           `yaml:"premium"`
	Satellite *Rate           `yaml:"satellite"`
	Countries map[string]Rate `yaml:"countries"` // by ISO 3166-1 alpha-2; over those built in
}

// builtInCurrency is that of the rates that are built in.
const builtInCurrency = "USD"

// Own says whether the built-in rates, being of another currency, count for nothing.
func (w WholesaleRates) Own() bool { return w.Currency != "" && w.Currency != builtInCurrency }

// Rate is an amount of money a minute.
type Rate struct{ decimal.Decimal }

// UnmarshalText reads a plain decimal number.
func (r *Rate) UnmarshalText(text []byte) error {
	v, err := decimal.NewFromString(string(text))
	if err != nil {
		return fmt.Errorf("%q is no amount a minute; write it as 0.015", text)
	}
	r.Decimal = v
	return nil
}

func (w WholesaleRates) validate(k *checker) {
	const key = "detection.wholesale_rates"
	if w.Currency != "" && !currencyCode.MatchString(w.Currency) {
		k.add(key+".currency", "%q is no ISO 4217 code of three capital letters, such as EUR", w.Currency)
	}
	rate := func(key string, r Rate) {
		switch {
		case r.IsNegative() || r.GreaterThan(decimal.New(1000, 0)):
			k.add(key, "%s is not between 0 and 1000 a minute", r)
		case !r.Equal(r.Truncate(6)):
			k.add(key, "%s has more than six decimals", r)
		}
	}
	for _, named := range []struct {
		name string
		rate *Rate
	}{{"default", w.Default}, {"high_cost", w.HighCost}, {"toll_free", w.TollFree}, {"premium", w.Premium}, {"satellite", w.Satellite}} {
		switch {
		case named.rate != nil:
			rate(key+"."+named.name, *named.rate)
		case w.Own():
			k.add(key+"."+named.name, "must be given: the built-in rates are in %s, not in %s", builtInCurrency, w.Currency)
		}
	}
	for country, r := range w.Countries {
		if !countryCode.MatchString(country) {
			k.add(key+".countries", "%q is no ISO 3166-1 code of two capital letters, such as US", country)
		}
		rate(key+".countries."+country, r)
	}
}
