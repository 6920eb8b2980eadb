package enforcement

import (
	"encoding/json"
	"strconv"
	"time"
)

// AppendJSON appends the decision as [json.Marshal] writes it; a gateway asks many thousand
// times a second, and reflection would be most of what the answer costs.
func (d *Decision) AppendJSON(b []byte) []byte {
	b = appendText(append(b, `{"organizer_id":`...), d.OrganizerID)
	b = appendText(append(b, `,"tenant_id":`...), d.TenantID)
	b = appendText(append(b, `,"decision":`...), string(d.Decision))
	b = appendText(append(b, `,"reason":`...), d.Reason)
	b = appendText(append(b, `,"level":`...), string(d.Level))
	b = strconv.AppendBool(append(b, `,"dry_run":`...), d.DryRun)
	b = append(b, `,"limits":`...)
	if d.Limits == nil {
		b = append(b, "null"...)
	} else {
		b = strconv.AppendInt(append(b, `{"minutes_per_hour":`...), int64(d.Limits.MinutesPerHour), 10)
		b = strconv.AppendInt(append(b, `,"legs":`...), int64(d.Limits.Legs), 10)
		b = append(b, '}')
	}
	b = append(b, `,"minutes_left":`...)
	if d.MinutesLeft == nil {
		b = append(b, "null"...)
	} else {
		b = append(b, d.MinutesLeft.StringFixed(2)...)
	}
	b = append(b, `,"legs_left":`...)
	if d.LegsLeft == nil {
		b = append(b, "null"...)
	} else {
		b = strconv.AppendInt(b, int64(*d.LegsLeft), 10)
	}
	b = append(b, `,"until":`...)
	if d.Until == nil {
		b = append(b, "null"...)
	} else {
		b = append(d.Until.AppendFormat(append(b, '"'), time.RFC3339Nano), '"')
	}
	b = append(b, `,"case_id":`...)
	if d.CaseID == nil {
		b = append(b, "null"...)
	} else {
		b = appendText(b, *d.CaseID)
	}
	b = append(b, `,"would":`...)
	if d.Would == nil {
		b = append(b, "null"...)
	} else {
		b = appendText(append(b, `{"decision":`...), string(d.Would.Decision))
		b = append(appendText(append(b, `,"reason":`...), d.Would.Reason), '}')
	}
	if d.Failed != nil {
		b = appendText(append(b, `,"failed":`...), *d.Failed)
	}
	return append(b, '}')
}

// appendText appends a string in quotes; what needs escaping is left to encoding/json.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			quoted, _ := json.Marshal(s) // a string always can be
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}
