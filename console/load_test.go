package console

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// loaded is what a load measured: how many answers a second, and each one's time, sorted.
type loaded struct {
	perSecond float64
	took      []time.Duration
	turns     float64
}

// add brings another turn of the same length in.
func (l *loaded) add(turn loaded) {
	l.perSecond = (l.perSecond*l.turns + turn.perSecond) / (l.turns + 1)
	l.turns++
	l.took = append(l.took, turn.took...)
	slices.Sort(l.took)
}

// ms is a percentile of the times, in milliseconds.
func (l loaded) ms(percent int) float64 {
	return float64(l.took[len(l.took)*percent/100].Microseconds()) / 1000
}

// loadConns is how many connections stay open; a gateway's pool is of this size.
const loadConns = 16

// warmUp is how many questions each connection asks before time is taken: connecting is
// not what is measured.
const warmUp = 100

// load asks a server one question after the other on each connection. At a pace above 0
// (requests a second, over all) each question has a moment at which it is due and its time
// counts from then, so that a slow answer is held against those that had to wait for it;
// otherwise each follows the answer before. The clients write prepared bytes and read no more
// than they must: they share the machine with the server.
func load(b *testing.B, h http.Handler, organizers, pace int, lasts time.Duration) loaded {
	b.Helper()
	server := httptest.NewServer(h)
	defer server.Close()
	questions := make([][]byte, organizers)
	for i := range questions {
		questions[i] = fmt.Appendf(nil, "GET /api/v1/decisions/o%d?number=%%2B14255550100 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n", i, benchKey)
	}
	ask := func(client net.Conn, in *bufio.Reader, n int) error {
		if _, err := client.Write(questions[n*7%organizers]); err != nil {
			return err
		}
		return readAnswer(in)
	}
	var mu sync.Mutex
	var all loaded
	var work sync.WaitGroup
	var begin time.Time
	start := make(chan struct{})
	var ready sync.WaitGroup
	ready.Add(loadConns)
	for client := range loadConns {
		work.Go(func() {
			conn, err := net.Dial("tcp", server.Listener.Addr().String())
			if err != nil {
				b.Error(err)
				ready.Done()
				return
			}
			defer conn.Close()
			mine := make([]time.Duration, 0, 1<<12)
			in := bufio.NewReader(conn)
			for n := 0; n < warmUp && err == nil; n++ {
				err = ask(conn, in, n)
			}
			ready.Done()
			if err != nil {
				b.Error(err)
				return
			}
			<-start
			for n := client; time.Since(begin) < lasts; n += loadConns {
				due := time.Now()
				if pace > 0 {
					due = begin.Add(time.Duration(n) * time.Second / time.Duration(pace))
					time.Sleep(time.Until(due))
				}
				if err = ask(conn, in, n); err != nil {
					b.Error(err)
					return
				}
				mine = append(mine, time.Since(due))
			}
			mu.Lock()
			defer mu.Unlock()
			all.took = append(all.took, mine...)
		})
	}
	ready.Wait()
	begin = time.Now()
	close(start)
	work.Wait()
	all.perSecond = float64(len(all.took)) / time.Since(begin).Seconds()
	return all
}

// readAnswer reads one answer of a known length and makes sure that it is one.
func readAnswer(in *bufio.Reader) error {
	status, err := in.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(status, []byte("HTTP/1.1 200")) {
		return fmt.Errorf("answered %s", strings.TrimSpace(string(status)))
	}
	length := 0
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) <= 2 {
			break
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		}
	}
	body, err := in.Peek(length)
	if err != nil {
		return err
	}
	if !bytes.Contains(body, []byte(`"decision":`)) {
		return fmt.Errorf("answered %s", body)
	}
	_, err = io.CopyN(io.Discard, in, int64(length))
	return err
}
