package simulate

import "time"

// workday says whether people work on a civil date in a country.
func workday(country string, d time.Time) bool {
	if wd := d.Weekday(); wd == time.Saturday || wd == time.Sunday {
		return false
	}
	return !holiday(country, d)
}

// holiday knows the public holidays that hold for a whole country and follow a
// fixed date, a weekday rule or Easter. Regional and lunar ones are left out.
func holiday(country string, d time.Time) bool {
	y, m, day := d.Date()
	md := int(m)*100 + day
	if md == 101 {
		return true
	}
	if md == 1225 && country != "KR" && country != "JP" {
		return true
	}
	after := int(d.Sub(easter(y)) / (24 * time.Hour))
	nth := func(month time.Month, weekday time.Weekday, n int) bool {
		return m == month && d.Weekday() == weekday && (day-1)/7+1 == n
	}
	last := func(month time.Month, weekday time.Weekday) bool {
		return m == month && d.Weekday() == weekday && d.AddDate(0, 0, 7).Month() != month
	}
	switch country {
	case "US":
		return md == 704 || md == 619 || nth(1, time.Monday, 3) || nth(2, time.Monday, 3) || last(5, time.Monday) ||
			nth(9, time.Monday, 1) || nth(11, time.Thursday, 4)
	case "CA":
		return md == 701 || after == -2 || nth(2, time.Monday, 3) || nth(9, time.Monday, 1) || nth(10, time.Monday, 2) ||
			m == 5 && d.Weekday() == time.Monday && day >= 18 && day <= 24
	case "GB":
		return md == 1226 || after == -2 || after == 1 || nth(5, time.Monday, 1) || last(5, time.Monday) || last(8, time.Monday)
	case "DE":
		return md == 501 || md == 1003 || md == 1226 || after == -2 || after == 1 || after == 39 || after == 50
	case "FR":
		return md == 501 || md == 508 || md == 714 || md == 815 || md == 1101 || md == 1111 || after == 1 || after == 39 || after == 50
	case "KR":
		return md == 301 || md == 505 || md == 606 || md == 815 || md == 1003 || md == 1009 || md == 1225
	case "IN":
		return md == 126 || md == 815 || md == 1002
	}
	return after == 1
}

// easter is Easter Sunday by the Gregorian computus (Meeus, Jones and Butcher).
func easter(y int) time.Time {
	a, b, c := y%19, y/100, y%100
	d, e := b/4, b%4
	g := (8*b + 13) / 25
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 22*l) / 451
	n := h + l - 7*m + 114
	return time.Date(y, time.Month(n/31), n%31+1, 0, 0, 0, 0, time.UTC)
}

// season is the factor on a day's meetings: the middle of the week is busiest,
// months and above all quarters end in a rush, and holidays thin the office out.
func season(country string, d time.Time) float64 {
	f := [...]float64{1, 0.92, 1.1, 1.12, 1.08, 0.78, 1}[d.Weekday()]
	left := time.Date(d.Year(), d.Month()+1, 1, 0, 0, 0, 0, time.UTC).Sub(d) / (24 * time.Hour)
	switch {
	case left <= 7 && d.Month()%3 == 0:
		f *= 1.3
	case left <= 3:
		f *= 1.15
	}
	switch {
	case d.Month() == time.December && d.Day() > 20, d.Month() == time.January && d.Day() < 5:
		f *= 0.45
	case d.Month() == time.August && (country == "FR" || country == "DE"):
		f *= 0.7
	}
	return f
}
