// Package store is the way to ClickHouse: a server or a cluster by DSN, or the engine in
// this process on a folder. Either way a Store is a clickhouse-go connection whose
// schema is up to date.
package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"fairdial/store/embedded"
)

// DefaultDatabase is the database of the embedded store.
const DefaultDatabase = "fairdial"

// Options say which store to open. The zero value of what is left out is a default.
type Options struct {
	// DSN reaches a server or a cluster: clickhouse://user:password@host:9000/database.
	// "" means the embedded engine.
	DSN string
	// Path is the folder of the embedded engine. Required without a DSN.
	Path string
	// Cluster makes the schema ON CLUSTER with that name.
	Cluster string
	// Database holds the tables; "" means the DSN's, or DefaultDatabase when embedded.
	Database string
	// Private keeps other processes from using the store beside this one. Without it the
	// owner of an embedded store serves it on a socket in the folder, to the same user.
	Private bool
	// Memory is how many bytes of answers are kept for those who ask within a Reading. Default
	// 64 MiB; negative keeps none.
	Memory int
	// Logger gets what goes wrong outside a query. Default: nothing is logged.
	Logger *slog.Logger
}

// Store is a connection to ClickHouse whose schema is up to date. Safe for concurrent use.
type Store struct {
	driver.Conn
	access *access // nil unless this store opened an embedded one
	log    *slog.Logger
}

// Open opens the store and brings its schema up to date. An embedded store that another
// process owns is reached through that process; if it lets nobody in, the error is an
// [*InUseError].
func Open(ctx context.Context, opts Options) (*Store, error) {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.DSN != "" {
		return openServer(ctx, opts)
	}
	if opts.Path == "" {
		return nil, errors.New("open the store: neither store.dsn nor store.path is set")
	}
	if opts.Database == "" {
		opts.Database = DefaultDatabase
	}
	a, err := enter(ctx, opts)
	if err != nil {
		return nil, err
	}
	s, err := openEmbedded(ctx, a, opts)
	if err != nil {
		return nil, errors.Join(err, a.close())
	}
	s.access = a
	return s, nil
}

// openEmbedded leaves the schema to the folder's owner: beside another process, it has
// only to be the one this binary knows.
func openEmbedded(ctx context.Context, a *access, opts Options) (*Store, error) {
	if a.owns() {
		s, err := On(ctx, a, opts)
		if err == nil {
			a.serve() // not before the schema is there
		}
		return s, err
	}
	conn, err := clickhouse.Open(embeddedOptions(a, opts.Database))
	if err != nil {
		return nil, fmt.Errorf("open the embedded store: %w", err)
	}
	if err := sameSchema(ctx, conn); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &Store{Conn: remembering(quiet{conn}, opts), log: opts.Logger}, nil
}

func openServer(ctx context.Context, opts Options) (*Store, error) {
	options, err := clickhouse.ParseDSN(opts.DSN)
	if err != nil { // which repeats what it cannot read, and so the password
		return nil, errors.New("store.dsn cannot be read: it is clickhouse://user:password@host:9000/database, with special characters of the password percent-encoded, and settings such as dial_timeout=5s after a question mark")
	}
	if opts.Database != "" {
		options.Auth.Database = opts.Database
	}
	if options.Settings == nil {
		options.Settings = clickhouse.Settings{}
	}
	if _, ok := options.Settings["session_timezone"]; !ok {
		options.Settings["session_timezone"] = "UTC" // as the embedded engine's
	}
	if opts.Cluster != "" {
		options.Settings = clusterSettings(options.Settings)
	}
	if options.MaxOpenConns == 0 {
		options.MaxOpenConns, options.MaxIdleConns = 32, 16
	}
	if len(options.Addr) > 1 {
		opts.Memory = -1 // one of them may be behind another
	}
	if err := avoidFaults(ctx, options); err != nil {
		return nil, err
	}
	return connect(ctx, options, opts)
}

// avoidFaults turns off what gives wrong answers (embedded.Faults), where the server knows it:
// an older one refuses settings it has not heard of.
func avoidFaults(ctx context.Context, options *clickhouse.Options) error {
	probe := *options
	probe.Auth.Database = "" // ours may not be there yet
	conn, err := clickhouse.Open(&probe)
	if err != nil {
		return fmt.Errorf("open the store: %w", err)
	}
	var known []string
	err = conn.QueryRow(ctx, "SELECT groupArray(name) FROM system.settings WHERE has(@faults, name)", clickhouse.Named("faults", embedded.Faults())).Scan(&known)
	if err != nil {
		return errors.Join(fmt.Errorf("ask the store which settings it knows: %w", err), conn.Close())
	}
	for _, name := range known {
		options.Settings[name] = 0
	}
	return conn.Close()
}

// On opens a store on an engine that somebody else opened and will close. The database
// is made if it is not there.
func On(ctx context.Context, transport http.RoundTripper, opts Options) (*Store, error) {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Database == "" {
		opts.Database = DefaultDatabase
	}
	if err := createDatabase(ctx, transport, opts.Database); err != nil {
		return nil, err
	}
	return connect(ctx, embeddedOptions(transport, opts.Database), opts)
}

func createDatabase(ctx context.Context, transport http.RoundTripper, name string) error {
	conn, err := clickhouse.Open(embeddedOptions(transport, "default"))
	if err != nil {
		return fmt.Errorf("open the embedded store: %w", err)
	}
	defer conn.Close()
	if err := conn.Exec(ctx, "CREATE DATABASE IF NOT EXISTS {name:Identifier}", clickhouse.Named("name", name)); err != nil {
		return fmt.Errorf("make the database %s: %w", name, hush(err))
	}
	return nil
}

// embeddedOptions: a driver connection costs nothing here, since the engine has its own
// pool; so there are enough of them that no caller waits for one.
func embeddedOptions(transport http.RoundTripper, database string) *clickhouse.Options {
	return &clickhouse.Options{
		Protocol:        clickhouse.HTTP,
		Addr:            []string{"embedded:0"}, // never dialled
		Auth:            clickhouse.Auth{Database: database},
		TransportFunc:   func(*http.Transport) (http.RoundTripper, error) { return transport, nil },
		MaxOpenConns:    256,
		MaxIdleConns:    32,
		ConnMaxLifetime: 24 * time.Hour,
	}
}

func connect(ctx context.Context, options *clickhouse.Options, opts Options) (*Store, error) {
	conn, err := clickhouse.Open(options)
	if err != nil {
		return nil, fmt.Errorf("open the store: %w", err)
	}
	s := &Store{Conn: remembering(quiet{conn}, opts), log: opts.Logger}
	if err := s.migrate(ctx, opts.Cluster); err != nil {
		return nil, errors.Join(fmt.Errorf("bring the store's schema up to date: %w", err), conn.Close())
	}
	return s, nil
}

func (s *Store) migrate(ctx context.Context, cluster string) error {
	all, err := knownMigrations()
	if err != nil {
		return err
	}
	return migrate(ctx, s.Conn, all, cluster, time.Now)
}

// Close closes the connections and, where this store opened it, the embedded engine: it
// cancels what still runs and must have returned before the process ends.
func (s *Store) Close() error {
	err := s.Conn.Close()
	if s.access != nil {
		err = errors.Join(err, s.access.close())
	}
	return err
}
