package embedded

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Handler serves the HTTP interface that RoundTrip speaks, for the driver in other
// processes. It checks no password: whoever can reach it can do anything to the store.
func (e *Engine) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method == http.MethodGet && req.URL.Path == "/ping" {
			_, _ = io.WriteString(w, "Ok.\n")
			return
		}
		body := &interruptible{ReadCloser: req.Body, control: http.NewResponseController(w)}
		req.Body = body
		r, err := readRequest(req, fallbackDatabase)
		var a *answer
		if err == nil {
			a, err = e.answer(req.Context(), r)
		}
		if err != nil {
			refuse(w, err)
			return
		}
		defer a.body.Close()
		a.describeTo(w.Header())
		if a.length >= 0 {
			w.Header().Set("Content-Length", strconv.FormatInt(a.length, 10))
		}
		if err := send(w, a.body); err != nil {
			// Nothing marks the end of what was sent, so that the client cannot take
			// it for the whole.
			panic(http.ErrAbortHandler)
		}
	})
}

func refuse(w http.ResponseWriter, err error) {
	var exception *Exception
	switch {
	case errors.As(err, &exception):
		w.Header().Set("X-ClickHouse-Exception-Code", strconv.Itoa(exception.Code))
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, exception.Text)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		panic(http.ErrAbortHandler) // the client has gone
	default:
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	}
}

// send flushes every block, so that the client has it while the next one is computed.
func send(w http.ResponseWriter, body io.Reader) error {
	control := http.NewResponseController(w)
	buf := make([]byte, 256<<10)
	for {
		n, err := body.Read(buf)
		if n > 0 {
			if _, failed := w.Write(buf[:n]); failed != nil {
				return failed
			}
			if n < len(buf) {
				if failed := control.Flush(); failed != nil {
					return failed
				}
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// interruptible is a request's body whose Close makes a Read that waits for the client
// return, which the server's own Close would wait for.
type interruptible struct {
	io.ReadCloser
	control *http.ResponseController
}

func (b *interruptible) Close() error { return b.control.SetReadDeadline(time.Now()) }
