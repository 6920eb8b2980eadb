package config

import (
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/robfig/cron/v3"
)

// The kinds of a source.
const (
	SourceInbox = "inbox" // a watched folder
	SourceGraph = "graph" // Microsoft Graph is asked for a tenant's usage
	SourcePush  = "push"  // usage is sent to POST /api/v1/usage
	SourceKafka = "kafka" // usage is read from a topic
	SourceS3    = "s3"    // usage files lie in object storage
)

// Source is one place usage arrives from. Which keys it needs depends on its kind.
type Source struct {
	Name string `yaml:"name"`
	Kind string `yaml:"kind"` // inbox, graph, push, kafka, s3
	// Tenant is whose usage it is. An inbox and an s3 may leave it out: their folders then are
	// named by tenant ids.
	Tenant string `yaml:"tenant"`
	// Late is how long a source may bring nothing before that is an alarm. 0: half as long
	// again as it has been silent at most in the last four weeks.
	Late Duration `yaml:"late"`

	// Mapping is a file that says what the layout of an inbox or a push means, where it is none
	// that Fairdial knows.
	Mapping string `yaml:"mapping"`

	// Path of an inbox: a folder with one folder a tenant, named by tenant id, or
	// the folder of the one tenant named by Tenant.
	Path string `yaml:"path"`
	// Settle is how long a file must have kept its size before it is picked up.
	Settle Duration `yaml:"settle"`

	// Schedule is when Graph or object storage is asked: cron in UTC. "" is every hour at a
	// minute that the name decides, or for object storage every ten minutes.
	Schedule string `yaml:"schedule"`
	// Directory is the tenant's id at Microsoft Entra, a GUID or a domain; "" is Tenant.
	Directory string `yaml:"directory"`
	ClientID  string `yaml:"client_id"`
	// The secret of the app registration, from a file or the environment variable named by
	// SecretEnv; or a certificate with its private key, PEM or PKCS #12, whose password the
	// secret is then.
	Secret          Secret `yaml:"secret"`
	SecretFile      string `yaml:"secret_file"`
	SecretEnv       string `yaml:"secret_env"`
	CertificateFile string `yaml:"certificate_file"`
	// Cloud is global, us_gov_l4 or us_gov_l5; "" is global.
	Cloud string `yaml:"cloud"`
	// GraphURL and AuthorityURL stand over those of the cloud, for a proxy or a test.
	GraphURL     string `yaml:"graph_url"`
	AuthorityURL string `yaml:"authority_url"`
	// Backfill is how far back the first poll reaches; 0 is a year. Overlap is how far
	// behind the last poll's end the next begins, because rows come late; 0 is 72 hours.
	// Window is what one request spans, at most 90 days; 0 is 7 days.
	Backfill Duration `yaml:"backfill"`
	Overlap  Duration `yaml:"overlap"`
	Window   Duration `yaml:"window"`

	// DirectorySchedule is when users and licences are synchronised from Graph: cron in UTC;
	// "" never.
	DirectorySchedule string `yaml:"directory_schedule"`
	// Beta lets Graph's beta API be asked too: the log of blocked users with every poll, and
	// the dial-out report when somebody asks for it.
	Beta bool `yaml:"beta"`

	// KeyFile of a push: one key a line, or sha256: and its hash, and after a space a name.
	KeyFile string `yaml:"key_file"`

	// Brokers (host:port), Topic and Group of Kafka; Group "" is fairdial-NAME. SASL is plain,
	// scram-sha-256 or scram-sha-512, with Username and the secret as password; "" is none.
	Brokers  []string `yaml:"brokers"`
	Topic    string   `yaml:"topic"`
	Group    string   `yaml:"group"`
	TLS      bool     `yaml:"tls"`
	SASL     string   `yaml:"sasl"`
	Username string   `yaml:"username"`

	// URL of an s3: s3://BUCKET/PREFIX. Endpoint is another service that speaks S3; "" is AWS.
	// AccessKey with the secret; without them those of the environment or the machine's role.
	URL       string `yaml:"url"`
	Endpoint  string `yaml:"endpoint"`
	Region    string `yaml:"region"`
	AccessKey string `yaml:"access_key"`
}

// The defaults of a Graph source, where a file says nothing.
const (
	defaultBackfill = Duration(365 * 24 * time.Hour)
	defaultOverlap  = Duration(72 * time.Hour)
	defaultWindow   = Duration(7 * 24 * time.Hour)
	longestWindow   = Duration(90 * 24 * time.Hour)
)

// Complete is the source with the defaults of its kind filled in.
func (s Source) Complete() Source {
	if s.Kind == SourceKafka && s.Group == "" {
		s.Group = "fairdial-" + s.Name
	}
	if s.Kind == SourceS3 && s.Schedule == "" {
		s.Schedule = "*/10 * * * *"
	}
	if s.Kind != SourceGraph {
		return s
	}
	fill := func(d *Duration, to Duration) {
		if *d == 0 {
			*d = to
		}
	}
	fill(&s.Backfill, defaultBackfill)
	fill(&s.Overlap, defaultOverlap)
	fill(&s.Window, defaultWindow)
	if s.Directory == "" {
		s.Directory = s.Tenant
	}
	if s.Cloud == "" {
		s.Cloud = "global"
	}
	if s.Schedule == "" {
		minute := 0
		for _, b := range []byte(s.Name) {
			minute = (minute*31 + int(b)) % 60
		}
		s.Schedule = fmt.Sprintf("%d * * * *", minute)
	}
	return s
}

