package console

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// origin is the address that a request comes from, without its port: the peer's or, where the
// peer is a proxy of http.trusted_proxies, the last one in X-Forwarded-For that is none. What
// stands before that anybody may have written.
func (o Options) origin(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	last, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	last = last.Unmap().WithZone("")
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !o.trusts(last) {
			break
		}
		before, ok := hopAddress(hop)
		if !ok {
			break // a proxy of ours that cannot say whom it asks for
		}
		last = before
	}
	return last.String()
}

// trusts says whether an address is a proxy's that may tell whom it asks for.
func (o Options) trusts(a netip.Addr) bool {
	return slices.ContainsFunc(o.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(a) })
}

// hopAddress reads one address of X-Forwarded-For; some proxies write its port too.
func hopAddress(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)
	if with, err := netip.ParseAddrPort(text); err == nil {
		return with.Addr().Unmap().WithZone(""), true
	}
	a, err := netip.ParseAddr(strings.Trim(text, "[]"))
	return a.Unmap().WithZone(""), err == nil
}
