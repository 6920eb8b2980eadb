package main

import (
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"fairdial/config"
	"fairdial/detector"
)

func TestConfiguredWholesaleRates(t *testing.T) {
	rates := func(text string) detector.Rates {
		cfg, err := config.Parse("rates.yaml", []byte(text))
		require.NoError(t, err)
		return wholesaleRates(cfg.Detection.WholesaleRates)
	}
	require.Equal(t, detector.DefaultRates(), rates(""))

	some := rates("detection: {wholesale_rates: {toll_free: 0.04, countries: {US: 0.02, XX: 7}}}")
	require.Equal(t, "USD", some.Currency)
	require.Equal(t, "0.04", some.TollFree.String())
	require.Equal(t, "0.02", some.Country["US"].String())
	require.Equal(t, "7", some.Country["XX"].String())
	require.Equal(t, detector.DefaultRates().Country["GB"], some.Country["GB"])

	own := rates("detection: {wholesale_rates: {currency: EUR, default: 0.1, high_cost: 0.2, toll_free: 0.3, premium: 0.4, satellite: 0.5, countries: {DE: 0.01}}}")
	require.Equal(t, "EUR", own.Currency)
	require.Equal(t, "0.5", own.Satellite.String())
	require.Equal(t, map[string]decimal.Decimal{"DE": own.Country["DE"]}, own.Country, "rates in dollars are none in euros")
}
