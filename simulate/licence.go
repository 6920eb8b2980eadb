package simulate

// plan is a service plan, the part of a licence that gives an entitlement.
type plan struct {
	id      string
	name    string
	service string
}

// sku is a product that is bought and assigned. Identities are the published ones
// but for the add-on, whose identity the provider does not publish: it is invented.
type sku struct {
	id    string
	part  string
	plans []plan
	// conferencing says whether it adds to the tenant's pool by units bought.
	conferencing bool
}

const (
	planTeams         = "57ff2da0-773e-42df-b2af-ffb7a2317929"
	planConferencing  = "3e26ee1f-8a5f-4d52-aee2-b81ce45c8f40"
	planConferencingG = "f544b08d-1645-4287-82de-8d91f37c02a1"
	planSelect        = "9974d6cf-cd24-4ba2-921c-e2aa687da846"
	planPerMinute     = "bb038288-76ab-49d6-afc1-eaa6c222c65a"
	planCredits       = "505e180f-f7e0-4b65-91d4-00d670bbd18c"
	planAddon         = "a1d0c0de-0a0b-4c0d-8e0f-00000d1a1008"
)

const online = "MicrosoftCommunicationsOnline"

var (
	teams              = plan{planTeams, "TEAMS1", "TeamspaceAPI"}
	conferencing       = plan{planConferencing, "MCOMEETADV", online}
	skuStandard        = &sku{"0c266dff-15dd-4b49-8397-2bb16070ed52", "MCOMEETADV", []plan{conferencing}, true}
	skuStandardFaculty = &sku{"c2cda955-3359-44e5-989f-852ca0cfa02f", "MCOMEETADV_FACULTY", []plan{conferencing}, true}
	skuStandardGov     = &sku{"2d3091c7-0712-488b-b3d8-6b97bde6a1f5", "MCOMEETADV_GOV", []plan{{planConferencingG, "MCOMEETADV_GOV", online}}, true}
	skuSelect          = &sku{"1c27243e-fb4d-42b1-ae8c-fe25c9616588", "Microsoft_Teams_Audio_Conferencing_select_dial_out", []plan{{planSelect, "MCOMEETBASIC", online}}, false}
	skuPerMinute       = &sku{"df9561a4-4969-4e6a-8e73-c601b68ec077", "MCOMEETACPEA", []plan{{planPerMinute, "MCOMEETACPEA", online}}, false}
	skuCredits         = &sku{"47794cd0-f0e5-45c5-9033-2eb6b5fc84e0", "MCOPSTNC", []plan{{planCredits, "MCOPSTNC", online}}, false}
	skuAddon           = &sku{"a1d0c0de-0a0b-4c0d-8e0f-00000d1a1007", "MCOMEETADD_DIALOUT_US_CA", []plan{{planAddon, "MCOMEETADD_DIALOUT_US_CA", online}}, false}
	skuRooms           = &sku{"4cde982a-ede4-4409-9ae6-b003453c8ea6", "Microsoft_Teams_Rooms_Pro", []plan{teams, conferencing}, true}
	skuE5              = &sku{"06ebc4ee-1bb5-47dd-8120-11324bc54e06", "SPE_E5", []plan{teams, conferencing}, true}
	skuE3              = &sku{"05e9a617-0261-4cee-bb44-138d3ef5d965", "SPE_E3", []plan{teams}, false}
	skuG3              = &sku{"535a3a29-c5f0-42fe-8215-d3b9e1f38c4a", "ENTERPRISEPACK_GOV", []plan{teams}, false}
)

// skus lists the products in the order the directory shows them.
func skus() []*sku {
	return []*sku{skuAddon, skuStandard, skuStandardFaculty, skuStandardGov, skuSelect, skuPerMinute, skuCredits, skuRooms, skuE3, skuG3, skuE5}
}

// forever stands for a licence that is still held.
const forever tick = 1<<63 - 1

// holding is one product assigned to one organizer over [from, to).
type holding struct {
	sku      *sku
	from, to tick
	disabled string // a service plan switched off within it
}

func (h holding) at(t tick) bool { return h.from <= t && t < h.to }

func (h holding) gives(planID string) bool {
	if h.disabled == planID {
		return false
	}
	for _, p := range h.sku.plans {
		if p.id == planID {
			return true
		}
	}
	return false
}

// holds says whether the organizer has a service plan at an instant.
func (o *organizer) holds(planID string, t tick) bool {
	for _, h := range o.holdings {
		if h.at(t) && h.gives(planID) {
			return true
		}
	}
	return false
}

func (o *organizer) conferenced(t tick) bool {
	return o.holds(planConferencing, t) || o.holds(planConferencingG, t)
}

// give assigns a product over [from, to).
func (o *organizer) give(s *sku, from, to tick) {
	o.holdings = append(o.holdings, holding{sku: s, from: from, to: to})
}

// take removes every holding of a product.
func (o *organizer) take(s *sku) {
	kept := o.holdings[:0]
	for _, h := range o.holdings {
		if h.sku != s {
			kept = append(kept, h)
		}
	}
	o.holdings = kept
}

// stock is what a tenant has bought of each product, in units.
type stock map[*sku]int

// buy counts the most units of each product assigned at once and adds the spare
// ones that the tenant has bought and not handed out.
func (t *tenant) buy() {
	t.stock = stock{}
	for _, o := range t.organizers {
		seen := map[*sku]bool{}
		for _, h := range o.holdings {
			if !seen[h.sku] {
				seen[h.sku] = true
				t.stock[h.sku]++
			}
		}
	}
	for s, n := range t.stock {
		switch s {
		case t.standard:
			t.stock[s] = n + int(float64(n)*t.spare)
		case skuAddon:
			t.stock[s] = n + 5
		}
	}
}

// poolSeconds is the tenant's pool of one calendar month by conferencing licences
// bought, in seconds.
func (t *tenant) poolSeconds() int64 {
	units := 0
	for s, n := range t.stock {
		if s.conferencing {
			units += n
		}
	}
	return int64(units) * poolMinutes(t.country) * 60
}
