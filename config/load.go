package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Problem is one mistake in a configuration file.
type Problem struct {
	Line int    // 1-based; 0 when the key is not in the file
	Key  string // "enforcement.throttle.legs", "tenants[2].country"
	Text string
}

// Error lists every mistake found in one file.
type Error struct {
	File     string
	Problems []Problem
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "configuration %s has %s:", e.File, count(len(e.Problems), "mistake"))
	for _, p := range e.Problems {
		b.WriteString("\n  ")
		if p.Line > 0 {
			fmt.Fprintf(&b, "line %d: ", p.Line)
		}
		if p.Key != "" {
			fmt.Fprintf(&b, "%s: ", p.Key)
		}
		b.WriteString(p.Text)
	}
	return b.String()
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Load reads a configuration file over the defaults. With an empty path it returns
// the defaults. Environment variables FAIRDIAL_STORE_DSN and FAIRDIAL_SLACK_TOKEN
// stand in for the secrets, so that no file need hold them.
//
// A file with mistakes gives an *Error that lists all of them.
func Load(path string, getenv func(string) string) (Config, error) {
	cfg := Default()
	if path != "" {
		data, err := os.ReadFile(path)
		if err != nil {
			return Config{}, fmt.Errorf("read configuration: %w", err)
		}
		if cfg, err = Parse(path, data); err != nil {
			return Config{}, err
		}
	}
	if err := cfg.readSecrets(filepath.Dir(path), getenv); err != nil {
		return Config{}, err
	}
	return cfg, nil
}

// Parse reads YAML over the defaults and validates it. name is for messages.
func Parse(name string, data []byte) (Config, error) {
	cfg := Default()
	tree := newTree(data)
	var problems []Problem

	if len(strings.TrimSpace(string(stripComments(data)))) > 0 {
		if err := yaml.Load(data, &cfg, yaml.WithKnownFields()); err != nil {
			var many *yaml.LoadErrors
			if !errors.As(err, &many) {
				return Config{}, &Error{File: name, Problems: []Problem{{Text: err.Error()}}}
			}
			for _, e := range many.Errors {
				problems = append(problems, Problem{
					Line: e.Mark.Line,
					Key:  tree.keyAt(e.Mark.Line, e.Mark.Column),
					Text: plain(e.Message),
				})
			}
		}
	}
	for _, p := range cfg.validate() {
		p.Line = tree.lineOf(p.Key)
		problems = append(problems, p)
	}
	if len(problems) > 0 {
		sort.SliceStable(problems, func(i, j int) bool { return problems[i].Line < problems[j].Line })
		return Config{}, &Error{File: name, Problems: problems}
	}
	return cfg, nil
}

var (
	unknownField = regexp.MustCompile(`^field (\S+) not found in type .*$`)
	wrongType    = regexp.MustCompile("^cannot construct !!\\S+ `(.*)` into (.*)$")
)

// plain turns the YAML library's words into a sentence without Go types in it.
func plain(message string) string {
	if m := unknownField.FindStringSubmatch(message); m != nil {
		return fmt.Sprintf("there is no key %q here", m[1])
	}
	if m := wrongType.FindStringSubmatch(message); m != nil {
		want := m[2]
		switch {
		case strings.HasPrefix(want, "[]"):
			want = "a list"
		case want == "bool":
			want = "true or false"
		case strings.HasPrefix(want, "int"):
			want = "a whole number"
		case strings.HasPrefix(want, "float"):
			want = "a number"
		case want == "string" || strings.HasSuffix(want, "Secret"):
			want = "a text"
		default:
			want = "a group of keys"
		}
		return fmt.Sprintf("%q is not %s", m[1], want)
	}
	return message
}

func stripComments(data []byte) []byte {
	var out []byte
	for line := range strings.SplitSeq(string(data), "\n") {
		if t := strings.TrimSpace(line); t == "" || t == "---" || strings.HasPrefix(t, "#") {
			continue
		}
		out = append(out, line...)
		out = append(out, '\n')
	}
	return out
}

// readSecrets fills secrets from files and the environment; a file named in the
// configuration is found beside it.
func (c *Config) readSecrets(dir string, getenv func(string) string) error {
	type secret struct {
		key, file, env string
		into           *Secret
	}
	all := []secret{
		{"store.dsn_file", c.Store.DSNFile, "FAIRDIAL_STORE_DSN", &c.Store.DSN},
		{"http.openid.client_secret_file", c.HTTP.OpenID.ClientSecretFile, "FAIRDIAL_OPENID_SECRET", &c.HTTP.OpenID.ClientSecret},
		{"slack.token_file", c.Slack.TokenFile, "FAIRDIAL_SLACK_TOKEN", &c.Slack.Token},
		{"slack.signing_secret_file", c.Slack.SigningSecretFile, "FAIRDIAL_SLACK_SIGNING_SECRET", &c.Slack.SigningSecret},
		{"slack.app_token_file", c.Slack.AppTokenFile, "FAIRDIAL_SLACK_APP_TOKEN", &c.Slack.AppToken},
	}
	for i := range c.Enforcement.Adapters {
		a := &c.Enforcement.Adapters[i]
		all = append(all, secret{fmt.Sprintf("enforcement.adapters[%d].secret_file", i), a.SecretFile, "", &a.Secret})
	}
	for i := range c.Sources {
		s := &c.Sources[i]
		all = append(all, secret{fmt.Sprintf("sources[%d].secret_file", i), s.SecretFile, s.SecretEnv, &s.Secret})
		for _, file := range []*string{&s.CertificateFile, &s.KeyFile, &s.Mapping} {
			if *file != "" && !filepath.IsAbs(*file) {
				*file = filepath.Join(dir, *file)
			}
		}
	}
	for i := range c.Outlets {
		o := &c.Outlets[i]
		all = append(all, secret{fmt.Sprintf("outlets[%d].secret_file", i), o.SecretFile, "", &o.Secret})
	}
	var missing []error // all of them are told at once
	for _, s := range all {
		if v := getenv(s.env); s.env != "" && v != "" && *s.into == "" {
			*s.into = Secret(v)
		}
		if s.file == "" {
			continue
		}
		path := s.file
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			missing = append(missing, fmt.Errorf("%s: %w; create the file or remove the key", s.key, err))
			continue
		}
		*s.into = Secret(strings.TrimSpace(string(data)))
	}
	return errors.Join(missing...)
}
