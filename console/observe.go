package console

import (
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// observe counts requests and how long they took, by route and status.
func observe(registry prometheus.Registerer, mux *http.ServeMux) http.Handler {
	took := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "fairdial_http_request_seconds",
		Help:    "Time to answer a request, in seconds, by route and status.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
	}, []string{"route", "status"})
	registry.MustRegister(took)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		s := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		mux.ServeHTTP(s, r)
		took.WithLabelValues(r.Pattern, strconv.Itoa(s.status)).Observe(time.Since(start).Seconds())
	})
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// recoverPanics answers 500 for a handler that panicked, and logs where.
func recoverPanics(logger *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(p)
			}
			logger.Error("request panicked", "method", r.Method, "route", r.Pattern, "panic", p, "stack", string(debug.Stack()))
			problem(w, http.StatusInternalServerError, "The daemon could not answer; its log says why.")
		}()
		next.ServeHTTP(w, r)
	})
}