func (c Config) validateSources(k *checker) {
	names, directories := map[string]int{}, map[string]int{}
	for i, s := range c.Sources {
		key := fmt.Sprintf("sources[%d]", i)
		if s.Name == "" {
			k.add(key+".name", "must not be empty")
		} else if first, ok := names[s.Name]; ok {
			k.add(key+".name", "%q is also sources[%d]", s.Name, first)
		}
		names[s.Name] = i
		k.oneOf(key+".kind", s.Kind, SourceInbox, SourceGraph, SourcePush, SourceKafka, SourceS3)
		if s.Late < 0 {
			k.add(key+".late", "must not be negative")
		}
		if s.Mapping != "" && s.Kind == SourceGraph {
			k.add(key+".mapping", "what Graph serves needs none")
		}
		switch s.Kind {
		case SourceInbox:
			s.validateInbox(k, key)
		case SourceGraph:
			s.validateGraph(k, key)
			// Graph limits what an app asks of a tenant, however many sources it is called.
			directory := s.Complete().Directory
			if first, ok := directories[directory]; ok {
				k.add(key+".directory", "%q is also asked by sources[%d]; one source a tenant", directory, first)
			}
			directories[directory] = i
		case SourceKafka:
			s.validateKafka(k, key)
		case SourceS3:
			s.validateS3(k, key)
		case SourcePush:
			if s.Tenant == "" {
				k.add(key+".tenant", "must say whose usage is sent")
			}
			if s.KeyFile == "" {
				k.add(key+".key_file", "must name a file with the keys that senders use")
			}
		}
	}
}

func (s Source) validateInbox(k *checker, key string) {
	if s.Path == "" {
		k.add(key+".path", "must name a folder")
	}
	if s.Settle < 0 {
		k.add(key+".settle", "must not be negative")
	}
}

func (s Source) validateS3(k *checker, key string) {
	if u, err := url.Parse(s.URL); err != nil || u.Scheme != "s3" || u.Host == "" || u.User != nil || u.RawQuery != "" {
		k.add(key+".url", "must be s3://BUCKET or s3://BUCKET/PREFIX; keys go to access_key and secret_file")
	}
	httpURL(k, key+".endpoint", s.Endpoint)
	if (s.AccessKey == "") != (s.Secret == "" && s.SecretFile == "" && s.SecretEnv == "") {
		k.add(key+".access_key", "access_key and a secret go together; without both the environment's or the machine's role count")
	}
	s.validateSchedule(k, key)
}

func (s Source) validateSchedule(k *checker, key string) {
	if _, err := cron.ParseStandard(s.Complete().Schedule); err != nil && s.Schedule != "off" {
		k.add(key+".schedule", "%v; write five fields (minute hour day month weekday), @every 10m, or off", err)
	}
}

func (s Source) validateKafka(k *checker, key string) {
	if s.Tenant == "" {
		k.add(key+".tenant", "must say whose usage is in the topic")
	}
	if len(s.Brokers) == 0 {
		k.add(key+".brokers", "must name a broker, as host:port")
	}
	for i, b := range s.Brokers {
		if _, _, err := net.SplitHostPort(b); err != nil {
			k.add(fmt.Sprintf("%s.brokers[%d]", key, i), "%q is no address; write host:port", b)
		}
	}
	if s.Topic == "" {
		k.add(key+".topic", "must name a topic")
	}
	k.oneOf(key+".sasl", s.SASL, "", "plain", "scram-sha-256", "scram-sha-512")
	if s.SASL != "" && s.Username == "" {
		k.add(key+".username", "%s needs one, and a secret", s.SASL)
	}
	if s.SASL == "plain" && !s.TLS {
		k.add(key+".tls", "plain would send the password in the clear: set tls: true, or use scram")
	}
}

func (s Source) validateGraph(k *checker, key string) {
	if s.Tenant == "" {
		k.add(key+".tenant", "must say whose usage is asked for")
	}
	if !guid.MatchString(s.ClientID) {
		k.add(key+".client_id", "%q is no GUID; take the application (client) id of the app registration", s.ClientID)
	}
	given := 0
	for _, where := range []string{s.Secret.Reveal(), s.SecretFile, s.SecretEnv} {
		if where != "" {
			given++
		}
	}
	if given > 1 {
		k.add(key+".secret_file", "only one of secret, secret_file and secret_env may be set")
	}
	if given == 0 && s.CertificateFile == "" {
		k.add(key+".secret_file", "name a file with the client secret, or secret_env, or certificate_file")
	}
	k.oneOf(key+".cloud", s.Cloud, "", "global", "us_gov_l4", "us_gov_l5")
	httpURL(k, key+".graph_url", s.GraphURL)
	httpURL(k, key+".authority_url", s.AuthorityURL)
	s = s.Complete()
	for name, d := range map[string]Duration{"backfill": s.Backfill, "overlap": s.Overlap, "window": s.Window} {
		if d < 0 {
			k.add(key+"."+name, "must not be negative")
		}
	}
	if s.Window > longestWindow {
		k.add(key+".window", "Graph answers for 90 days (2160h) at most")
	}
	s.validateSchedule(k, key)
	if _, err := cron.ParseStandard(s.DirectorySchedule); err != nil && s.DirectorySchedule != "" {
		k.add(key+".directory_schedule", "%v; write five fields (minute hour day month weekday), or @daily", err)
	}
}
