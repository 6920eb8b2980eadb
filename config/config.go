// Package config is Fairdial's one configuration: a struct, its defaults, strict
// loading from YAML and validation that names the key and the line. It knows
// nothing of the packages it configures.
package config

import "time"

// Config is everything an operator can set. Every key has a default; Fairdial runs
// with no file at all.
type Config struct {
	Store       Store       `yaml:"store"`
	Tenants     []Tenant    `yaml:"tenants"`
	Sources     []Source    `yaml:"sources"`
	Licences    Licences    `yaml:"licences"`
	Rating      Rating      `yaml:"rating"`
	Finance     Finance     `yaml:"finance"`
	Rules       Rules       `yaml:"rules"`
	Detection   Detection   `yaml:"detection"`
	Slack       Slack       `yaml:"slack"`
	Outlets     []Outlet    `yaml:"outlets"`
	Enforcement Enforcement `yaml:"enforcement"`
	HTTP        HTTP        `yaml:"http"`
	Jobs        Jobs        `yaml:"jobs"`
	Log         Log         `yaml:"log"`
}

// Store says where the data lives.
type Store struct {
	// DSN reaches a ClickHouse server (clickhouse://user:password@host:9000/db).
	// Empty: the embedded engine keeps the data in Path.
	DSN Secret `yaml:"dsn"`
	// DSNFile is a file that holds the DSN, for operators who keep passwords out
	// of configuration files.
	DSNFile string `yaml:"dsn_file"`
	Path    string `yaml:"path"`
	Cluster string `yaml:"cluster"`
}

// Tenant is a customer organisation, in the shape of `fairdial tenants import`.
type Tenant struct {
	ID      string  `yaml:"id" json:"id"`
	Name    string  `yaml:"name" json:"name"`
	Country string  `yaml:"country" json:"country"`
	Segment string  `yaml:"segment" json:"segment"`
	Channel string  `yaml:"channel" json:"channel"`
	Credits Credits `yaml:"communicationsCredits" json:"communicationsCredits"`
}

// Credits says whether a tenant has funded Communications Credits.
type Credits struct {
	Funded   bool   `yaml:"funded" json:"funded"`
	Currency string `yaml:"currency" json:"currency"`
}

// Licences says which service plans and SKUs give which entitlement.
type Licences struct {
	Conferencing Identity `yaml:"conferencing"`
	PayPerMinute Identity `yaml:"pay_per_minute"`
	Select       Identity `yaml:"select"`
	Addon        Identity `yaml:"addon"`
	Credits      Identity `yaml:"credits"`
}

// Identity names the service plans and SKUs of one entitlement. An empty list
// means the published identities; the add-on has none published.
type Identity struct {
	ServicePlans   []string `yaml:"service_plans"`
	SKUPartNumbers []string `yaml:"sku_part_numbers"`
}

// Rating says what the waterfall follows.
type Rating struct {
	// Plan is an entitlement plan file; empty for the built-in one.
	Plan string `yaml:"plan"`
	// PoolNotices are the percentages of a pool at which its use is told, once a month
	// and size; none for no notices.
	PoolNotices []int `yaml:"pool_notices"`
}

// Finance says when a month may be closed.
type Finance struct {
	// Latency is how long after a month's end its records may still arrive.
	Latency Duration `yaml:"latency"`
}

// Rules says where rule files are.
type Rules struct {
	// Path is a folder of rule files that are added to the built-in pack; a rule
	// with the same id replaces the built-in one.
	Path string `yaml:"path"`
}

// Detection says when and how cautiously cases are opened.
type Detection struct {
	// Latency is how long after its end a call is taken to be complete.
	Latency Duration `yaml:"latency"`
	// OpenScore is the risk (0-100) from which a case is opened.
	OpenScore int `yaml:"open_score"`
	// RespondWithin is how soon somebody must look at a case.
	RespondWithin RespondWithin `yaml:"respond_within"`
	// WholesaleRates price the exposure of findings and of hours.
	WholesaleRates WholesaleRates `yaml:"wholesale_rates"`
}

// RespondWithin is how long a case may wait, by its severity; 0 for as long as it likes.
type RespondWithin struct {
	Critical Duration `yaml:"critical"`
	Warning  Duration `yaml:"warning"`
}

