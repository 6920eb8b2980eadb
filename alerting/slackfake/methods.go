package slackfake

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

type getter func(key string) string

func (s *Server) may(scope string) map[string]any {
	if slices.Contains(s.opts.Scopes, scope) {
		return nil
	}
	answer := failed("missing_scope")
	answer["needed"], answer["provided"] = scope, strings.Join(s.opts.Scopes, ",")
	return answer
}

// channelID is the channel with an id; with a name only where the real one allows it.
func (s *Server) channelID(channel string, nameToo bool) (string, bool) {
	for name, id := range s.opts.Channels {
		if id == channel || nameToo && name == strings.TrimPrefix(channel, "#") {
			return id, true
		}
	}
	return "", false
}

// family is how the scopes for a channel begin.
func (s *Server) family(id string) string {
	for _, name := range s.opts.Private {
		if s.opts.Channels[name] == id {
			return "groups"
		}
	}
	return "channels"
}

func (s *Server) put(m *Message) {
	s.serial++
	m.TS = fmt.Sprintf("%d.%06d", s.opts.Now().Unix(), s.serial)
	s.messages[m.Channel] = append(s.messages[m.Channel], m)
}

func (s *Server) find(channel, ts string) *Message {
	for _, m := range s.messages[channel] {
		if m.TS == ts {
			return m
		}
	}
	return nil
}

func (s *Server) post(get getter) map[string]any {
	if no := s.may("chat:write"); no != nil {
		return no
	}
	channel, ok := s.channelID(get("channel"), true)
	if !ok {
		return failed("channel_not_found")
	}
	if code := checkMessage(get("text"), get("blocks"), get("metadata")); code != "" {
		return failed(code)
	}
	now := s.opts.Now()
	if s.opts.EverySecond && now.Sub(s.last[channel]) < time.Second {
		return failed("ratelimited")
	}
	s.last[channel] = now
	m := &Message{Channel: channel, ThreadTS: get("thread_ts"), Text: get("text"), Blocks: raw(get("blocks")), Metadata: raw(get("metadata"))}
	if m.ThreadTS != "" && s.find(channel, m.ThreadTS) == nil {
		m.ThreadTS = "" // as the real one: a reply to a deleted message stands in the channel
	}
	s.put(m)
	return map[string]any{"ok": true, "channel": channel, "ts": m.TS, "message": m}
}

func (s *Server) update(get getter) map[string]any {
	if no := s.may("chat:write"); no != nil {
		return no
	}
	channel, ok := s.channelID(get("channel"), false)
	if !ok {
		return failed("channel_not_found")
	}
	m := s.find(channel, get("ts"))
	if m == nil {
		return failed("message_not_found")
	}
	if code := checkMessage(get("text"), get("blocks"), get("metadata")); code != "" {
		return failed(code)
	}
	m.Text, m.Blocks = get("text"), raw(get("blocks"))
	if metadata := get("metadata"); metadata != "" {
		m.Metadata = raw(metadata)
	}
	m.Edits++
	return map[string]any{"ok": true, "channel": channel, "ts": m.TS, "text": m.Text}
}

// history gives the messages of a channel that are in no thread, newest first.
func (s *Server) history(get getter) map[string]any {
	channel, ok := s.channelID(get("channel"), false)
	if !ok {
		return failed("channel_not_found")
	}
	if no := s.may(s.family(channel) + ":history"); no != nil {
		return no
	}
	var found []*Message
	for _, m := range slices.Backward(s.messages[channel]) {
		if m.ThreadTS == "" {
			found = append(found, m)
		}
	}
	return s.page(found, get)
}

// replies gives a message and what was posted in its thread, oldest first.
func (s *Server) replies(get getter) map[string]any {
	channel, ok := s.channelID(get("channel"), false)
	if !ok {
		return failed("channel_not_found")
	}
	if no := s.may(s.family(channel) + ":history"); no != nil {
		return no
	}
	parent := s.find(channel, get("ts"))
	if parent == nil {
		return failed("thread_not_found")
	}
	found := []*Message{parent}
	for _, m := range s.messages[channel] {
		if m.ThreadTS == parent.TS {
			found = append(found, m)
		}
	}
	return s.page(found, get)
}

func (s *Server) page(found []*Message, get getter) map[string]any {
	if oldest := get("oldest"); oldest != "" {
		from, _ := strconv.ParseFloat(oldest, 64)
		found = slices.DeleteFunc(found, func(m *Message) bool {
			at, _ := strconv.ParseFloat(m.TS, 64)
			return at < from
		})
	}
	limit, _ := strconv.Atoi(get("limit"))
	if limit <= 0 {
		limit = 100
	}
	start, _ := strconv.Atoi(get("cursor"))
	end := min(start+limit, len(found))
	messages := []map[string]any{}
	for _, m := range found[min(start, end):end] {
		out := map[string]any{"type": "message", "ts": m.TS, "text": m.Text}
		if m.ThreadTS != "" {
			out["thread_ts"] = m.ThreadTS
		}
		if get("include_all_metadata") == "1" && m.Metadata != nil {
			out["metadata"] = m.Metadata
		}
		messages = append(messages, out)
	}
	answer := map[string]any{"ok": true, "messages": messages, "has_more": end < len(found)}
	if end < len(found) {
		answer["response_metadata"] = map[string]any{"next_cursor": strconv.Itoa(end)}
	}
	return answer
}

func (s *Server) list(get getter) map[string]any {
	family := "channels"
	if get("types") == "private_channel" {
		family = "groups"
	}
	if no := s.may(family + ":read"); no != nil {
		return no
	}
	var names []string
	for name, id := range s.opts.Channels {
		if s.family(id) == family {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	start, _ := strconv.Atoi(get("cursor"))
	const size = 1 // so that callers must page
	end := min(start+size, len(names))
	channels := []map[string]any{}
	for _, name := range names[min(start, end):end] {
		channels = append(channels, map[string]any{"id": s.opts.Channels[name], "name": name})
	}
	answer := map[string]any{"ok": true, "channels": channels}
	if end < len(names) {
		answer["response_metadata"] = map[string]any{"next_cursor": strconv.Itoa(end)}
	}
	return answer
}

func raw(text string) json.RawMessage {
	if text == "" {
		return nil
	}
	return json.RawMessage(text)
}
