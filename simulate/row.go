package simulate

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// fault is how a row is broken, as expected/malformed.csv spells it.
type fault int

const (
	sound fault = iota
	negativeDuration
	badDate
	missingID
	truncated
)

func (f fault) String() string {
	return [...]string{"", "negative_duration", "bad_date", "missing_usage_id", "truncated"}[f]
}

// row turns a call into the text of one source row. What does not change between
// an organizer's calls is kept, as it is written over and over.
type row struct {
	tenant *tenant
	buf    []byte
	who    map[*organizer]string // quoted name and address, by the form
}

func newRow(t *tenant) *row { return &row{tenant: t, who: map[*organizer]string{}} }

// the documented columns of the admin-center export, and those of the older one.
const (
	columns25 = "UsageId,Call ID,Conference ID,User Location,Microsoft Entra ObjectId,UPN,User Display Name,Caller ID,Call Type,Call Direction,Number Type,Domestic/International,Destination Dialed,Destination Number,External Country,Start Time,End Time,Duration Seconds,Connection Fee,Charge,Currency,Capability,Operator,Source of Call Duration,Administrative Units\r\n"
	columns20 = "UsageId,Call ID,Conference ID,User Location,AAD ObjectId,UPN,User Display Name,Caller ID,Call Type,Number Type,Domestic/International,Destination Dialed,Destination Number,Start Time,End Time,Duration Seconds,Connection Fee,Charge,Currency,Capability\r\n"
)

// parties are the two numbers of a call as the feed shows them, the place on the
// other end and the side of the border.
func (r *row) parties(c *call, b []byte) (caller, callee []byte, to *place, context string) {
	t := r.tenant
	own := t.bridge
	if c.kind == userOut || c.kind == userIn || c.kind == userTransfer {
		own = c.organizer.phone
	}
	to = &t.places.places[c.far.place]
	if c.kind.outbound() {
		b = own.appendTo(b, 0)
		n := len(b)
		b = c.far.appendTo(b, t.mask)
		context = "International"
		if to.iso == c.organizer.site.country {
			context = "Domestic"
		}
		return b[:n], b[n:], to, context
	}
	b = c.far.appendTo(b, 0)
	n := len(b)
	b = own.appendTo(b, 0)
	return b[:n], b[n:], to, ""
}

// inventory is the kind of number on the tenant's side.
func (c *call) inventory() string {
	if c.kind == confOut || c.kind == confIn {
		return "Service"
	}
	return "Subscriber"
}

func (c *call) bot() bool { return c.kind == botIn || c.kind == botOut }

// callID looks like the source's; like there, it is no key.
func (c *call) callID(b []byte) []byte {
	h := mix(uint64(c.start) ^ c.far.digits)
	b = strconv.AppendUint(b, h%2_147_483_647, 10)
	b = append(b, '_')
	b = strconv.AppendUint(b, h>>40%140_000_000, 10)
	b = append(b, "@10."...)
	b = strconv.AppendUint(b, h>>20&0xff, 10)
	b = append(b, ".7."...)
	return strconv.AppendUint(b, h>>50&0xff, 10)
}

// start writes the start of the call, or nonsense.
func (c *call) startText(b []byte, zone string, f fault) []byte {
	if f != badDate {
		return c.start.appendTo(b, zone)
	}
	if c.seconds%2 == 0 {
		return append(append(b, "2026-02-30T25:61:00.5875123"...), zone...)
	}
	return append(append(b, "yesterday.0284178"...), zone...)
}

func (c *call) durationText(b []byte, f fault) []byte {
	n := int64(c.seconds)
	if f == negativeDuration {
		n = -n - 1
	}
	return strconv.AppendInt(b, n, 10)
}

// money writes hundredths with two decimals.
func money(b []byte, hundredths int64) []byte {
	b = strconv.AppendInt(b, hundredths/100, 10)
	b = append(b, '.', byte('0'+hundredths/10%10), byte('0'+hundredths%10))
	return b
}

// csv is the row of an export, with 25 columns or the older 20.
func (r *row) csv(c *call, f fault, old bool) []byte {
	var parts [48]byte
	caller, callee, to, context := r.parties(c, parts[:0])
	b := r.buf[:0]
	if f != missingID {
		b = c.id.appendTo(b)
	}
	b = append(b, ',')
	b = c.callID(b)
	b = append(b, ',')
	if c.conference != 0 {
		b = strconv.AppendUint(b, uint64(c.conference), 10)
	}
	b = append(b, ',')
	b = append(b, c.organizer.site.country...)
	if f == truncated {
		r.buf = append(b, "\r\n"...)
		return r.buf
	}
	b = append(b, ',')
	if c.bot() {
		b = append(b, ",,,"...)
	} else {
		b = append(b, r.csvWho(c.organizer)...)
	}
	b = append(b, caller...)
	b = append(b, ',')
	b = append(b, c.kind.String()...)
	b = append(b, ',')
	if !old {
		direction := "Inbound,"
		if c.kind.outbound() {
			direction = "Outbound,"
		}
		b = append(b, direction...)
	}
	b = append(b, c.inventory()...)
	b = append(b, ',')
	b = append(b, context...)
	b = append(b, ',')
	b = append(b, csvText(r.destination(c, to))...)
	b = append(b, ',')
	b = append(b, callee...)
	b = append(b, ',')
	if !old {
		b = append(b, to.iso...)
		b = append(b, ',')
	}
	b = c.startText(b, "+00:00", f)
	b = append(b, ',')
	b = c.end().appendTo(b, "+00:00")
	b = append(b, ',')
	b = c.durationText(b, f)
	b = append(b, ',')
	b = money(b, c.verdict.connection)
	b = append(b, ',')
	b = money(b, c.verdict.charge)
	b = append(b, ',')
	b = append(b, r.tenant.currency...)
	b = append(b, ',')
	b = append(b, c.verdict.capability...)
	if !old {
		b = append(b, ",Microsoft,Microsoft,"...)
	}
	r.buf = append(b, "\r\n"...)
	return r.buf
}

