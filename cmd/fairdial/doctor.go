package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/spf13/cobra"

	"fairdial/store/embedded"
)

// check is one thing the doctor looked at.
type check struct {
	Name string `json:"check"`
	OK   bool   `json:"ok"`
	Says string `json:"says"`
	Mend string `json:"mend,omitempty"` // what to do about it
	// State is how it stands, where that is neither well nor wrong.
	State string `json:"state,omitempty"`
	link  string // the page of the console that shows it
}

// How a thing stands that nothing is wrong with and that is not well either.
const (
	standsLook  = "look"       // somebody should look at it
	standsUnset = "not set up" // it may be meant so
)

// stands is how a thing stands, in a word.
func (c check) stands() string {
	switch {
	case !c.OK:
		return "needs a hand"
	case c.State != "":
		return c.State
	}
	return "ok"
}

// mark is the same in four letters.
func (c check) mark() string {
	return map[string]string{"needs a hand": "BAD ", standsLook: "LOOK", standsUnset: "-   "}[c.stands()]
}

func newDoctor(a *app) *cobra.Command {
	var slackOnly bool
	cmd := &cobra.Command{
		Use:   "doctor [--slack]",
		Short: "Check configuration, store, sources, licences and Slack; say how to mend each",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var checks []check
			if slackOnly {
				checks = a.diagnoseSlack(cmd.Context())
			} else {
				checks = a.diagnose(cmd.Context())
			}
			bad := 0
			for _, c := range checks {
				if !c.OK {
					bad++
				}
			}
			if a.output == "json" {
				if err := a.json(checks); err != nil {
					return err
				}
			} else {
				for _, c := range checks {
					a.printf("%-4s %-14s %s\n", or(c.mark(), "ok"), c.Name, oneLine(c.Says))
					if c.Mend != "" {
						a.printf("     %-14s -> %s\n", "", c.Mend)
					}
				}
			}
			if bad > 0 {
				return fmt.Errorf("%d of %d checks need a hand", bad, len(checks))
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&slackOnly, "slack", false, "ask Slack: token, each scope, channels, buttons; sends no message")
	return cmd
}

func (a *app) diagnose(ctx context.Context) []check { return a.diagnoseWith(ctx, a.checkStore) }

// diagnoseWith looks at everything, and at the store in the way given: the daemon has it open.
func (a *app) diagnoseWith(ctx context.Context, store func(context.Context) []check) []check {
	from := a.configFile
	if from == "" {
		from = "built-in defaults"
	}
	checks := []check{{Name: "configuration", OK: true, Says: from}}
	checks = append(checks, a.checkEngine(), a.checkAddon())
	checks = append(checks, store(ctx)...)
	return append(checks, a.checkSlack(), a.checkListen(), a.checkEnforcement())
}

func (a *app) checkEngine() check {
	if a.cfg.Store.DSN != "" {
		return check{Name: "engine", OK: true, Says: "a ClickHouse server, by store.dsn"}
	}
	path, err := embedded.Locate("")
	if err != nil {
		return check{Name: "engine", Says: err.Error(), Mend: "run `make engine` in the project's folder, or set CHDB_LIB_PATH"}
	}
	return check{Name: "engine", OK: true, Says: "embedded, " + path}
}

func (a *app) checkAddon() check {
	addon := a.cfg.Licences.Addon
	if len(addon.ServicePlans) == 0 && len(addon.SKUPartNumbers) == 0 {
		return check{Name: "add-on", Says: "no service plan or SKU is named as the add-on, so no organizer holds it", Mend: "read servicePlanId from GET /subscribedSkus and name it under licences.addon.service_plans"}
	}
	return check{Name: "add-on", OK: true, Says: fmt.Sprintf("%d service plans, %d SKUs", len(addon.ServicePlans), len(addon.SKUPartNumbers))}
}

func (a *app) checkStore(ctx context.Context) (checks []check) {
	err := a.withStore(ctx, func(s *services) error {
		checks = a.checkOpenStore(ctx, s)
		return nil
	})
	if err != nil {
		checks = append(checks, storeFails(err))
	}
	return checks
}

func storeFails(err error) check {
	return check{Name: "store", Says: err.Error(), Mend: "see that store.path can be written to by this user, or that store.dsn answers"}
}

// usageStored is how much usage there is and its newest day, from sums by day; of that day alone
// (newestCall) records are read.
const (
	usageStored = `SELECT sum(revisions), uniqExact(tenant_id), max(day)
		FROM (SELECT tenant_id, toDate(started_at) AS day, count() AS revisions FROM usage_revisions GROUP BY tenant_id, day)`
	newestCall = "SELECT max(started_at) FROM usage_revisions WHERE started_at >= {day:DateTime}"
)

func (a *app) checkOpenStore(ctx context.Context, s *services) (checks []check) {
	err := func() error {
		var version string
		if err := s.store.QueryRow(ctx, "SELECT version()").Scan(&version); err != nil {
			return err
		}
		var records, tenants, rejected uint64
		var newest time.Time
		if err := s.store.QueryRow(ctx, usageStored).Scan(&records, &tenants, &newest); err != nil {
			return err
		}
		if records > 0 { // an empty store has no newest day
			if err := s.store.QueryRow(ctx, newestCall, clickhouse.DateNamed("day", newest, clickhouse.Seconds)).Scan(&newest); err != nil {
				return err
			}
		}
		if err := s.store.QueryRow(ctx, "SELECT count() FROM quarantine WHERE toString(rejection_id) NOT IN (SELECT subject FROM journal WHERE stream = 'quarantine')").Scan(&rejected); err != nil {
			return err
		}
		checks = append(checks, check{Name: "store", OK: true, Says: "ClickHouse " + version + ", schema up to date"})
		usage := check{Name: "usage", OK: records > 0, Says: fmt.Sprintf("%s revisions of %d tenants, newest call %s", number(records), tenants, clock(newest)), link: "/ingest"}
		if records == 0 {
			usage.Says, usage.Mend = "no usage is stored", "fairdial ingest --tenant ID PATH..."
		}
		quarantine := check{Name: "quarantine", OK: true, Says: "no row waits for a decision", link: "/ingest/quarantine"}
		if rejected > 0 {
			quarantine.Says, quarantine.State, quarantine.Mend = number(rejected)+" rows wait for a decision", standsLook, "fairdial quarantine list"
		}
		list, err := s.directory.Tenants(ctx)
		if err != nil {
			return err
		}
		known := check{Name: "tenants", OK: len(list) > 0, Says: fmt.Sprintf("%d tenants are known", len(list)), link: "/tenants"}
		if len(list) == 0 {
			known.Mend = "fairdial tenants import FILE, or name them in the configuration"
		}
		checks = append(checks, usage, quarantine, known, a.checkDelivery(ctx, s), a.checkSwitch(ctx, s))
		if len(a.cfg.Sources) == 0 {
			checks = append(checks, check{Name: "sources", OK: true, Says: "none configured: usage comes by `fairdial ingest` alone", State: standsUnset})
		}
		checks = append(checks, a.feeds(s).checks(ctx)...)
		return nil
	}()
	if err != nil {
		checks = append(checks, storeFails(err))
	}
	return checks
}

func (a *app) checkSlack() check {
	if a.cfg.Slack.Token == "" {
		return check{Name: "slack", OK: true, Says: "no token: alerts go to the log and the store", Mend: "set slack.token_file to have them told in " + a.cfg.Slack.Channel, State: standsUnset}
	}
	return check{Name: "slack", OK: true, Says: "a token is set, channel " + a.cfg.Slack.Channel, Mend: "fairdial doctor --slack asks Slack what it lacks"}
}

func (a *app) checkListen() check {
	listener, err := net.Listen("tcp", a.cfg.HTTP.Listen)
	if err != nil {
		if _, busy := errors.AsType[*net.OpError](err); busy {
			return check{Name: "http", OK: true, Says: a.cfg.HTTP.Listen + " is taken, by a running daemon if there is one"}
		}
		return check{Name: "http", Says: err.Error(), Mend: "set http.listen to a free address"}
	}
	_ = listener.Close()
	return check{Name: "http", OK: true, Says: a.cfg.HTTP.Listen + " is free"}
}

func (a *app) checkEnforcement() check {
	if a.cfg.Enforcement.KillSwitch {
		return check{Name: "enforcement", OK: true, Says: "the kill switch is on: nothing is enforced", Mend: "remove enforcement.kill_switch to let it go on", State: standsLook}
	}
	if a.cfg.Enforcement.DryRun {
		return check{Name: "enforcement", OK: true, Says: "dry run: what would be done is recorded, nothing is done", State: standsLook}
	}
	return check{Name: "enforcement", OK: true, Says: "on"}
}
