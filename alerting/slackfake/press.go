package slackfake

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// Whisper is an answer to a press that only the one who pressed sees.
type Whisper struct {
	User string // who pressed
	Text string
}

// Button is what a message shows to be pressed, or a list to choose from.
type Button struct {
	ActionID, Value, URL string
	Choices              []string // the values of a list
	block                string
}

// Buttons are those of a message at its newest text.
func (m Message) Buttons() (out []Button) {
	var blocks []block
	if json.Unmarshal(m.Blocks, &blocks) != nil {
		return nil
	}
	for _, b := range blocks {
		for _, e := range b.Actions {
			one := Button{ActionID: e.ActionID, Value: e.Value, URL: e.URL, block: b.BlockID}
			for _, o := range e.Options {
				one.Choices = append(one.Choices, o.Value)
			}
			out = append(out, one)
		}
	}
	return out
}

// Payload is what the real one sends when a user presses a button of a message or, with a
// choice, takes that out of a list.
func (s *Server) Payload(user string, m Message, actionID string, choice ...string) ([]byte, error) {
	for _, b := range m.Buttons() {
		if b.ActionID != actionID {
			continue
		}
		if len(b.Choices) == 0 != (len(choice) == 0) || len(choice) > 0 && !slices.Contains(b.Choices, choice[0]) {
			return nil, fmt.Errorf("%q does not offer %q", actionID, choice)
		}
		action := map[string]any{"type": "button", "block_id": cmp.Or(b.block, "given-by-slack"), "action_id": b.ActionID, "action_ts": m.TS}
		if len(choice) == 0 {
			action["value"] = b.Value
		} else {
			action["type"] = "static_select"
			action["selected_option"] = map[string]any{"text": map[string]any{"type": "plain_text", "text": choice[0]}, "value": choice[0]}
		}
		s.mu.Lock()
		s.serial++
		answer := fmt.Sprintf("%s/response/%s/%d", s.http.URL, user, s.serial)
		s.mu.Unlock()
		return json.Marshal(map[string]any{
			"type": "block_actions", "user": map[string]any{"id": user, "name": "somebody"},
			"team": map[string]any{"id": "T0FAKE"}, "channel": map[string]any{"id": m.Channel},
			"message": map[string]any{"ts": m.TS, "text": m.Text}, "response_url": answer,
			"actions": []map[string]any{action},
		})
	}
	return nil, fmt.Errorf("the message has no button %q", actionID)
}

// Sign gives the headers of a request that was made at a time and has a body.
func Sign(secret string, at time.Time, body []byte) http.Header {
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "v0:%s:%s", stamp, body)
	h := http.Header{}
	h.Set("Content-Type", "application/x-www-form-urlencoded")
	h.Set("X-Slack-Request-Timestamp", stamp)
	h.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
	return h
}

// PressHTTP sends a press to an endpoint, as the real one does without Socket Mode.
func (s *Server) PressHTTP(ctx context.Context, endpoint, secret, user string, m Message, actionID string, choice ...string) (status int, took time.Duration, err error) {
	payload, err := s.Payload(user, m, actionID, choice...)
	if err != nil {
		return 0, 0, err
	}
	body := url.Values{"payload": {string(payload)}}.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(body))
	if err != nil {
		return 0, 0, err
	}
	request.Header = Sign(secret, time.Now(), []byte(body))
	began := time.Now()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, 0, err
	}
	defer response.Body.Close()
	return response.StatusCode, time.Since(began), nil
}

// Whispers are the answers to presses so far.
func (s *Server) Whispers() []Whisper {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Whisper(nil), s.whispers...)
}

// whisper takes an answer to a press.
func (s *Server) whisper(w http.ResponseWriter, r *http.Request) {
	var told struct {
		Type string `json:"response_type"`
		Text string `json:"text"`
	}
	if err := json.NewDecoder(r.Body).Decode(&told); err != nil || told.Type != "ephemeral" || told.Text == "" {
		http.Error(w, "invalid_payload", http.StatusBadRequest)
		return
	}
	user, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/response/"), "/")
	s.mu.Lock()
	s.whispers = append(s.whispers, Whisper{User: user, Text: told.Text})
	s.mu.Unlock()
}

// sockets are the connections of Socket Mode.
type sockets struct {
	mu       sync.Mutex
	open     []*websocket.Conn
	acks     map[string]chan struct{} // by envelope id
	envelope int
}

var upgrader = websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}

// socket serves one connection of Socket Mode.
func (s *Server) socket(w http.ResponseWriter, r *http.Request) {
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer conn.Close()
	s.sockets.mu.Lock()
	s.sockets.open = append(s.sockets.open, conn)
	err = conn.WriteJSON(map[string]any{"type": "hello", "num_connections": 1, "connection_info": map[string]any{"app_id": "A0FAKE"}})
	s.sockets.mu.Unlock()
	for err == nil {
		var ack struct {
			EnvelopeID string `json:"envelope_id"`
		}
		if err = conn.ReadJSON(&ack); err == nil {
			s.sockets.mu.Lock()
			if waits, ok := s.sockets.acks[ack.EnvelopeID]; ok {
				close(waits)
				delete(s.sockets.acks, ack.EnvelopeID)
			}
			s.sockets.mu.Unlock()
		}
	}
	s.sockets.mu.Lock()
	defer s.sockets.mu.Unlock()
	for i, c := range s.sockets.open {
		if c == conn {
			s.sockets.open = append(s.sockets.open[:i], s.sockets.open[i+1:]...)
			break
		}
	}
}

// Sockets is how many connections of Socket Mode are open.
func (s *Server) Sockets() int {
	s.sockets.mu.Lock()
	defer s.sockets.mu.Unlock()
	return len(s.sockets.open)
}

// Disconnect asks the clients of Socket Mode to connect again, as the real one does every
// few hours.
func (s *Server) Disconnect() {
	s.sockets.mu.Lock()
	defer s.sockets.mu.Unlock()
	for _, c := range s.sockets.open {
		_ = c.WriteJSON(map[string]any{"type": "disconnect", "reason": "refresh_requested"})
	}
}

// PressSocket sends a press over a connection of Socket Mode and waits until it is
// acknowledged, three seconds at the longest.
func (s *Server) PressSocket(user string, m Message, actionID string, choice ...string) (took time.Duration, err error) {
	payload, err := s.Payload(user, m, actionID, choice...)
	if err != nil {
		return 0, err
	}
	s.sockets.mu.Lock()
	if len(s.sockets.open) == 0 {
		s.sockets.mu.Unlock()
		return 0, errors.New("nobody is connected")
	}
	s.sockets.envelope++
	id := fmt.Sprintf("envelope-%d", s.sockets.envelope)
	waits := make(chan struct{})
	s.sockets.acks[id] = waits
	began := time.Now()
	err = s.sockets.open[0].WriteJSON(map[string]any{
		"type": "interactive", "envelope_id": id, "accepts_response_payload": true, "payload": json.RawMessage(payload),
	})
	s.sockets.mu.Unlock()
	if err != nil {
		return 0, err
	}
	select {
	case <-waits:
		return time.Since(began), nil
	case <-time.After(3 * time.Second):
		return 0, errors.New("the press was not acknowledged within three seconds")
	}
}

func (s *Server) closeSockets() {
	s.sockets.mu.Lock()
	defer s.sockets.mu.Unlock()
	for _, c := range s.sockets.open {
		_ = c.Close()
	}
}
