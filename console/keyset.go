package console

import (
	"maps"
	"net/http"
	"net/url"
)

// keyset leads through one of a page's lists by cursor. Each list has a parameter of its own,
// so that going on in one leaves the others where they are.
type keyset struct {
	Total    int // items in all, on every page
	list     string
	path     string
	query    url.Values
	from, to string // cursors: where this page begins, and the next one
}

// Begun says that this is not the first page.
func (k keyset) Begun() bool { return k.from != "" }

// More says that there is a page after this one.
func (k keyset) More() bool { return k.to != "" }

// First is the address of the list's begin.
func (k keyset) First() string { return k.at("") }

// Next is the address of the page after this one.
func (k keyset) Next() string { return k.at(k.to) }

func (k keyset) at(cursor string) string {
	q := url.Values{}
	maps.Copy(q, k.query)
	q.Del(k.list)
	if cursor != "" {
		q.Set(k.list, cursor)
	}
	return k.path + "?" + q.Encode() + "#" + k.list
}

// gone is a page of a list that goes by cursor: the parameter is named as the list. A cursor
// of something else begins the list anew.
func gone[T any](r *http.Request, list string, all []T, keys func(T) []string) ([]T, keyset) {
	l := listing{limit: perList, of: list}
	k := keyset{Total: len(all), list: list, path: r.URL.Path, query: r.URL.Query()}
	if c, ok := readCursor(k.query.Get(list), len(keys(*new(T)))); ok && c.Of == list {
		l.after, k.from = c.After, k.query.Get(list)
	}
	page, next := following(l, all, keys)
	if next != nil {
		k.to = *next
	}
	return page, k
}
