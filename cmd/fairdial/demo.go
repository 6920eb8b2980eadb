package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v4"

	"fairdial/config"
	"fairdial/detector"
	"fairdial/rating"
	"fairdial/rules/rates"
	"fairdial/simulate"
)

// demo is one run of the main job on a simulated world.
type demo struct {
	*app
	world   string
	options simulate.Options
	from    time.Time
	to      time.Time
}

func newDemo(a *app) *cobra.Command {
	var dir string
	var stay bool
	d := &demo{app: a}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "The main job on simulated data, then the daemon",
		Long: `Simulate three months of eight tenants with honest heavy users and abusers, store and
rate every record, replay detection hour by hour, alert, and print the cases found
against the labels, and the pool and credits of each tenant. Then serve.

Run again on the same folder, it goes on with what is there and adds nothing twice.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d.world = filepath.Join(dir, "world")
			if a.dataDir == "" {
				a.cfg.Store.Path, a.cfg.Store.DSN = filepath.Join(dir, "data"), ""
			}
			a.cfg.Licences.Addon = config.Identity{
				ServicePlans:   []string{"a1d0c0de-0a0b-4c0d-8e0f-00000d1a1008"},
				SKUPartNumbers: []string{"MCOMEETADD_DIALOUT_US_CA"},
			}
			if stay {
				if err := vacant(cmd.Context(), a.cfg.HTTP.Listen); err != nil {
					return err
				}
			}
			if err := d.simulate(cmd.Context()); err != nil {
				return err
			}
			configured, err := d.configure(dir)
			if err != nil {
				return err
			}
			return a.withStore(cmd.Context(), func(s *services) error {
				if err := d.run(cmd.Context(), s); err != nil {
					return err
				}
				if !stay {
					return nil
				}
				a.printf("\nThe daemon is at http://%s (end it with Ctrl-C). Beside it, try:\n", a.cfg.HTTP.Listen)
				for _, line := range []string{"cases list", "statement --month 2026-02", "pools --month 2026-02"} {
					a.printf("  bin/fairdial --config %s %s\n", configured, line)
				}
				a.demo = "demo"
				return a.serve(cmd.Context(), s)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&dir, "dir", ".demo", "`folder` of the simulated world and its store")
	flags.BoolVar(&stay, "serve", true, "leave the daemon serving at the end")
	flags.Uint64Var(&d.options.Seed, "seed", 1, "the same seed gives the same world")
	flags.IntVar(&d.options.Tenants, "tenants", 8, "how many tenants")
	flags.IntVar(&d.options.Organizers, "organizers", 4000, "how many organizers, over all tenants")
	flags.IntVar(&d.options.Months, "months", 3, "how many months")
	flags.BoolVar(&d.options.Strange, "strange", false, "a world unlike the ordinary one: other volumes, hours, people and abuse")
	return cmd
}

// vacant says, before minutes of work, when somebody else serves at the address.
func vacant(ctx context.Context, address string) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("the daemon could not serve at the end: %w; end what serves there, give another http.listen with --config, or use --serve=false", err)
	}
	return l.Close()
}

// configure writes the configuration with which other commands see the demo's data as it
// does: above all, which service plan is the add-on.
func (d *demo) configure(dir string) (string, error) {
	if d.configFile != "" {
		return d.configFile, nil
	}
	data, err := filepath.Abs(d.cfg.Store.Path)
	if err != nil {
		return "", err
	}
	text, err := yaml.Marshal(map[string]any{
		"store": map[string]string{"path": data},
		"licences": map[string]any{"addon": map[string][]string{
			"service_plans": d.cfg.Licences.Addon.ServicePlans, "sku_part_numbers": d.cfg.Licences.Addon.SKUPartNumbers,
		}},
	})
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "fairdial.yaml")
	if err := os.WriteFile(name, append([]byte("# Made by fairdial demo: the simulated tenants' add-on, and where their data are.\n"), text...), 0o600); err != nil {
		return "", fmt.Errorf("write the demo's configuration: %w", err)
	}
	return name, nil
}

// simulate writes the world, unless it is there.
func (d *demo) simulate(ctx context.Context) error {
	d.from = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	d.to = d.from.AddDate(0, d.options.Months, 0)
	if _, err := os.Stat(filepath.Join(d.world, "labels.csv")); err == nil {
		d.printf("The world in %s is there already; going on with it.\n", d.world)
		return nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.RemoveAll(d.world); err != nil {
		return fmt.Errorf("clear what is left of an earlier world: %w", err)
	}
	bar := d.progress("simulate", "organizer-days")
	summary, err := simulate.Generate(ctx, d.world, d.options, bar.Set)
	bar.Done()
	if err != nil {
		return err
	}
	d.printf("Simulated %s to %s: %d tenants, %s organizers (%d of them abusers), %s records.\n",
		summary.From.Format(time.DateOnly), summary.To.Format(time.DateOnly), summary.Tenants, number(summary.Organizers), summary.Abusers, number(summary.Records))
	return nil
}

// run is the main job: every stage a customer's data goes through.
func (d *demo) run(ctx context.Context, s *services) error {
	for _, stage := range []func(context.Context, *services) error{
		d.directory, d.ingest, d.rate, d.detect, d.act, d.showScores, d.showBalances,
	} {
		if err := stage(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) directory(ctx context.Context, s *services) error {
	file, err := os.Open(filepath.Join(d.world, "tenants.json"))
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := s.directory.ImportTenants(ctx, file); err != nil {
		return err
	}
	sheets, err := filepath.Glob(filepath.Join(d.world, "rates-*.csv"))
	if err != nil {
		return err
	}
	for _, name := range sheets {
		if err := d.rates(ctx, s, name); err != nil {
			return err
		}
	}
	snapshots, err := filepath.Glob(filepath.Join(d.world, "directory", "*", "*"))
	if err != nil {
		return err
	}
	bar := d.progress("directory", "snapshots")
	for i, dir := range snapshots {
		at, err := time.Parse(time.DateOnly, filepath.Base(dir))
		if err != nil {
			return err
		}
		if _, err := s.directory.Import(ctx, filepath.Base(filepath.Dir(dir)), at, []string{dir}); err != nil {
			return err
		}
		bar.Set(int64(i+1), int64(len(snapshots)))
	}
	bar.Done()
	return nil
}

func (d *demo) rates(ctx context.Context, s *services, name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = rates.Import(ctx, s.store, rates.Source{Reader: file, File: filepath.Base(name), ValidFrom: d.from, StoredAt: d.now()})
	return err
}

func (d *demo) ingest(ctx context.Context, s *services) error {
	folders, err := filepath.Glob(filepath.Join(d.world, "usage", "*"))
	if err != nil {
		return err
	}
	names, err := s.tenantNames(ctx)
	if err != nil {
		return err
	}
	start := d.now()
	rows := [][]string{{"tenant", ">files", ">read", ">accepted", ">duplicate", ">ignored", ">rejected"}}
	var read uint64
	for _, folder := range folders {
		bar := d.progress("ingest", "bytes")
		r, err := s.ingester.Ingest(ctx, filepath.Base(folder), d.actor, []string{folder}, bar)
		bar.Done()
		if err != nil {
			return err
		}
		read += r.Total.Read
		rows = append(rows, []string{
			names.of(filepath.Base(folder)), number(len(r.Files)), number(r.Total.Read), number(r.Total.Accepted),
			number(r.Total.Duplicate), number(r.Total.Ignored), number(r.Total.Rejected),
		})
	}
	d.printf("\nIngested %s records in %s: read = accepted + duplicate + ignored + rejected\n", number(read), since(d.now, start))
	return d.table(rows)
}

func since(now func() time.Time, start time.Time) time.Duration {
	return now().Sub(start).Round(100 * time.Millisecond)
}

func (d *demo) rate(ctx context.Context, s *services) error {
	start := d.now()
	bar := d.progress("rate", "months")
	report, err := s.rater.Rate(ctx, rating.Request{Actor: d.actor, Progress: func(done, total int) { bar.Set(int64(done), int64(total)) }})
	bar.Done()
	if err != nil {
		return err
	}
	// They are of months long gone: what there is to tell stands in the log.
	notices, err := s.rater.NoticePools(ctx, s.journal, d.cfg.Rating.PoolNotices, d.actor)
	if err != nil {
		return err
	}
	d.printf("\nRated %d tenant-months in %s; %s\n", len(report.Rated), since(d.now, start), counted(len(notices), "pool notice"))
	return nil
}

func (d *demo) detect(ctx context.Context, s *services) error {
	detect, err := d.newDetector(s)
	if err != nil {
		return err
	}
	start := d.now()
	bar := d.progress("detect", "steps")
	_, err = detect.Detect(ctx, detector.Request{From: d.from, To: d.to, Step: time.Hour}, func(done, total int) { bar.Set(int64(done), int64(total)) })
	bar.Done()
	if err != nil {
		return err
	}
	d.printf("\nReplayed detection over %d hours in %s\n", int(d.to.Sub(d.from).Hours()), since(d.now, start))
	return nil
}

// act does what the policy does by itself (in a dry run), and tells people.
func (d *demo) act(ctx context.Context, s *services) error {
	// Every action is logged, and without a token every alert; hundreds of them would bury the
	// rest.
	quiet := *d.app
	quiet.logger = slog.New(slog.DiscardHandler)
	enforcer, err := quiet.enforcer(s)
	if err != nil {
		return err
	}
	done, err := enforcer.Run(ctx)
	if err != nil {
		return err
	}
	alerter, err := quiet.alerter(s)
	if err != nil {
		return err
	}
	report, err := alerter.Run(ctx)
	if err != nil {
		return err
	}
	d.printf("Enforcement, in a dry run: %d flagged, %d held back by the guard rail. Alerts: %s\n", done.Flagged, done.Held, told(report))
	return nil
}
