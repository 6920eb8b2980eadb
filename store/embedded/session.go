package embedded

import (
	"fmt"
	"maps"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"unsafe"
)

const nativeFormat = "Native"

// session is one engine connection. It runs one statement at a time, and all its
// calls run on one operating system thread of its own: the engine ties a query that
// is being fetched to the thread that began it.
type session struct {
	lib   *library
	args  []string
	tag   string // marks this session's queries in system.processes
	calls chan func()
	busy  atomic.Bool // a call into the engine is running

	handle   unsafe.Pointer
	database string
	settings map[string]string // what has been SET on the connection
	spoiled  bool              // must be opened anew before its next statement
}

func openSession(lib *library, args []string, number int64) (*session, error) {
	s := &session{lib: lib, args: args, tag: fmt.Sprintf("session-%d", number), calls: make(chan func())}
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for call := range s.calls {
			call()
		}
	}()
	if err := s.reopen(); err != nil {
		close(s.calls)
		return nil, err
	}
	return s, nil
}

// begin runs fn on the session's thread and returns at once; the channel closes when
// fn has returned.
func (s *session) begin(fn func()) <-chan struct{} {
	done := make(chan struct{})
	s.busy.Store(true)
	s.calls <- func() {
		defer close(done)
		defer s.busy.Store(false)
		fn()
	}
	return done
}

func (s *session) do(fn func()) { <-s.begin(fn) }

// reopen gives the session a new engine connection, with nothing left of what was SET
// or created on the old one. It takes about half a millisecond.
func (s *session) reopen() (err error) {
	s.do(func() {
		if s.handle != nil {
			s.lib.close(s.handle)
		}
		s.database, s.settings, s.spoiled = "", nil, false
		s.handle = nil
		if s.handle, err = s.lib.open(s.args); err == nil {
			_, err = s.lib.run(s.handle, "SET log_comment = "+quoteText(s.tag)+", "+standingSettings(), "TSV", nil)
		}
	})
	return err
}

// threads gives a query one thread for every 64 MiB of free memory, up to the number of
// processors. The engine's own 1 GiB means a server that has the machine's memory; under
// Options.MemoryLimit it would leave every query a single thread.
const threads = "max_threads_min_free_memory_per_thread = 67108864"

// Faults are settings of the engine, on by default, that give wrong answers; they are off here.
// These are ways to the first rows of a list (ORDER BY with LIMIT). In 26.5 they take a value of
// one column for a bound on another when a statement reads one such list twice, and rows are
// missing, now and then, without a word.
func Faults() []string {
	return []string{"use_top_k_dynamic_filtering", "use_skip_indexes_for_top_k"}
}

// standingSettings are SET on every connection.
func standingSettings() string {
	return threads + ", " + strings.Join(Faults(), " = 0, ") + " = 0"
}

func (s *session) close() {
	s.do(func() {
		if s.handle != nil {
			s.lib.close(s.handle)
			s.handle = nil
		}
	})
	close(s.calls)
}

// tidy makes the engine let go of a statement that did not run to its end. It stays in
// system.processes, with its locks on tables, until the connection runs another one.
// Runs on the session's thread.
func (s *session) tidy() {
	if _, err := s.lib.run(s.handle, "SET log_comment = "+quoteText(s.tag), "TSV", nil); err != nil {
		s.spoiled = true
	}
}

// run runs a statement on the session's thread and returns its whole output.
func (s *session) run(query, format string, params []parameter) ([]byte, error) {
	out, err := s.lib.run(s.handle, query, format, params)
	if err != nil {
		s.tidy()
	}
	return out, err
}

// exec runs a statement whose output is small, from any goroutine.
func (s *session) exec(query string) (out []byte, err error) {
	s.do(func() { out, err = s.run(query, "TSV", nil) })
	return out, err
}

// fits reports whether the session can take on the settings without being opened anew.
func (s *session) fits(settings map[string]string) bool {
	if s.spoiled {
		return false
	}
	for name, value := range s.settings {
		switch want, ok := settings[name]; {
		case !ok:
			return false
		case name != "readonly" && s.settings["readonly"] != "" && want != value:
			return false // nothing can be SET any more
		case name == "readonly" && want != value:
			return false
		}
	}
	return true
}

// prepare makes database and settings those of the next statement.
func (s *session) prepare(database string, settings map[string]string) error {
	if !s.fits(settings) {
		if err := s.reopen(); err != nil {
			return err
		}
	}
	if err := s.use(database); err != nil {
		return err
	}
	return s.set(settings)
}

func (s *session) use(database string) error {
	if s.database == database {
		return nil
	}
	if _, err := s.exec("USE " + quoteName(database)); err != nil {
		s.spoiled = true
		return err
	}
	s.database = database
	return nil
}

func (s *session) set(settings map[string]string) error {
	var changes []string
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if value, ok := s.settings[name]; !ok || value != settings[name] {
			changes = append(changes, name+" = "+quoteText(settings[name]))
		}
	}
	if len(changes) == 0 {
		return nil
	}
	if _, err := s.exec("SET " + strings.Join(changes, ", ")); err != nil {
		s.spoiled = true // some may have been set
		return err
	}
	s.settings = maps.Clone(settings)
	return nil
}

var settingName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*$`)

func quoteName(name string) string {
	return "`" + strings.NewReplacer("\\", "\\\\", "`", "\\`").Replace(name) + "`"
}

func quoteText(text string) string {
	return "'" + strings.NewReplacer("\\", "\\\\", "'", "\\'", "\x00", "\\0").Replace(text) + "'"
}