// Slack says where alerts go. Without a token they go to the log and the store.
type Slack struct {
	Token     Secret `yaml:"token"`
	TokenFile string `yaml:"token_file"`
	Channel   string `yaml:"channel"`
	// OnCallChannel hears of the guard rail, FinanceChannel the weekly summary; empty is Channel.
	OnCallChannel  string `yaml:"on_call_channel"`
	FinanceChannel string `yaml:"finance_channel"`
	MinScore       int    `yaml:"min_score"`
	APIURL         string `yaml:"api_url"`
	// SigningSecret proves that a press of a button comes from Slack over HTTP. AppToken
	// opens Socket Mode instead. Without either, messages have no buttons.
	// Routes tell cases in channels of their own; the first that fits counts.
	Routes []Route `yaml:"routes"`
	// QuietHours, such as 22:00-07:00 in TimeZone, tell nothing new but critical cases.
	QuietHours        string   `yaml:"quiet_hours"`
	TimeZone          string   `yaml:"time_zone"`
	Storm             Storm    `yaml:"storm"`
	SigningSecret     Secret   `yaml:"signing_secret"`
	SigningSecretFile string   `yaml:"signing_secret_file"`
	AppToken          Secret   `yaml:"app_token"`
	AppTokenFile      string   `yaml:"app_token_file"`
	People            []Person `yaml:"people"`
}

// Route says which cases are told in which channel; empty lists let all through.
type Route struct {
	Tenants    []string `yaml:"tenants"`
	Severities []string `yaml:"severities"`
	Tags       []string `yaml:"tags"` // of rules
	Channel    string   `yaml:"channel"`
	QuietHours string   `yaml:"quiet_hours"`
}

// Storm says when many new cases are told in one message.
type Storm struct {
	Over   int      `yaml:"over"` // 0 never
	Window Duration `yaml:"window"`
}

// Person says who a Slack user is and what they may press.
type Person struct {
	SlackID string `yaml:"slack_id"`
	Name    string `yaml:"name"` // as on the command line, without "cli:"
	Role    string `yaml:"role"` // viewer, reviewer, enforcer
}

// Outlet tells news of cases elsewhere than in Slack.
type Outlet struct {
	Name string `yaml:"name"`
	Kind string `yaml:"kind"` // webhook, email, alertmanager
	URL  string `yaml:"url"`  // of a webhook or an Alertmanager
	// Secret signs a webhook's calls, or is the mail server's password.
	Secret     Secret   `yaml:"secret"`
	SecretFile string   `yaml:"secret_file"`
	Server     string   `yaml:"server"` // host:port of a mail server
	Username   string   `yaml:"username"`
	From       string   `yaml:"from"`
	To         []string `yaml:"to"`
}

// Enforcement says what may be done to an organizer, and by whom.
type Enforcement struct {
	// DryRun records what would have been done, and does nothing.
	DryRun            bool `yaml:"dry_run"`
	AutoFlagScore     int  `yaml:"auto_flag_score"`     // 0 turns it off
	AutoThrottleScore int  `yaml:"auto_throttle_score"` // 0 turns it off
	// RequestThrottleScore and RequestSuspendScore: people are asked; 0 turns it off.
	RequestThrottleScore int `yaml:"request_throttle_score"`
	RequestSuspendScore  int `yaml:"request_suspend_score"`
	// ThrottlePeople is how many different people a throttle takes, 1 or 2.
	ThrottlePeople int      `yaml:"throttle_people"`
	Throttle       Throttle `yaml:"throttle"`
	Expiry         Duration `yaml:"expiry"`
	// KillSwitch stops all enforcement; `fairdial enforce stop` does too, without a restart.
	KillSwitch bool `yaml:"kill_switch"`
	// Tenants have terms of their own; what they leave out is as above.
	Tenants []TenantTerms `yaml:"tenants"`
	// Adapters bring about at the provider what is decided.
	Adapters  []Adapter `yaml:"adapters"`
	Protected []string  `yaml:"protected"` // organizer ids or UPNs
	GuardRail GuardRail `yaml:"guard_rail"`
	// UnknownOrganizer is the decision for an organizer the store does not know:
	// allow or deny.
	UnknownOrganizer string `yaml:"unknown_organizer"`
	// OnFailure is the decision while the store does not answer, or has not for longer than
	// MaxAge: allow fails open, deny fails closed.
	OnFailure string   `yaml:"on_failure"`
	MaxAge    Duration `yaml:"max_age"`
}

