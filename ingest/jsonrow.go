package ingest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// scalar takes a JSON value as the text it stands for; null is no text.
type scalar string

// UnmarshalJSON keeps numbers exactly as they are written: money is never a float.
func (s *scalar) UnmarshalJSON(data []byte) error {
	switch {
	case len(data) == 0 || data[0] == 'n':
		*s = ""
		return nil
	case data[0] == '"':
		if i := bytes.IndexByte(data, '\\'); i < 0 {
			*s = scalar(data[1 : len(data)-1])
			return nil
		}
		var text string
		if err := json.Unmarshal(data, &text); err != nil {
			return err
		}
		*s = scalar(text)
		return nil
	default:
		*s = scalar(data)
		return nil
	}
}

// graphRow is a pstnCallLogRow, v1.0 and beta.
type graphRow struct {
	ID                  scalar `json:"id"`
	CallID              scalar `json:"callId"`
	ConferenceID        scalar `json:"conferenceId"`
	UsageCountryCode    scalar `json:"usageCountryCode"`
	UserID              scalar `json:"userId"`
	UserPrincipalName   scalar `json:"userPrincipalName"`
	UserDisplayName     scalar `json:"userDisplayName"`
	CallerNumber        scalar `json:"callerNumber"`
	CallType            scalar `json:"callType"`
	InventoryType       scalar `json:"inventoryType"`
	DestinationContext  scalar `json:"destinationContext"`
	DestinationName     scalar `json:"destinationName"`
	CalleeNumber        scalar `json:"calleeNumber"`
	OtherParty          scalar `json:"otherPartyCountryCode"`
	StartDateTime       scalar `json:"startDateTime"`
	EndDateTime         scalar `json:"endDateTime"`
	Duration            scalar `json:"duration"`
	ConnectionCharge    scalar `json:"connectionCharge"`
	Charge              scalar `json:"charge"`
	Currency            scalar `json:"currency"`
	LicenseCapability   scalar `json:"licenseCapability"`
	Operator            scalar `json:"operator"`
	CallDurationSource  scalar `json:"callDurationSource"`
	AdministrativeUnits scalar `json:"administrativeUnitInfos"`
	TenantCountryCode   scalar `json:"tenantCountryCode"`
}

// jsonRow makes a row of one JSON object with Graph's property names or the CSV's.
func jsonRow(position uint64, raw []byte) row {
	out := row{position: position, raw: string(raw)}
	var g graphRow
	if err := json.Unmarshal(raw, &g); err != nil {
		out.trouble, out.detail = ReasonBadJSON, err.Error()
		if strings.Contains(err.Error(), "unexpected end") {
			out.trouble, out.detail = ReasonTruncated, "the object ends before it is whole"
		}
		return out
	}
	out.cells = [fields]string{
		fUsageID: string(g.ID), fCallID: string(g.CallID), fConferenceID: string(g.ConferenceID),
		fUsageCountry: string(g.UsageCountryCode), fOrganizerID: string(g.UserID), fOrganizerUPN: string(g.UserPrincipalName),
		fOrganizerName: string(g.UserDisplayName), fCallerNumber: string(g.CallerNumber), fCallType: string(g.CallType),
		fInventoryType: string(g.InventoryType), fDestinationContext: string(g.DestinationContext),
		fDestinationName: string(g.DestinationName), fCalleeNumber: string(g.CalleeNumber), fExternalCountry: string(g.OtherParty),
		fStartedAt: string(g.StartDateTime), fEndedAt: string(g.EndDateTime), fSeconds: string(g.Duration),
		fConnectionCharge: string(g.ConnectionCharge), fCharge: string(g.Charge), fCurrency: string(g.Currency),
		fCapability: string(g.LicenseCapability), fOperator: string(g.Operator), fDurationSource: string(g.CallDurationSource),
		fAdministrativeUnits: string(g.AdministrativeUnits), fTenantCountry: string(g.TenantCountryCode),
	}
	if g.ID == "" && g.StartDateTime == "" {
		out.byName(raw)
	}
	return out
}

// byName fills the cells of an object whose keys are the CSV's column names.
func (r *row) byName(raw []byte) {
	var all map[string]scalar
	if err := json.Unmarshal(raw, &all); err != nil {
		r.trouble, r.detail = ReasonBadJSON, fmt.Sprintf("no usage record: %v", err)
		return
	}
	for name, value := range all {
		if f, known := fieldByName[plainName(name)]; known && value != "" {
			r.cells[f] = string(value)
		}
	}
}
