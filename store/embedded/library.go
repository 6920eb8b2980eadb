package embedded

import (
	"bytes"
	"fmt"
	"runtime"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
)

// library is the C interface of libchdb, bound without cgo. Handles are opaque
// pointers that C owns; nothing here may be called after the engine is closed.
type library struct {
	connect      func(argc int32, argv unsafe.Pointer) unsafe.Pointer
	closeConn    func(conn unsafe.Pointer)
	setSignals   func(enabled int32)
	query        func(conn, query unsafe.Pointer, queryLen uintptr, format unsafe.Pointer, formatLen uintptr, names, nameLens, values, valueLens unsafe.Pointer, params uintptr) unsafe.Pointer
	stream       func(conn, query unsafe.Pointer, queryLen uintptr, format unsafe.Pointer, formatLen uintptr, names, nameLens, values, valueLens unsafe.Pointer, params uintptr) unsafe.Pointer
	streamFetch  func(conn, stream unsafe.Pointer) unsafe.Pointer
	streamCancel func(conn, stream unsafe.Pointer)
	destroy      func(result unsafe.Pointer)
	buffer       func(result unsafe.Pointer) unsafe.Pointer
	length       func(result unsafe.Pointer) uintptr
	failure      func(result unsafe.Pointer) unsafe.Pointer
	setenv       func(name, value unsafe.Pointer, overwrite int32) int32

	signals sync.Mutex
}

// The C library is one per process whatever we do: it cannot be unloaded, and it
// serves one folder at a time. So is this.
var loaded struct {
	sync.Mutex
	path string
	lib  *library
}

// loadLibrary maps the library into the process once; later calls get the same one.
func loadLibrary(path string) (lib *library, err error) {
	loaded.Lock()
	defer loaded.Unlock()
	if loaded.lib != nil {
		if loaded.path != path {
			return nil, fmt.Errorf("the library %s is already loaded in this process, so %s cannot be: a process loads one", loaded.path, path)
		}
		return loaded.lib, nil
	}
	// RTLD_LOCAL keeps the hundreds of thousands of symbols in there from answering
	// for anybody else's.
	handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, fmt.Errorf("load the embedded ClickHouse library %s (run `make engine` to install it again): %w", path, err)
	}
	defer func() {
		if r := recover(); r != nil { // RegisterLibFunc panics on a missing symbol
			lib, err = nil, fmt.Errorf("the library %s is not one Fairdial knows (run `make engine`): %v", path, r)
		}
	}()
	lib = new(library)
	for name, fn := range map[string]any{
		"chdb_connect":                     &lib.connect,
		"chdb_close_conn":                  &lib.closeConn,
		"chdb_set_signal_handlers_enabled": &lib.setSignals,
		"chdb_query_with_params_n":         &lib.query,
		"chdb_stream_query_with_params_n":  &lib.stream,
		"chdb_stream_fetch_result":         &lib.streamFetch,
		"chdb_stream_cancel_query":         &lib.streamCancel,
		"chdb_destroy_query_result":        &lib.destroy,
		"chdb_result_buffer":               &lib.buffer,
		"chdb_result_length":               &lib.length,
		"chdb_result_error":                &lib.failure,
	} {
		purego.RegisterLibFunc(fn, handle, name)
	}
	purego.RegisterLibFunc(&lib.setenv, purego.RTLD_DEFAULT, "setenv")

	// The engine would replace Go's handlers: a nil dereference in Go would then end
	// the process instead of panicking, and SIGTERM would not reach signal.Notify.
	lib.keepSignals(func() { lib.setSignals(0) })
	// The engine reads TZ once and takes it for the server's time zone. Only C sees
	// this; Go's own environment and time.Local stay as they are.
	tz, utc := cstring("TZ"), cstring("UTC")
	lib.setenv(first(tz), first(utc), 1)
	runtime.KeepAlive(tz)
	runtime.KeepAlive(utc)

	loaded.path, loaded.lib = path, lib
	return lib, nil
}