// Throttle is what a throttled organizer may still do.
type Throttle struct {
	MinutesPerHour int `yaml:"minutes_per_hour"`
	Legs           int `yaml:"legs"` // at the same time
}

// Adapter changes something at the provider; which keys it needs depends on its kind.
type Adapter struct {
	Name string `yaml:"name"`
	Kind string `yaml:"kind"` // webhook, graph, teams
	// URL of a webhook, or of Graph (https://graph.microsoft.com/v1.0).
	URL string `yaml:"url"`
	// Tenants are those whose organizers it is for, by id; none is all. A Graph client and a Teams
	// script reach one directory.
	Tenants []string `yaml:"tenants"`
	// Secret signs a webhook's calls, or is the Graph client's.
	Secret     Secret   `yaml:"secret"`
	SecretFile string   `yaml:"secret_file"`
	TokenURL   string   `yaml:"token_url"`
	ClientID   string   `yaml:"client_id"`
	Scope      string   `yaml:"scope"`
	SKUs       []string `yaml:"skus"` // GUIDs taken by a suspension
	// Command runs the Teams script; the others are where an organizer's meetings may still
	// dial at each level: zone_a, domestic or none.
	Command         []string `yaml:"command"`
	ThrottleDialOut string   `yaml:"throttle_dial_out"`
	SuspendDialOut  string   `yaml:"suspend_dial_out"`
}

// TenantTerms are what one tenant has of its own; nil is as for the others.
type TenantTerms struct {
	ID                   string    `yaml:"id"`
	AutoFlagScore        *int      `yaml:"auto_flag_score"`
	AutoThrottleScore    *int      `yaml:"auto_throttle_score"`
	RequestThrottleScore *int      `yaml:"request_throttle_score"`
	RequestSuspendScore  *int      `yaml:"request_suspend_score"`
	ThrottlePeople       *int      `yaml:"throttle_people"`
	Throttle             *Throttle `yaml:"throttle"`
	Expiry               *Duration `yaml:"expiry"`
}

// Under is the section as it holds for the tenant.
func (t TenantTerms) Under(e Enforcement) Enforcement {
	for _, n := range []struct{ from, to *int }{
		{t.AutoFlagScore, &e.AutoFlagScore},
		{t.AutoThrottleScore, &e.AutoThrottleScore},
		{t.RequestThrottleScore, &e.RequestThrottleScore},
		{t.RequestSuspendScore, &e.RequestSuspendScore},
		{t.ThrottlePeople, &e.ThrottlePeople},
	} {
		if n.from != nil {
			*n.to = *n.from
		}
	}
	if t.Throttle != nil {
		e.Throttle = *t.Throttle
	}
	if t.Expiry != nil {
		e.Expiry = *t.Expiry
	}
	return e
}

// GuardRail bounds automatic actions, so that a bad rule cannot act on everybody.
type GuardRail struct {
	ActionsPerHour int     `yaml:"actions_per_hour"`
	TenantShare    float64 `yaml:"tenant_share"` // of a tenant's organizers, 0 to 1
}

// HTTP says where the console, the API and the metrics listen.
type HTTP struct {
	Listen      string `yaml:"listen"`
	ExternalURL string `yaml:"external_url"`
	// TrustedProxies are networks (CIDR) whose proxies may say whom they ask for.
	TrustedProxies []string `yaml:"trusted_proxies"`
	// APIKeyFile holds one API key a line, or sha256: and its hash, and after a space a
	// name. Without it, the API answers on a loopback address only.
	APIKeyFile string `yaml:"api_key_file"`
	// RequestsPerSecond bounds what each key may ask; 0 is any number.
	RequestsPerSecond int `yaml:"requests_per_second"`
	// OpenID lets people in by another's word, beside the users of this store.
	OpenID OpenID `yaml:"openid"`
}

