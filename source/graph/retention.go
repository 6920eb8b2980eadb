package graph

import (
	"slices"
	"time"
)

// retention is how many days Graph keeps usage records, by the country of the user; the
// others are kept a year.
// Source: Microsoft Learn, "PSTN and SMS usage report", retention by country, 2025-01.
var retention = map[string]int{
	"CA": 150, "NO": 150, "NL": 180, "SE": 180, "CH": 365, "DK": 365, "FI": 365, "FR": 365, "KR": 365,
	"GB": 450, "MX": 720, "IT": 730,
}

const usualRetention = 365 // days

const day = 24 * time.Hour

// Retention is how long Graph keeps the records of users in a country (ISO 3166-1 alpha-2).
func Retention(country string) time.Duration {
	if days, known := retention[country]; known {
		return time.Duration(days) * day
	}
	return usualRetention * day
}

// Shortest is the country among those given whose records vanish first, and when they do.
func Shortest(countries []string) (country string, kept time.Duration) {
	kept = usualRetention * day
	sorted := slices.Clone(countries)
	slices.Sort(sorted)
	for i, c := range sorted {
		if r := Retention(c); i == 0 || r < kept {
			country, kept = c, r
		}
	}
	return country, kept
}
