package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/gofrs/flock"
	"github.com/robfig/cron/v3"

	"fairdial/config"
	"fairdial/source"
	"fairdial/source/graph"
)

// feeds are the configured sources on an open store.
type feeds struct {
	app     *app
	s       *services
	log     source.Log
	pollers map[string]*graph.Poller // of Graph sources, made when first used well
}

func (a *app) feeds(s *services) *feeds {
	return &feeds{app: a, s: s, log: source.Log{Conn: s.store, Journal: s.journal, Now: a.now}, pollers: a.graphPollers(s)}
}

// graphPollers makes a poller for each Graph source. One whose credentials cannot even be
// read fails when it is polled, and alone.
func (a *app) graphPollers(s *services) map[string]*graph.Poller {
	out := map[string]*graph.Poller{}
	for _, c := range a.cfg.Sources {
		if c.Kind == config.SourceGraph {
			out[c.Name] = a.graphPoller(s, c.Complete())
		}
	}
	return out
}

// answerWithin bounds one request to Graph: a page of 1,000 rows can take it long.
const answerWithin = 2 * time.Minute

func (a *app) graphPoller(s *services, c config.Source) *graph.Poller {
	cloud := graph.Clouds()[c.Cloud]
	base, err := url.Parse(cmp.Or(c.GraphURL, cloud.Graph))
	web := &http.Client{Timeout: answerWithin}
	client := &graph.Client{HTTP: web, Base: base, Now: a.now, Sleep: sleep}
	if err == nil {
		client.Token, err = a.graphToken(c, base, web)
	}
	if err != nil {
		client.Token = func(context.Context, bool) (string, error) { return "", err }
	}
	return &graph.Poller{
		Name: c.Name, TenantID: c.Tenant, Client: client, Receiver: s.ingester, Journal: s.journal, Now: a.now,
		Backfill: time.Duration(c.Backfill), Overlap: time.Duration(c.Overlap), Window: time.Duration(c.Window),
	}
}

func (a *app) graphToken(c config.Source, base *url.URL, web *http.Client) (graph.Token, error) {
	credential := graph.Credential{
		Directory: c.Directory, ClientID: c.ClientID, Secret: c.Secret.Reveal(), Graph: base, HTTP: web,
		Authority: cmp.Or(c.AuthorityURL, graph.Clouds()[c.Cloud].Authority), KnownAuthority: c.AuthorityURL != "",
	}
	if c.CertificateFile == "" && credential.Secret == "" {
		return nil, fmt.Errorf("%w: the environment variable %s of the source is empty", graph.ErrCredentials, c.SecretEnv)
	}
	if c.CertificateFile != "" {
		data, err := os.ReadFile(c.CertificateFile)
		if err == nil {
			credential.Certificates, credential.PrivateKey, err = graph.ReadCertificate(data, credential.Secret)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: certificate_file: %w", graph.ErrCredentials, err)
		}
	}
	return credential.Token()
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// errPolled: two pollers of one source would ask Graph twice as often as it allows.
var errPolled = errors.New("another process polls this source now; wait for it, or see fairdial sources status")

// poll asks a Graph source for what is new, or for everything since a moment, and keeps how
// it went.
func (f *feeds) poll(ctx context.Context, name string, since time.Time) (graph.Result, error) {
	p := f.pollers[name]
	dir := filepath.Join(f.app.cfg.Store.Path, "locks")
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return graph.Result{}, fmt.Errorf("source %s: %w", name, err)
	}
	lock := flock.New(filepath.Join(dir, fmt.Sprintf("poll-%016x.lock", xxhash.Sum64String(name))))
	got, err := lock.TryLock()
	if err != nil {
		return graph.Result{}, fmt.Errorf("source %s: %w", name, err)
	}
	if !got {
		return graph.Result{}, fmt.Errorf("source %s: %w", name, errPolled)
	}
	defer func() { _ = lock.Unlock() }()
	result, err := f.ask(ctx, p, since)
	if err == nil && f.beta(name) {
		err = f.blocked(ctx, p)
	}
	if ctx.Err() != nil {
		return result, err
	}
	lasting := errors.Is(err, graph.ErrCredentials) || errors.Is(err, graph.ErrPermission)
	return result, errors.Join(err, f.log.Note(ctx, name, p.TenantID, err, lasting))
}

func (f *feeds) ask(ctx context.Context, p *graph.Poller, since time.Time) (graph.Result, error) {
	if since.IsZero() {
		return p.Poll(ctx)
	}
	return p.Again(ctx, since)
}

// standings is how each source fares, in the order of the configuration.
func (f *feeds) standings(ctx context.Context) ([]source.Standing, error) {
	failures, err := f.log.Failures(ctx)
	if err != nil {
		return nil, err
	}
	arrivals, err := f.log.Arrivals(ctx)
	if err != nil {
		return nil, err
	}
	countries := map[string]string{}
	tenants, err := f.s.directory.Tenants(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range tenants {
		countries[t.ID] = t.Country
	}
	out := make([]source.Standing, 0, len(f.app.cfg.Sources))
	for _, c := range f.app.cfg.Sources {
		c = c.Complete()
		st := source.Standing{Name: c.Name, Kind: c.Kind, TenantID: c.Tenant, Arrivals: arrivals[c.Name], Late: time.Duration(c.Late)}
		if failed, there := failures[directoryOf(c.Name)]; there && c.DirectorySchedule != "" {
			failed.Reason = "users and licences: " + failed.Reason
			st.Failure = &failed
		}
		if failed, there := failures[c.Name]; there {
			st.Failure = &failed
		}
		if p := f.pollers[c.Name]; p != nil {
			span, there, err := p.Read(ctx)
			if err != nil {
				return nil, err
			}
			if there {
				st.Read = &span
			}
			st.Interval = interval(c.Schedule, f.app.now())
			if st.Countries, err = f.log.Countries(ctx, c.Tenant); err != nil {
				return nil, err
			}
			if home := countries[c.Tenant]; home != "" {
				st.Countries = append(st.Countries, home)
			}
		}
		out = append(out, st)
	}
	return out, nil
}

// interval is the longest time between two slots of a schedule in the next week; 0 for none.
func interval(spec string, now time.Time) (longest time.Duration) {
	schedule, err := cron.ParseStandard(spec)
	if err != nil {
		return 0
	}
	at := schedule.Next(now.UTC())
	for end := at.Add(8 * 24 * time.Hour); !at.IsZero() && at.Before(end); {
		next := schedule.Next(at)
		if next.IsZero() {
			break
		}
		longest = max(longest, next.Sub(at))
		if _, even := schedule.(cron.ConstantDelaySchedule); even {
			break
		}
		at = next
	}
	return longest
}
