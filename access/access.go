// Package access says who may use the console and its API, and what they may do: local
// users, sessions, API keys and OpenID Connect. README.md states the rules.
package access

import (
	"fmt"
	"slices"
)

// Role is what somebody is here for.
type Role string

// The roles. Each may read; Gateway is for machines alone and reads nothing but decisions.
const (
	Gateway  Role = "gateway"
	Viewer   Role = "viewer"
	Reviewer Role = "reviewer"
	Approver Role = "approver"
	Finance  Role = "finance"
	Admin    Role = "admin"
)

// Roles are those that people can have.
func Roles() []Role { return []Role{Viewer, Reviewer, Approver, Finance, Admin} }

// KeyRoles are those that an API key can have.
func KeyRoles() []Role { return append([]Role{Gateway}, Roles()...) }

// ParseRole reads the name of a role that a person can have.
func ParseRole(text string) (Role, error) {
	if slices.Contains(Roles(), Role(text)) {
		return Role(text), nil
	}
	return "", fmt.Errorf("%w: %q is no role; it is one of %v", ErrRefused, text, Roles())
}

// Permission is one kind of thing to do.
type Permission string

// The permissions.
const (
	Anybody    Permission = "anybody"    // no sign-in
	Decide     Permission = "decide"     // ask what organizers may do, report calls, read figures of health
	See        Permission = "see"        // read cases, usage, statements
	Review     Permission = "review"     // decide cases, ask for enforcement
	Approve    Permission = "approve"    // let what another asked for be done
	Account    Permission = "account"    // close months, sign reconciliations
	Audit      Permission = "audit"      // read who did what
	Administer Permission = "administer" // users, keys, settings, the quarantine
)

// May says whether the role has the permission.
func (r Role) May(p Permission) bool {
	switch r {
	case Gateway:
		return p == Decide
	case Viewer:
		return p == Decide || p == See
	case Reviewer:
		return p == Decide || p == See || p == Review
	case Approver:
		return p == Decide || p == See || p == Review || p == Approve || p == Audit
	case Finance:
		return p == Decide || p == See || p == Account || p == Audit
	case Admin:
		return true
	default:
		return false
	}
}

// Identity is who a request is from.
type Identity struct {
	Name    string
	Role    Role
	Tenants []string // whose data they see; none is all
	Session string   // id of the session, where there is one; not its token
	// Holder says who has the name: "user/" and it, or "openid/" and the hash of a subject;
	// empty for keys and whoever is on this machine.
	Holder string
	// Issuer and Subject are what an identity provider knows somebody by; empty for others.
	Issuer, Subject string
	// Passwordless says that nobody proved to be it: the demo's user, or this machine.
	Passwordless bool
}

// May says whether the identity may do it.
func (i Identity) May(p Permission) bool { return p == Anybody || i.Role.May(p) }

// Sees says whether the identity may see a tenant's data.
func (i Identity) Sees(tenantID string) bool {
	return len(i.Tenants) == 0 || slices.Contains(i.Tenants, tenantID)
}

// Scoped says that the identity sees some tenants only.
func (i Identity) Scoped() bool { return len(i.Tenants) > 0 }
