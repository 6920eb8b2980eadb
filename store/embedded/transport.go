package embedded

import (
	"errors"
	"net/http"
	"strconv"
)

// fallbackDatabase is the database of a request that names none.
const fallbackDatabase = "default"

// RoundTrip runs a request of the driver in this process. It makes Engine an
// http.RoundTripper for clickhouse.Options.TransportFunc.
func (e *Engine) RoundTrip(req *http.Request) (*http.Response, error) {
	r, err := readRequest(req, fallbackDatabase)
	var a *answer
	if err == nil {
		a, err = e.answer(req.Context(), r)
	}
	if req.Body != nil {
		_ = req.Body.Close() // RoundTripper's contract, also on errors
	}
	response := &http.Response{
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Request: req,
	}
	var exception *Exception
	switch {
	case errors.As(err, &exception):
		a = whole([]byte(exception.Text), "")
		response.StatusCode = http.StatusInternalServerError
		response.Header.Set("X-ClickHouse-Exception-Code", strconv.Itoa(exception.Code))
	case err != nil:
		return nil, err
	default:
		response.StatusCode = http.StatusOK
		a.describeTo(response.Header)
	}
	response.Status = http.StatusText(response.StatusCode)
	response.Body, response.ContentLength = a.body, a.length
	return response, nil
}

func (a *answer) describeTo(header http.Header) {
	header.Set("X-ClickHouse-Format", a.format)
	header.Set("X-ClickHouse-Timezone", "UTC")
	if a.tag != "" {
		header.Set("X-ClickHouse-Exception-Tag", a.tag)
	}
}

// CloseIdleConnections is called by the driver for every connection it drops; there is
// nothing to close before Close.
func (e *Engine) CloseIdleConnections() {}
