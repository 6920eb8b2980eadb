package console

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"fairdial/access"
)

// Rule is a rule in force and how it has done.
type Rule struct {
	ID         string   `json:"rule_id"`
	Title      string   `json:"title"`
	Status     string   `json:"status"`
	Verdict    string   `json:"verdict"`
	Family     string   `json:"family"`
	Unit       string   `json:"unit"`
	Version    int      `json:"version"`
	Tests      int      `json:"tests"`
	Warning    string   `json:"warning"`  // threshold
	Critical   string   `json:"critical"` // threshold
	Findings   int      `json:"findings"`
	Organizers int      `json:"organizers"`
	Confirmed  int      `json:"confirmed"`
	Dismissed  int      `json:"dismissed"`
	Undecided  int      `json:"undecided"` // organizers with a case on which nobody has decided
	NoCase     int      `json:"no_case"`   // organizers without a case
	Precision  *float64 `json:"precision"` // the confirmed part of what people decided; nil before they did
	Newest     string   `json:"newest"`    // the day of its newest finding
}

// Rules says which rules are in force.
type Rules interface {
	Rules(ctx context.Context) ([]Rule, error)
	// Rule is one of them whole, or ErrNotFound.
	Rule(ctx context.Context, id string) (WholeRule, error)
}

// Check is one thing that the doctor looked at.
type Check struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Says string `json:"says"`
	Mend string `json:"mend"` // what to do about it
	// State is how it stands: ok, look, not set up, needs a hand.
	State string `json:"state"`
	Link  string `json:"link"` // the page that shows it, "" for none
}

// Tag is the colour of how it stands.
func (c Check) Tag() string {
	switch {
	case !c.OK:
		return "critical"
	case c.State == "look":
		return "warning"
	case c.State == "" || c.State == "ok":
		return "good"
	}
	return "quiet"
}

// keysOfRule are what rules go by.
func keysOfRule(r Rule) []string { return []string{r.ID} }

type rulesBody struct {
	Rules  []Rule
	Keyset keyset
}

func (p *pages) rules(w http.ResponseWriter, r *http.Request) {
	if p.opts.Rules == nil {
		p.fail(w, r, ErrNotFound)
		return
	}
	all, err := p.opts.Rules.Rules(r.Context())
	if err != nil {
		p.fail(w, r, err)
		return
	}
	var b rulesBody
	b.Rules, b.Keyset = gone(r, "rules", all, keysOfRule)
	p.show(w, r, http.StatusOK, "rules", page{Title: "Rules", Section: "Rules", Body: b})
}

func (p *pages) doctor(w http.ResponseWriter, r *http.Request) {
	if p.opts.Checks == nil {
		p.fail(w, r, ErrNotFound)
		return
	}
	p.show(w, r, http.StatusOK, "doctor", page{Title: "Doctor", Section: "Settings", Body: p.opts.Checks(r.Context())})
}

type settingsBody struct {
	Text                              string // part of a name
	Users                             []access.User
	Keys                              []access.Key
	Sessions                          []access.Session
	UserPages, KeyPages, SessionPages keyset
	Roles                             []access.Role
	KeyRoles                          []access.Role
	OpenID                            bool
	Doctor                            bool
	Slack                             []Check
	NewKey                            string
	Shortest                          int
}

func (p *pages) settings(w http.ResponseWriter, r *http.Request) { p.showSettings(w, r, "") }

func (p *pages) showSettings(w http.ResponseWriter, r *http.Request, key string) {
	b := settingsBody{Roles: access.Roles(), KeyRoles: access.KeyRoles(), OpenID: p.opts.OpenID != nil, Doctor: p.opts.Checks != nil, NewKey: key, Shortest: access.ShortestPassword}
	if p.opts.SlackStatus != nil {
		b.Slack = p.opts.SlackStatus(r.Context())
	}
	if a := p.opts.Access; a != nil {
		b.Text = strings.TrimSpace(r.URL.Query().Get("q"))
		lacks := func(name string) bool { return !strings.Contains(strings.ToLower(name), strings.ToLower(b.Text)) }
		b.Users, b.UserPages = gone(r, "users", slices.DeleteFunc(a.Users(), func(u access.User) bool { return lacks(u.Name) }), keysOfUser)
		b.Keys, b.KeyPages = gone(r, "keys", slices.DeleteFunc(a.Keys(), func(k access.Key) bool { return lacks(k.Name) }), keysOfKey)
		b.Sessions, b.SessionPages = gone(r, "sessions", slices.DeleteFunc(a.Sessions(""), func(s access.Session) bool { return lacks(s.Name) }), keysOfSession)
	}
	p.show(w, r, http.StatusOK, "settings", page{Title: "Settings", Section: "Settings", Body: b})
}

// words are the tenants that a form names, one a line or apart by blanks.
func tenantsNamed(text string) []string { return slices.Compact(strings.Fields(text)) }

// settle answers a form of the settings: it leads back to where on them it was sent from.
func (p *pages) settle(w http.ResponseWriter, r *http.Request, err error) {
	back := "/settings"
	if from, wrong := url.Parse(r.Referer()); wrong == nil && from.Path == back && from.RawQuery != "" {
		back += "?" + from.Query().Encode()
	}
	if err != nil {
		p.refused(w, r, err, back)
		return
	}
	http.Redirect(w, r, back, http.StatusSeeOther)
}

func (p *pages) addUser(w http.ResponseWriter, r *http.Request) {
	if !p.posted(w, r) {
		return
	}
	f := r.PostForm
	u := access.User{Name: strings.TrimSpace(f.Get("name")), Role: access.Role(f.Get("role")), Tenants: tenantsNamed(f.Get("tenants"))}
	p.settle(w, r, p.opts.Access.AddUser(r.Context(), u, f.Get("password"), "console:"+caller(r)))
}

func (p *pages) changeUser(w http.ResponseWriter, r *http.Request) {
	if !p.posted(w, r) {
		return
	}
	f := r.PostForm
	role, tenants, disabled, password := access.Role(f.Get("role")), tenantsNamed(f.Get("tenants")), f.Get("disabled") != "", f.Get("password")
	c := access.Change{Role: &role, Tenants: &tenants, Disabled: &disabled}
	if password != "" {
		c.Password = &password
	}
	p.settle(w, r, p.opts.Access.ChangeUser(r.Context(), r.PathValue("user"), c, "console:"+caller(r), f.Get("reason")))
}

func (p *pages) addKey(w http.ResponseWriter, r *http.Request) {
	if !p.posted(w, r) {
		return
	}
	f := r.PostForm
	key, err := p.opts.Access.AddKey(r.Context(), access.Key{
		Name: strings.TrimSpace(f.Get("name")), Role: access.Role(f.Get("role")), Tenants: tenantsNamed(f.Get("tenants")),
	}, "console:"+caller(r))
	if err != nil {
		p.settle(w, r, err)
		return
	}
	p.showSettings(w, r, key)
}

func (p *pages) endKey(w http.ResponseWriter, r *http.Request) {
	if p.posted(w, r) {
		p.settle(w, r, p.opts.Access.EndKey(r.Context(), r.PathValue("key"), "console:"+caller(r)))
	}
}

func (p *pages) endSession(w http.ResponseWriter, r *http.Request) {
	if p.posted(w, r) {
		p.settle(w, r, p.opts.Access.EndSession(r.Context(), r.PathValue("session"), "", "console:"+caller(r)))
	}
}
