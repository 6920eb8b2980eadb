package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/user"
	"slices"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"fairdial/config"
	"fairdial/rules"
	"fairdial/store"
	"fairdial/usage"
)

// app is what every command shares: the outside world and the global flags.
type app struct {
	stdin  io.Reader
	demo   string // who everybody on this machine is to the console; "" for nobody
	stdout io.Writer
	stderr io.Writer
	getenv func(string) string
	now    func() time.Time
	newID  func() uuid.UUID
	actor  string // who runs the command, for the audit

	configFile string
	dataDir    string
	output     string
	logLevel   string
	asked      []string // the tenants that the command is asked about

	cfg     config.Config
	logger  *slog.Logger
	secrecy secrecy

	// inForce is the rules that were read last; the daemon reads them again as they change.
	inForce *atomic.Pointer[rules.Pack]
}

func newApp() *app {
	return &app{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		getenv: os.Getenv, now: time.Now, newID: uuid.New, actor: actorName(),
		inForce: &atomic.Pointer[rules.Pack]{},
	}
}

// actorName is the person at the terminal, as the operating system knows them.
func actorName() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return "cli:" + u.Username
	}
	return fmt.Sprintf("cli:uid-%d", os.Getuid())
}

// load reads the configuration and sets up logging, before any command runs.
func (a *app) load() error {
	cfg, err := config.Load(a.configFile, a.getenv)
	if err != nil {
		return err
	}
	if a.dataDir != "" {
		cfg.Store.Path, cfg.Store.DSN = a.dataDir, ""
	}
	if a.logLevel != "" {
		cfg.Log.Level = a.logLevel
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.Log.Level)); err != nil {
		return usagef("--log-level %q is not one of debug, info, warn, error", cfg.Log.Level)
	}
	a.secrecy = newSecrecy(cfg)
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: a.secrecy.attr}
	var handler slog.Handler = slog.NewTextHandler(a.stderr, options)
	if cfg.Log.Format == "json" {
		handler = slog.NewJSONHandler(a.stderr, options)
	}
	a.cfg, a.logger = cfg, slog.New(handler)
	return nil
}

// withStore opens the store, brings the configured tenants in, and closes the
// store whatever happens: a store left open would abort the program's exit.
func (a *app) withStore(ctx context.Context, do func(*services) error) (err error) {
	st, err := store.Open(ctx, store.Options{
		DSN:     a.cfg.Store.DSN.Reveal(),
		Path:    a.cfg.Store.Path,
		Cluster: a.cfg.Store.Cluster,
		Logger:  a.logger,
	})
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := st.Close(); err == nil && closeErr != nil {
			err = fmt.Errorf("close the store: %w", closeErr)
		}
	}()
	s, err := a.services(ctx, st)
	if err != nil {
		return err
	}
	if err := a.nameUnknown(ctx, s); err != nil {
		return err
	}
	return do(s)
}

// askedTenants are what the command line names with --tenant.
func askedTenants(cmd *cobra.Command) []string {
	f := cmd.Flags().Lookup("tenant")
	if f == nil || !f.Changed {
		return nil
	}
	if list, ok := f.Value.(pflag.SliceValue); ok {
		return list.GetSlice()
	}
	return []string{f.Value.String()}
}

// nameUnknown warns of tenants that a command is about and nobody has named. Usage may come
// before the tenant does, but a mistyped id should neither make a tenant nor look like a
// quiet one.
func (a *app) nameUnknown(ctx context.Context, s *services) error {
	if len(a.asked) == 0 {
		return nil
	}
	all, err := s.directory.Tenants(ctx)
	if err != nil {
		return err
	}
	for _, id := range a.asked {
		if !slices.ContainsFunc(all, func(t usage.Tenant) bool { return t.ID == id }) {
			a.logger.WarnContext(ctx, "nobody has named this tenant: is it one of fairdial tenants list? If it is new, import it (fairdial tenants import); until then it is rated without credits", "tenant", id)
		}
	}
	return nil
}

// terminal says whether a person watches w.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
