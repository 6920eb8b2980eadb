package numbering

import "fairdial/usage"

// area is an area code (NPA) of +1. The zero value is one that is not assigned.
type area struct {
	country, region string
	class           usage.Class
	zoneA           bool
}

const (
	nationalNANP = 10 // digits after +1: NPA, NXX and four more
	areaNANP     = 3
	exchangeNANP = 6

	payPerCall = 976 // the exchange
)

// classifyPlain is the short way for what nearly every record holds: "+1" and
// ten digits. It allocates nothing.
func (p *Plan) classifyPlain(number string) (usage.Destination, bool) {
	if len(number) != 2+nationalNANP || number[0] != '+' || number[1] != '1' {
		return usage.Destination{}, false
	}
	var digits [nationalNANP]byte
	for i := range digits {
		c := number[2+i] - '0'
		if c > 9 {
			return usage.Destination{}, false
		}
		digits[i] = c
	}
	d := p.classNANP(digits[:])
	d.NPANXX = number[2 : 2+exchangeNANP]
	return d, true
}

// classifyNANP classes a +1 number of length digits, of which the visible ones
// are given. No number of this plan has more or fewer than ten digits; a masked
// one may be cut short.
func (p *Plan) classifyNANP(visible []byte, length int, cut bool) usage.Destination {
	if length > nationalNANP || length < nationalNANP && !cut || len(visible) < areaNANP {
		return usage.Destination{Class: usage.ClassUnknown}
	}
	d := p.classNANP(visible)
	if len(visible) >= exchangeNANP {
		var text [exchangeNANP]byte
		for i := range text {
			text[i] = '0' + visible[i]
		}
		d.NPANXX = string(text[:])
	}
	return d
}

// classNANP classes by the three to ten digits that are visible.
func (p *Plan) classNANP(visible []byte) usage.Destination {
	a := &p.areas[int(visible[0])*100+int(visible[1])*10+int(visible[2])]
	if a.class == "" {
		return usage.Destination{Class: usage.ClassUnknown}
	}
	d := usage.Destination{Country: a.country, Region: a.region, Class: a.class, ZoneA: a.zoneA}
	if len(visible) > areaNANP && visible[3] < 2 {
		return usage.Destination{Class: usage.ClassUnknown} // an exchange is NXX, N from 2 to 9
	}
	if len(visible) < exchangeNANP {
		return d
	}
	if a.class == usage.ClassGeographic {
		if visible[4] == 1 && visible[5] == 1 {
			return usage.Destination{Class: usage.ClassUnknown} // N11 is a service code, never an exchange
		}
		if int(visible[3])*100+int(visible[4])*10+int(visible[5]) == p.premiumExchange {
			d.Class, d.ZoneA = usage.ClassPremium, false
		}
	}
	d.HighCost = p.highCost.has(visible)
	return d
}
