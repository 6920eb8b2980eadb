package config

import (
	"fmt"
	"net/netip"
)

// OpenID is an identity provider that people sign in with. Without an issuer there is none.
type OpenID struct {
	Issuer           string   `yaml:"issuer"`
	ClientID         string   `yaml:"client_id"`
	ClientSecret     Secret   `yaml:"client_secret"`
	ClientSecretFile string   `yaml:"client_secret_file"`
	Scopes           []string `yaml:"scopes"` // beside openid and profile
	// GroupsClaim is the claim with the groups of who signs in.
	GroupsClaim string  `yaml:"groups_claim"`
	Grants      []Grant `yaml:"grants"`
}

// Grant gives the members of a group a role.
type Grant struct {
	Group   string   `yaml:"group"`
	Role    string   `yaml:"role"`    // viewer, reviewer, approver, finance, admin
	Tenants []string `yaml:"tenants"` // ids; none is all
}

// Proxies are the trusted networks; what is none is told when the file is read.
func (h HTTP) Proxies() (out []netip.Prefix) {
	for _, text := range h.TrustedProxies {
		if p, err := netip.ParsePrefix(text); err == nil {
			out = append(out, p.Masked())
		}
	}
	return out
}

func (h HTTP) validate(k *checker) {
	for i, text := range h.TrustedProxies {
		key := fmt.Sprintf("http.trusted_proxies[%d]", i)
		if p, err := netip.ParsePrefix(text); err != nil {
			k.add(key, "%q is no network; write address/bits, such as 127.0.0.1/32 or fd00::/8", text)
		} else if p.Bits() == 0 {
			k.add(key, "%q is everybody: anyone could say where they come from", text)
		}
	}
	o := h.OpenID
	httpURL(k, "http.openid.issuer", o.Issuer)
	if o.ClientSecret != "" && o.ClientSecretFile != "" {
		k.add("http.openid.client_secret", "at most one of client_secret and client_secret_file may be set")
	}
	if o.Issuer == "" {
		return
	}
	if o.ClientID == "" {
		k.add("http.openid.client_id", "is missing: the provider knows Fairdial by it")
	}
	if h.ExternalURL == "" {
		k.add("http.external_url", "is missing: the identity provider sends people back to it")
	}
	if len(o.Grants) == 0 {
		k.add("http.openid.grants", "must grant a group a role: else nobody comes in")
	}
	for i, g := range o.Grants {
		key := fmt.Sprintf("http.openid.grants[%d]", i)
		if g.Group == "" {
			k.add(key+".group", "must name a group")
		}
		k.oneOf(key+".role", g.Role, "viewer", "reviewer", "approver", "finance", "admin")
	}
}