// keepSignals makes a call that meddles with the process's signal handlers, even with
// its own switched off: it resets SIGSEGV and its like to the system's, and a nil
// dereference in Go would then end the process.
func (l *library) keepSignals(call func()) {
	l.signals.Lock()
	defer l.signals.Unlock()
	saved := saveSignals()
	defer saved.restore()
	call()
}

// close closes a connection; the last one of a process stops the engine.
func (l *library) close(handle unsafe.Pointer) {
	l.keepSignals(func() { l.closeConn(handle) })
}

// open opens one engine connection; the first one of a process starts the engine.
func (l *library) open(args []string) (unsafe.Pointer, error) {
	argv := make([]*byte, len(args))
	for i, arg := range args {
		argv[i] = &cstring(arg)[0]
	}
	var handle unsafe.Pointer
	l.keepSignals(func() { handle = l.connect(int32(len(argv)), unsafe.Pointer(&argv[0])) })
	runtime.KeepAlive(argv)
	if handle == nil || *(*unsafe.Pointer)(handle) == nil {
		return nil, fmt.Errorf("the embedded engine refused a connection (it prints why on stderr)")
	}
	return handle, nil
}

// parameter is a value for a {name:Type} placeholder, escaped as ClickHouse's HTTP
// interface has it (the TSV escapes).
type parameter struct{ name, value string }

// run executes a statement to its end and returns its whole output.
func (l *library) run(handle unsafe.Pointer, query, format string, params []parameter) ([]byte, error) {
	result := l.call(l.query, handle, query, format, params)
	if result == nil {
		return nil, nil
	}
	defer l.destroy(result)
	if err := l.errorOf(result); err != nil {
		return nil, err
	}
	return bytes.Clone(l.bytesOf(result)), nil
}

// call passes strings with their lengths, so that a NUL byte in a query or a value is
// just a byte.
func (l *library) call(
	fn func(conn, query unsafe.Pointer, queryLen uintptr, format unsafe.Pointer, formatLen uintptr, names, nameLens, values, valueLens unsafe.Pointer, params uintptr) unsafe.Pointer,
	handle unsafe.Pointer, query, format string, params []parameter,
) unsafe.Pointer {
	q, f := cstring(query), cstring(format)
	names, values := make([]*byte, len(params)+1), make([]*byte, len(params)+1)
	nameLens, valueLens := make([]uintptr, len(params)+1), make([]uintptr, len(params)+1)
	for i, p := range params {
		names[i], nameLens[i] = &cstring(p.name)[0], uintptr(len(p.name))
		values[i], valueLens[i] = &cstring(p.value)[0], uintptr(len(p.value))
	}
	result := fn(*(*unsafe.Pointer)(handle),
		first(q), uintptr(len(query)), first(f), uintptr(len(format)),
		unsafe.Pointer(&names[0]), unsafe.Pointer(&nameLens[0]),
		unsafe.Pointer(&values[0]), unsafe.Pointer(&valueLens[0]), uintptr(len(params)))
	for _, keep := range []any{q, f, names, values, nameLens, valueLens} {
		runtime.KeepAlive(keep)
	}
	return result
}

// bytesOf is C's memory: it lives until destroy.
func (l *library) bytesOf(result unsafe.Pointer) []byte {
	n := l.length(result)
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(l.buffer(result)), n)
}

func (l *library) errorOf(result unsafe.Pointer) error {
	text := l.failure(result)
	if text == nil {
		return nil
	}
	n := 0
	for *(*byte)(unsafe.Add(text, n)) != 0 {
		n++
	}
	if n == 0 {
		return nil
	}
	return newException(string(unsafe.Slice((*byte)(text), n)))
}

func cstring(s string) []byte {
	b := make([]byte, len(s)+1)
	copy(b, s)
	return b
}

func first(b []byte) unsafe.Pointer { return unsafe.Pointer(&b[0]) }