// destination is the country's name the source shows: of the number dialled, or
// of the bridge that was called.
func (r *row) destination(c *call, to *place) string {
	if c.kind.outbound() {
		return to.name
	}
	return r.tenant.places.places[r.tenant.bridge.place].name
}

func (r *row) csvWho(o *organizer) string {
	if s, ok := r.who[o]; ok {
		return s
	}
	s := o.id.String() + "," + csvText(o.upn) + "," + csvText(o.name) + ","
	r.who[o] = s
	return s
}

// csvText quotes by RFC 4180 where it must.
func csvText(s string) string {
	if !strings.ContainsAny(s, "\",\r\n") {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}

// json is one Graph pstnCallLogRow. A truncated one stops in the middle where
// rows stand alone; within a page it lacks what follows.
func (r *row) json(c *call, f fault, alone bool) []byte {
	var parts [48]byte
	caller, callee, to, context := r.parties(c, parts[:0])
	b := append(r.buf[:0], `{"id":"`...)
	if f != missingID {
		b = c.id.appendTo(b)
	}
	b = append(b, `","callId":"`...)
	b = c.callID(b)
	if f == truncated {
		if alone {
			b = append(b, `","userId":`...)
		} else {
			b = append(b, `"}`...)
		}
		r.buf = b
		return b
	}
	b = append(b, `",`...)
	if c.bot() {
		b = append(b, `"userId":null,"userPrincipalName":null,"userDisplayName":null,`...)
	} else {
		b = append(b, r.jsonWho(c.organizer)...)
	}
	b = append(b, `"startDateTime":"`...)
	b = c.startText(b, "Z", f)
	b = append(b, `","endDateTime":"`...)
	b = c.end().appendTo(b, "Z")
	b = append(b, `","duration":`...)
	b = c.durationText(b, f)
	b = append(b, `,"charge":`...)
	b = money(b, c.verdict.charge)
	b = append(b, `,"callType":"`...)
	b = append(b, c.kind.String()...)
	b = append(b, `","currency":"`...)
	b = append(b, r.tenant.currency...)
	b = append(b, `","calleeNumber":"`...)
	b = append(b, callee...)
	b = append(b, `","usageCountryCode":"`...)
	b = append(b, c.organizer.site.country...)
	b = append(b, `","tenantCountryCode":"`...)
	b = append(b, r.tenant.country...)
	b = append(b, `","connectionCharge":`...)
	b = money(b, c.verdict.connection)
	b = append(b, `,"callerNumber":"`...)
	b = append(b, caller...)
	b = append(b, `","destinationContext":`...)
	if context == "" {
		b = append(b, "null"...)
	} else {
		b = append(append(append(b, '"'), context...), '"')
	}
	b = append(b, `,"destinationName":`...)
	b = jsonText(b, r.destination(c, to))
	b = append(b, `,"conferenceId":`...)
	if c.conference == 0 {
		b = append(b, "null"...)
	} else {
		b = append(strconv.AppendUint(append(b, '"'), uint64(c.conference), 10), '"')
	}
	b = append(b, `,"licenseCapability":"`...)
	b = append(b, c.verdict.capability...)
	b = append(b, `","inventoryType":"`...)
	b = append(b, c.inventory()...)
	b = append(b, `","operator":"Microsoft","callDurationSource":"microsoft"}`...)
	r.buf = b
	return b
}

func (r *row) jsonWho(o *organizer) string {
	if s, ok := r.who[o]; ok {
		return s
	}
	b := append([]byte(`"userId":"`), o.id.String()...)
	b = jsonText(append(b, `","userPrincipalName":`...), o.upn)
	b = jsonText(append(b, `,"userDisplayName":`...), o.name)
	s := string(append(b, ','))
	r.who[o] = s
	return s
}

// jsonText appends s as a JSON string, letters of all scripts as they are.
func jsonText(b []byte, s string) []byte {
	b = append(b, '"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', byte(c))
		case c < 0x20:
			b = append(b, `\u00`...)
			b = append(b, "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15])
		default:
			b = utf8.AppendRune(b, c)
		}
	}
	return append(b, '"')
}
