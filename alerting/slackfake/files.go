package slackfake

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// File is one that was uploaded and shared.
type File struct {
	Name, Title, Channel, ThreadTS string
	Content                        []byte
	length                         int
}

// Files are those that were shared in a channel.
func (s *Server) Files() []File {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]File(nil), s.shared...)
}

func (s *Server) uploadURL(get getter) map[string]any {
	if no := s.may("files:write"); no != nil {
		return no
	}
	length, err := strconv.Atoi(get("length"))
	if err != nil || length <= 0 || get("filename") == "" {
		return failed("invalid_arguments")
	}
	s.serial++
	id := fmt.Sprintf("F%06d", s.serial)
	s.uploads[id] = &File{Name: get("filename"), length: length}
	return map[string]any{"ok": true, "file_id": id, "upload_url": s.http.URL + "/upload/" + id}
}

// upload takes the bytes of a file.
func (s *Server) upload(w http.ResponseWriter, r *http.Request) {
	content, _, err := r.FormFile("file")
	var data []byte
	if err == nil {
		data, err = io.ReadAll(content)
	} else {
		data, err = io.ReadAll(r.Body)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.uploads[strings.TrimPrefix(r.URL.Path, "/upload/")]
	if err != nil || f == nil || len(data) != f.length {
		http.Error(w, "bad upload", http.StatusBadRequest)
		return
	}
	f.Content = data
	_, _ = fmt.Fprintf(w, "OK - %d", len(data))
}

func (s *Server) completeUpload(get getter) map[string]any {
	if no := s.may("files:write"); no != nil {
		return no
	}
	var files []struct{ ID, Title string }
	if json.Unmarshal([]byte(get("files")), &files) != nil || len(files) == 0 {
		return failed("invalid_arguments")
	}
	channel, ok := s.channelID(get("channel_id"), false)
	if !ok {
		return failed("channel_not_found")
	}
	var out []map[string]any
	for _, told := range files {
		f := s.uploads[told.ID]
		if f == nil || f.Content == nil {
			return failed("file_not_found")
		}
		f.Title, f.Channel, f.ThreadTS = told.Title, channel, get("thread_ts")
		s.shared = append(s.shared, *f)
		out = append(out, map[string]any{"id": told.ID, "title": told.Title})
	}
	return map[string]any{"ok": true, "files": out}
}
