// Package slackfake is a Slack Web API over real HTTP for tests: the few methods that
// alerting calls, with the limits and refusals of the real one, and faults on demand.
package slackfake

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Options say what the workspace is like. The zero value is one channel, "#fair-use", and
// a token that may do everything.
type Options struct {
	// Token is the only one let in; "" is "xoxb-fake".
	Token string
	// AppToken opens Socket Mode; "" is "xapp-fake".
	AppToken string
	// Channels are ids by name without '#'; nil is fair-use: C0FAIRUSE.
	Channels map[string]string
	// Private are those of Channels, by name, that are private: they take the groups: scopes.
	Private []string
	// Scopes of the token; nil is all that alerting can make use of.
	Scopes []string
	// Now gives messages their time; nil is time.Now.
	Now func() time.Time
	// EverySecond refuses a second message to a channel within a second, as the real one
	// does for bursts.
	EverySecond bool
}

// Server is a running fake. Point a client at URL.
type Server struct {
	// URL ends in a slash, as slack.OptionAPIURL wants it.
	URL string

	opts   Options
	http   *httptest.Server
	closed chan struct{}

	mu       sync.Mutex
	messages map[string][]*Message // by channel id, oldest first
	last     map[string]time.Time  // of the latest message by channel id
	serial   int
	faults   map[string][]Fault // by method, used up in order
	calls    []Call
	whispers []Whisper
	sockets  sockets
	once     sync.Once
	uploads  map[string]*File // by id
	shared   []File
}

// Message is one that the server accepted, at its newest text.
type Message struct {
	Channel  string          `json:"channel"` // id
	TS       string          `json:"ts"`
	ThreadTS string          `json:"thread_ts,omitempty"`
	Text     string          `json:"text"`
	Blocks   json.RawMessage `json:"blocks,omitempty"`
	Metadata json.RawMessage `json:"metadata,omitempty"`
	Edits    int             `json:"edits"`
}

// Call is one request that reached the server.
type Call struct {
	Method string // such as chat.postMessage
	Form   map[string]string
	At     time.Time
}

// Start starts a server; Close ends it.
func Start(opts Options) *Server {
	if opts.Token == "" {
		opts.Token = "xoxb-fake"
	}
	if opts.AppToken == "" {
		opts.AppToken = "xapp-fake"
	}
	if opts.Channels == nil {
		opts.Channels = map[string]string{"fair-use": "C0FAIRUSE"}
	}
	if opts.Scopes == nil {
		opts.Scopes = []string{"chat:write", "channels:history", "channels:read", "files:write"}
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	s := &Server{
		opts: opts, closed: make(chan struct{}),
		messages: map[string][]*Message{}, last: map[string]time.Time{}, faults: map[string][]Fault{},
		uploads: map[string]*File{}, sockets: sockets{acks: map[string]chan struct{}{}},
	}
	s.http = httptest.NewServer(s)
	s.URL = s.http.URL + "/api/"
	return s
}

// Close ends the server and whatever it is slow at.
func (s *Server) Close() {
	s.once.Do(func() {
		close(s.closed)
		s.closeSockets()
		s.http.CloseClientConnections()
		s.http.Close()
	})
}

// Messages are the messages of a channel, given by id, replies included, oldest first.
func (s *Server) Messages(channel string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Message
	for _, m := range s.messages[channel] {
		out = append(out, *m)
	}
	return out
}

// Calls are the requests that came in, for a method or, for "", for all.
func (s *Server) Calls(method string) []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Call
	for _, c := range s.calls {
		if method == "" || c.Method == method {
			out = append(out, c)
		}
	}
	return out
}

// Delete removes a message as a person in the channel can.
func (s *Server) Delete(channel, ts string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages[channel] = slices.DeleteFunc(s.messages[channel], func(m *Message) bool { return m.TS == ts })
}

// Chatter puts n messages of other people into a channel.
func (s *Server) Chatter(channel string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range n {
		s.put(&Message{Channel: channel, Text: "chatter"})
	}
}

// SetToken changes the token that is let in.
func (s *Server) SetToken(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opts.Token = token
}

// SetScopes changes what the token may do.
func (s *Server) SetScopes(scopes ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opts.Scopes = scopes
}

// ServeHTTP answers one call of the Web API.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/socket":
		s.socket(w, r)
		return
	case strings.HasPrefix(r.URL.Path, "/upload/"):
		s.upload(w, r)
		return
	case strings.HasPrefix(r.URL.Path, "/response/"):
		s.whisper(w, r)
		return
	}
	method := strings.TrimPrefix(r.URL.Path, "/api/")
	if err := r.ParseForm(); err != nil {
		refuse(w, "invalid_form_data")
		return
	}
	fault := s.begin(method, r)
	if fault.wait > 0 {
		select {
		case <-time.After(fault.wait):
		case <-s.closed:
		case <-r.Context().Done():
		}
	}
	switch fault.kind {
	case faultDrop:
		drop(w)
		return
	case faultStatus:
		if fault.retryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(fault.retryAfter.Seconds())))
		}
		w.WriteHeader(fault.status)
		_, _ = fmt.Fprintf(w, "<html>%d</html>", fault.status) // what the real one sends is no JSON either
		return
	case faultError:
		refuse(w, fault.code)
		return
	}
	answer := s.answer(method, r)
	if fault.kind == faultDropAfter {
		drop(w)
		return
	}
	if code, limited := answer["error"]; limited && code == "ratelimited" {
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if method == "auth.test" {
		s.mu.Lock()
		w.Header().Set("X-Oauth-Scopes", strings.Join(s.opts.Scopes, ","))
		s.mu.Unlock()
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// begin notes a call and takes the next fault for its method.
func (s *Server) begin(method string, r *http.Request) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	form := map[string]string{}
	for k := range r.PostForm {
		if k != "token" {
			form[k] = r.PostForm.Get(k)
		}
	}
	s.calls = append(s.calls, Call{Method: method, Form: form, At: s.opts.Now()})
	queue := s.faults[method]
	if len(queue) == 0 {
		return Fault{}
	}
	if !queue[0].always {
		s.faults[method] = queue[1:]
	}
	return queue[0]
}

func (s *Server) answer(method string, r *http.Request) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	token := r.PostForm.Get("token")
	if token == "" {
		token = strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	}
	if token == "" {
		return failed("not_authed")
	}
	if method == "apps.connections.open" {
		if token != s.opts.AppToken {
			return failed("invalid_auth")
		}
		return map[string]any{"ok": true, "url": strings.Replace(s.http.URL, "http:", "ws:", 1) + "/socket"}
	}
	if token != s.opts.Token {
		return failed("invalid_auth")
	}
	get := r.PostForm.Get
	switch method {
	case "auth.test":
		return map[string]any{"ok": true, "url": "https://fake.slack.com/", "team": "Fake", "user": "fairdial", "team_id": "T0FAKE", "user_id": "U0FAIRDIAL"}
	case "chat.postMessage":
		return s.post(get)
	case "chat.update":
		return s.update(get)
	case "conversations.history":
		return s.history(get)
	case "conversations.replies":
		return s.replies(get)
	case "files.getUploadURLExternal":
		return s.uploadURL(get)
	case "files.completeUploadExternal":
		return s.completeUpload(get)
	case "conversations.list":
		return s.list(get)
	default:
		return failed("unknown_method")
	}
}

func failed(code string) map[string]any { return map[string]any{"ok": false, "error": code} }

func refuse(w http.ResponseWriter, code string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(failed(code))
}

// drop breaks the connection off without an answer.
func drop(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}