// Jobs are cron schedules in UTC; an empty one turns the job off.
type Jobs struct {
	Inbox   string `yaml:"inbox"`
	Rate    string `yaml:"rate"`
	Detect  string `yaml:"detect"`
	Enforce string `yaml:"enforce"`
	Carry   string `yaml:"carry"` // bring about at the provider what is decided
	Alert   string `yaml:"alert"`
	Sweep   string `yaml:"sweep"`
	Daily   string `yaml:"daily"`  // the digest of the day
	Weekly  string `yaml:"weekly"` // the summary for finance
}

// Log says what is logged and how.
type Log struct {
	Level  string `yaml:"level"`  // debug, info, warn, error
	Format string `yaml:"format"` // text, json
}

// Default is the configuration in force where a file says nothing.
// config.example.yaml holds the same values; a test compares them.
func Default() Config {
	return Config{
		Store: Store{Path: "fairdial-data"},
		Licences: Licences{
			Conferencing: Identity{
				ServicePlans: []string{
					"3e26ee1f-8a5f-4d52-aee2-b81ce45c8f40",
					"f544b08d-1645-4287-82de-8d91f37c02a1",
					"f1e3613f-3818-4254-9b5e-f02d803384e0",
				},
				SKUPartNumbers: []string{},
			},
			PayPerMinute: Identity{
				ServicePlans:   []string{"bb038288-76ab-49d6-afc1-eaa6c222c65a"},
				SKUPartNumbers: []string{"MCOMEETACPEA"},
			},
			Select: Identity{
				ServicePlans: []string{
					"9974d6cf-cd24-4ba2-921c-e2aa687da846",
					"986d454b-9027-4d9f-880b-f1b68f920cc4",
				},
				SKUPartNumbers: []string{"Microsoft_Teams_Audio_Conferencing_select_dial_out"},
			},
			Addon: Identity{ServicePlans: []string{}, SKUPartNumbers: []string{}},
			Credits: Identity{
				ServicePlans: []string{
					"505e180f-f7e0-4b65-91d4-00d670bbd18c",
					"6b340437-d6f9-4dc5-8cc2-99163f7f83d6",
				},
				SKUPartNumbers: []string{"MCOPSTNC", "MCOPSTNPP"},
			},
		},
		Tenants:   []Tenant{},
		Sources:   []Source{},
		Rating:    Rating{PoolNotices: []int{80, 100}},
		Finance:   Finance{Latency: Duration(72 * time.Hour)},
		Detection: Detection{Latency: 0, OpenScore: 50, RespondWithin: RespondWithin{Duration(4 * time.Hour), Duration(72 * time.Hour)}},
		Slack:     Slack{Channel: "#fair-use", MinScore: 50, People: []Person{}, Routes: []Route{}, TimeZone: "UTC", Storm: Storm{Over: 20, Window: Duration(10 * time.Minute)}},
		Outlets:   []Outlet{},
		Enforcement: Enforcement{
			DryRun:           true,
			AutoFlagScore:    70,
			ThrottlePeople:   1,
			Tenants:          []TenantTerms{},
			Adapters:         []Adapter{},
			Throttle:         Throttle{MinutesPerHour: 60, Legs: 2},
			Expiry:           Duration(7 * 24 * time.Hour),
			Protected:        []string{},
			GuardRail:        GuardRail{ActionsPerHour: 20, TenantShare: 0.05},
			UnknownOrganizer: "allow",
			OnFailure:        "allow",
			MaxAge:           Duration(2 * time.Minute),
		},
		HTTP: HTTP{Listen: "127.0.0.1:8321", TrustedProxies: []string{}, OpenID: OpenID{Scopes: []string{}, GroupsClaim: "groups", Grants: []Grant{}}},
		Jobs: Jobs{
			Inbox:   "@every 30s",
			Rate:    "*/10 * * * *",
			Detect:  "5 * * * *",
			Enforce: "8 * * * *",
			Carry:   "* * * * *",
			Alert:   "* * * * *",
			Sweep:   "40 3 * * *",
			Daily:   "0 7 * * *",
			Weekly:  "0 7 * * 1",
		},
		Log: Log{Level: "info", Format: "text"},
	}
}
