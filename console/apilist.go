package console

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
)

// How many items an answer of the API holds.
const (
	usualLimit = 50
	mostLimit  = 500
)

// listing is where in a list an answer begins and how much it holds.
type listing struct {
	limit int
	after []string // the keys of the item before; none at the list's begin
	of    string   // which list, its filters included
}

// cursor is a place in a list as it travels: callers hand it back as they got it.
type cursor struct {
	Of    string   `json:"of"`
	After []string `json:"after"`
}

// listing reads limit and cursor; it answers itself when they are none. A cursor has keys
// many parts and is good for the list alone that it came from.
func (a *api) listing(w http.ResponseWriter, r *http.Request, keys int) (l listing, ok bool) {
	q := r.URL.Query()
	l = listing{limit: usualLimit, of: listOf(r)}
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > mostLimit {
			problem(w, http.StatusBadRequest, fmt.Sprintf("limit must be a whole number from 1 to %d.", mostLimit))
			return l, false
		}
		l.limit = n
	}
	if text := q.Get("cursor"); text != "" {
		c, ok := readCursor(text, keys)
		if !ok {
			problem(w, http.StatusBadRequest, "cursor is none that an answer gave as next.")
			return l, false
		}
		if c.Of != l.of {
			problem(w, http.StatusBadRequest, "cursor is of another list: go on with the filters of the first page.")
			return l, false
		}
		l.after = c.After
	}
	return l, true
}

// readCursor reads a cursor of a list whose items have so many keys.
func readCursor(text string, keys int) (c cursor, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(raw, &c)
	}
	return c, err == nil && len(c.After) == keys
}

// listOf names a list: its address and what narrows it.
func listOf(r *http.Request) string {
	q := r.URL.Query()
	q.Del("cursor")
	q.Del("limit")
	sum := sha256.Sum256([]byte(r.URL.Path + "?" + q.Encode()))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

// key is one of the keys that the list goes on after, "" at its begin.
func (l listing) key(at int) string {
	if at < len(l.after) {
		return l.after[at]
	}
	return ""
}

// number is a key that is a number, 0 at the begin or where it is none.
func (l listing) number(at int) int64 {
	n, _ := strconv.ParseInt(l.key(at), 10, 64)
	return n
}

// ask is how many items to read: one more than wanted, which tells whether there are more.
func (l listing) ask() int { return l.limit + 1 }

// next is the cursor after an item with the keys.
func (l listing) next(keys ...string) *string {
	raw, err := json.Marshal(cursor{l.of, keys})
	if err != nil {
		return nil // strings are always JSON
	}
	return new(base64.RawURLEncoding.EncodeToString(raw))
}

// turn is a page of what was read and the cursor of the next one, nil after the last.
func turn[T any](l listing, read []T, keys func(T) []string) ([]T, *string) {
	if len(read) <= l.limit {
		return append([]T{}, read...), nil
	}
	page := read[:l.limit]
	return page, l.next(keys(page[l.limit-1])...)
}

// following is the next page of a list that is whole in memory, in the order of its keys: it
// keeps its place though items come and go.
func following[T any](l listing, all []T, keys func(T) []string) ([]T, *string) {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(x, y T) int { return slices.Compare(keys(x), keys(y)) })
	if len(l.after) > 0 {
		at, there := slices.BinarySearchFunc(all, l.after, func(one T, after []string) int { return slices.Compare(keys(one), after) })
		if there {
			at++
		}
		all = all[at:]
	}
	return turn(l, all, keys)
}

// from is a page of a list that is whole in memory, by place: for what is short by its
// nature, or comes in an order of its own.
func from[T any](l listing, all []T) ([]T, *string) {
	at := min(max(int(l.number(0)), 0), len(all))
	end := min(at+l.limit, len(all))
	page := append([]T{}, slices.Clone(all[at:end])...)
	if end == len(all) {
		return page, nil
	}
	return page, l.next(strconv.Itoa(end))
}

// writePage answers a page of a list under its name, and whatever else is said of it.
func writePage[T any](w http.ResponseWriter, name string, page []T, next *string, more map[string]any) {
	answer := map[string]any{name: page, "next": next}
	maps.Copy(answer, more)
	writeJSON(w, http.StatusOK, answer)
}
