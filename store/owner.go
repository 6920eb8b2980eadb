package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	"golang.org/x/sys/unix"

	"fairdial/store/embedded"
)

const (
	lockFile   = "fairdial.lock"
	socketFile = "fairdial.sock"
)

// claim is what the owner of a data folder writes into its lock file. The lock itself
// is the kernel's and ends with the process; the text only tells others where to turn.
type claim struct {
	PID int `json:"pid"`
	// Socket is where the owner serves the store; "" until it does.
	Socket string `json:"socket,omitempty"`
	// Private owners serve none.
	Private bool `json:"private,omitempty"`
}

func readClaim(path string) (claim, error) {
	var c claim
	text, err := os.ReadFile(filepath.Join(path, lockFile))
	if err != nil {
		return c, fmt.Errorf("read who owns the store: %w", err)
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return c, fmt.Errorf("read who owns the store in %s: %w", path, err)
	}
	return c, nil
}

// owner is the engine on a data folder, the lock that keeps others out and the socket
// that lets them in.
type owner struct {
	path   string
	lock   *flock.Flock
	engine *embedded.Engine
	server *http.Server
	socket *net.UnixListener
	log    *slog.Logger
}

// errTaken says that another process holds the lock.
var errTaken = errors.New("another process holds the lock")

// own takes the folder, or returns errTaken.
func own(ctx context.Context, opts Options) (_ *owner, err error) {
	if err = os.MkdirAll(opts.Path, 0o750); err != nil {
		return nil, fmt.Errorf("make the folder of the store: %w", err)
	}
	path, err := filepath.Abs(opts.Path)
	if err != nil {
		return nil, fmt.Errorf("open the store in %s: %w", opts.Path, err)
	}
	o := &owner{path: path, lock: flock.New(filepath.Join(path, lockFile)), log: opts.Logger}
	locked, err := o.lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock the store: %w", err)
	}
	if !locked {
		return nil, errors.Join(errTaken, o.lock.Close())
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, o.close())
		}
	}()
	if err = o.claim(claim{PID: os.Getpid(), Private: opts.Private}); err != nil {
		return nil, err
	}
	if o.engine, err = embedded.Open(ctx, embedded.Options{Path: path, Logger: opts.Logger}); err != nil {
		return nil, err
	}
	return o, nil
}

func (o *owner) claim(c claim) error {
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	// Written in place: another file under the name would not carry the lock.
	if err := os.WriteFile(filepath.Join(o.path, lockFile), append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("write who owns the store: %w", err)
	}
	return nil
}

// serve lets other processes of the same user in by a socket in the data folder.
func (o *owner) serve(database string) error {
	socket := filepath.Join(o.path, socketFile)
	listener, err := listen(socket)
	if err != nil {
		return fmt.Errorf("serve the store at %s: %w", socket, err)
	}
	o.socket = listener
	o.server = &http.Server{
		Handler:           inDatabase(database, o.engine.Handler()),
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(o.log.Handler(), slog.LevelDebug),
	}
	go func() {
		if err := o.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			o.log.Error("the store is not served to other processes any more", "socket", socket, "error", err)
		}
	}()
	return o.claim(claim{PID: os.Getpid(), Socket: socket})
}

// inDatabase completes requests that name no database, such as curl's.
func inDatabase(database string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if values := req.URL.Query(); !values.Has("database") {
			values.Set("database", database)
			req.URL.RawQuery = values.Encode()
		}
		next.ServeHTTP(w, req)
	})
}

// listen makes a socket that only this user can connect to. It is made in a folder that
// nobody else can enter, and moved into place once its mode is set. What lies there
// already is of an owner that was killed.
func listen(path string) (*net.UnixListener, error) {
	private, err := os.MkdirTemp(filepath.Dir(path), ".socket-") // mode 0700
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(private)
	fresh := filepath.Join(private, socketFile)
	var listener *net.UnixListener
	if err := shortly(fresh, func(address string) (err error) {
		listener, err = net.ListenUnix("unix", &net.UnixAddr{Name: address, Net: "unix"})
		return err
	}); err != nil {
		return nil, err
	}
	listener.SetUnlinkOnClose(false)
	if err := errors.Join(os.Chmod(fresh, 0o600), os.Rename(fresh, path)); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return listener, nil
}

// shortly gives an address for a socket that the kernel takes however long its path is:
// one that starts at the folder's descriptor.
func shortly(path string, use func(address string) error) error {
	const longest = 107 // bytes without the final zero; unix(7)
	if len(path) <= longest {
		return use(path)
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return use(fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(path)))
}

// leaving is how long a closing owner waits for what others run here.
const leaving = 5 * time.Second

func (o *owner) close() error {
	var errs []error
	if o.server != nil {
		ctx, cancel := context.WithTimeout(context.Background(), leaving)
		defer cancel()
		// The name goes first: who comes now finds nobody, waits, and takes over. Who
		// came before is let in and served.
		_ = os.Remove(filepath.Join(o.path, socketFile))
		o.letIn(ctx)
		if err := o.server.Shutdown(ctx); err != nil {
			errs = append(errs, o.server.Close())
		}
	}
	if o.engine != nil {
		errs = append(errs, o.engine.Close())
	}
	return errors.Join(append(errs, o.lock.Close())...)
}

// letIn waits until the kernel holds no connection that has been made and not accepted:
// closing the socket would cut those off.
func (o *owner) letIn(ctx context.Context) {
	raw, err := o.socket.SyscallConn()
	if err != nil {
		return
	}
	for quiet := 0; quiet < 3 && ctx.Err() == nil; quiet++ {
		time.Sleep(10 * time.Millisecond)
		_ = raw.Control(func(fd uintptr) {
			waiting := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
			if n, err := unix.Poll(waiting, 0); err == nil && n > 0 {
				quiet = -1
			}
		})
	}
}
