package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"
)

// ErrInUse is in the chain of the error when another process owns the store and does
// not serve it.
var ErrInUse = errors.New("the store is in use by another process")

// InUseError says who owns the store.
type InUseError struct {
	Path string
	PID  int // 0 when the owner has not said
}

func (e *InUseError) Error() string {
	who := "another process"
	if e.PID != 0 {
		who = fmt.Sprintf("process %d", e.PID)
	}
	return fmt.Sprintf("the store in %s is in use by %s, which does not let others in: wait for it to end, or stop it", e.Path, who)
}

func (e *InUseError) Unwrap() error { return ErrInUse }

// handover is how long a process waits for an owner that is only just opening the store,
// or only just closing it.
const handover = 10 * time.Second

// access is the transport of an embedded store: the engine of this process if it owns
// the folder, else the owner's socket. When the owner ends, the next request takes the
// folder over, so that a command goes on although the one it leant on has finished.
type access struct {
	opts Options

	mu     sync.Mutex
	owner  *owner // nil while another process owns the folder
	socket *http.Transport
	closed bool
}

// enter finds the way to the folder's engine: by owning it, or by the owner's socket.
func enter(ctx context.Context, opts Options) (*access, error) {
	a := &access{opts: opts}
	if err := a.find(ctx); err != nil {
		return nil, err
	}
	return a, nil
}

// find is called with mu held, or before anybody else knows a.
func (a *access) find(ctx context.Context) error {
	for end := time.Now().Add(handover); ; {
		o, err := own(ctx, a.opts)
		if err == nil {
			a.owner = o
			return nil
		}
		if !errors.Is(err, errTaken) {
			return err
		}
		c, err := readClaim(a.opts.Path)
		if err == nil && c.Socket != "" {
			if err = a.dial(ctx, c.Socket); err == nil {
				return nil
			}
		}
		if err == nil && c.Private && alive(c.PID) || time.Now().After(end) {
			return &InUseError{Path: a.opts.Path, PID: c.PID}
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(30 * time.Millisecond):
		}
	}
}

// alive reports whether there is such a process; a claim outlives its owner.
func alive(pid int) bool {
	return pid > 0 && !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}

// dial tries the owner's socket and keeps the way to it.
func (a *access) dial(ctx context.Context, socket string) error {
	open := func(ctx context.Context, _, _ string) (conn net.Conn, err error) {
		err = shortly(socket, func(address string) (err error) {
			conn, err = new(net.Dialer).DialContext(ctx, "unix", address)
			return err
		})
		return conn, err
	}
	conn, err := open(ctx, "", "")
	if err != nil {
		return err
	}
	_ = conn.Close()
	// A connection of its own for every request costs little on a socket, and shows
	// that the owner has gone before anything has been sent.
	a.socket = &http.Transport{DialContext: open, DisableCompression: true, DisableKeepAlives: true}
	return nil
}

// RoundTrip makes access an http.RoundTripper.
func (a *access) RoundTrip(req *http.Request) (*http.Response, error) {
	for {
		transport, err := a.transport()
		if err != nil {
			return nil, err
		}
		attempt := req.Clone(req.Context())
		body := &unread{body: req.Body}
		if req.Body != nil {
			attempt.Body = body
		}
		response, err := transport.RoundTrip(attempt)
		if err == nil || !nobodyThere(err) || req.Context().Err() != nil {
			if req.Body != nil {
				body.settle()
			}
			return response, err
		}
		if err := a.takeOver(req.Context(), transport); err != nil {
			return nil, fmt.Errorf("the process that owned the store has ended: %w", err)
		}
	}
}

func nobodyThere(err error) bool {
	var dial *net.OpError
	return errors.As(err, &dial) && dial.Op == "dial"
}

func (a *access) transport() (http.RoundTripper, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.closed:
		return nil, errors.New("the store is closed")
	case a.owner != nil:
		return a.owner.engine, nil
	default:
		return a.socket, nil
	}
}

// takeOver replaces a transport that leads nowhere, unless that has been done.
func (a *access) takeOver(ctx context.Context, dead http.RoundTripper) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed || a.owner != nil || a.socket != dead {
		return nil
	}
	if err := a.find(ctx); err != nil {
		return err
	}
	a.serve()
	return nil
}

// serve lets other processes in, if this one owns the store. The store works without;
// so failing to is no error.
func (a *access) serve() {
	if a.owner == nil || a.opts.Private {
		return
	}
	if err := a.owner.serve(a.opts.Database); err != nil {
		a.opts.Logger.Warn("the store is not served to other processes", "error", err)
	}
}

// owns reports whether this process is the folder's owner.
func (a *access) owns() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.owner != nil
}

func (a *access) close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	if a.owner != nil {
		return a.owner.close()
	}
	return nil
}

// unread is a body that survives being closed before it was read, so that another
// attempt can send it.
type unread struct {
	body io.ReadCloser

	mu      sync.Mutex
	read    bool
	closed  bool
	settled bool // there will be no other attempt
}

func (u *unread) Read(p []byte) (int, error) {
	u.mu.Lock()
	u.read = true
	u.mu.Unlock()
	return u.body.Read(p)
}

func (u *unread) Close() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.closed = true
	if u.read || u.settled {
		return u.body.Close()
	}
	return nil
}

// settle makes up for a Close that was held back.
func (u *unread) settle() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.settled = true
	if u.closed && !u.read {
		_ = u.body.Close()
	}
}
