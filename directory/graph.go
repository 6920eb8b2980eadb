package directory

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// user is a Microsoft Graph user, as far as licences need it.
type user struct {
	ID                string            `json:"id"`
	UserPrincipalName string            `json:"userPrincipalName"`
	DisplayName       string            `json:"displayName"`
	UsageLocation     string            `json:"usageLocation"`
	AccountEnabled    *bool             `json:"accountEnabled"`
	AssignedLicenses  []assignedLicence `json:"assignedLicenses"`
	AssignedPlans     *[]assignedPlan   `json:"assignedPlans"`
}

type assignedLicence struct {
	SKUID         string   `json:"skuId"`
	DisabledPlans []string `json:"disabledPlans"`
}

type assignedPlan struct {
	AssignedDateTime time.Time `json:"assignedDateTime"`
	CapabilityStatus string    `json:"capabilityStatus"`
	ServicePlanID    string    `json:"servicePlanId"`
}

// held says whether a plan in this state can be used. Warning is the grace period.
func (p assignedPlan) held() bool {
	return strings.EqualFold(p.CapabilityStatus, "Enabled") || strings.EqualFold(p.CapabilityStatus, "Warning")
}

// sku is a Microsoft Graph subscribedSku.
type sku struct {
	SKUID            string `json:"skuId"`
	SKUPartNumber    string `json:"skuPartNumber"`
	CapabilityStatus string `json:"capabilityStatus"`
	ConsumedUnits    int64  `json:"consumedUnits"`
	PrepaidUnits     struct {
		Enabled   int64 `json:"enabled"`
		Warning   int64 `json:"warning"`
		Suspended int64 `json:"suspended"`
		LockedOut int64 `json:"lockedOut"`
	} `json:"prepaidUnits"`
	ServicePlans []struct {
		ServicePlanID string `json:"servicePlanId"`
	} `json:"servicePlans"`
}

// pages collects what several files hold of one tenant's directory.
type pages struct {
	users, skus map[string]json.RawMessage // by id, so that a page given twice counts once
	userPages   int
	userLinks   int // pages that say there is another
}

// read adds one file: a Graph page, or a bare array, of users or of SKUs.
func (p *pages) read(name string, r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	data = bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
	var page struct {
		Value    []json.RawMessage `json:"value"`
		NextLink string            `json:"@odata.nextLink"`
	}
	if len(data) > 0 && data[0] == '[' {
		err = json.Unmarshal(data, &page.Value)
	} else {
		err = json.Unmarshal(data, &page)
	}
	if err != nil {
		return fmt.Errorf("%s: no Graph page of users or subscribedSkus: %w", name, explain(data, err))
	}
	var users, skus int
	for i, raw := range page.Value {
		var probe struct {
			ID            string          `json:"id"`
			SKUID         string          `json:"skuId"`
			ServicePlans  json.RawMessage `json:"servicePlans"`
			PrepaidUnits  json.RawMessage `json:"prepaidUnits"`
			UPN           json.RawMessage `json:"userPrincipalName"`
			Plans         json.RawMessage `json:"assignedPlans"`
			AssignedLicen json.RawMessage `json:"assignedLicenses"`
		}
		if err := json.Unmarshal(raw, &probe); err != nil {
			return fmt.Errorf("%s: value[%d]: %w", name, i, err)
		}
		switch {
		case probe.SKUID != "" && (probe.ServicePlans != nil || probe.PrepaidUnits != nil):
			p.skus[strings.ToLower(probe.SKUID)] = raw
			skus++
		case probe.ID != "" && (probe.UPN != nil || probe.Plans != nil || probe.AssignedLicen != nil):
			p.users[strings.ToLower(probe.ID)] = raw
			users++
		default:
			return fmt.Errorf("%s: value[%d] is neither a user (id, userPrincipalName, assignedPlans) nor a subscribedSku (skuId, servicePlans)", name, i)
		}
	}
	if users > 0 && skus > 0 {
		return fmt.Errorf("%s: holds users and subscribedSkus; they come in files of their own", name)
	}
	if users > 0 {
		p.userPages++
		if page.NextLink != "" {
			p.userLinks++
		}
	}
	return nil
}

// complete says whether the pages end with one that has no successor.
func (p *pages) complete() bool { return p.userLinks < p.userPages }

// explain adds the line to a JSON error.
func explain(data []byte, err error) error {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("line %d: %w", 1+bytes.Count(data[:min(int(syntax.Offset), len(data))], []byte("\n")), err)
	}
	return err
}
