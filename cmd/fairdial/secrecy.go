package main

import (
	"fmt"
	"log/slog"
	"net/url"
	"reflect"
	"regexp"
	"strings"

	"fairdial/config"
)

// secrecy is the last net under what is logged and what errors say: a secret of the
// configuration or a full phone number that some other program's error repeats ends here.
type secrecy struct{ secrets *strings.Replacer }

// e164 is a phone number as it stands in a text or an address.
var e164 = regexp.MustCompile(`(?:\+|%2[Bb])[0-9]{3,11}([0-9]{4})`)

// shortestSecret: what is shorter is part of many words, and no secret anyway.
const shortestSecret = 6

func newSecrecy(cfg config.Config) secrecy {
	var pairs []string
	hide := func(s string) {
		for _, form := range []string{s, url.QueryEscape(s), url.PathEscape(s)} {
			if len(form) >= shortestSecret {
				pairs = append(pairs, form, "[redacted]")
			}
		}
	}
	var walk func(reflect.Value)
	walk = func(v reflect.Value) {
		if s, is := reflect.TypeAssert[config.Secret](v); is {
			hide(s.Reveal())
			if u, err := url.Parse(s.Reveal()); err == nil && u.User != nil { // a DSN
				password, _ := u.User.Password()
				hide(password)
			}
			return
		}
		switch v.Kind() { //nolint:exhaustive // nothing else holds anything
		case reflect.Struct:
			for _, f := range reflect.VisibleFields(v.Type()) {
				if f.IsExported() && !f.Anonymous {
					walk(v.FieldByIndex(f.Index))
				}
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		}
	}
	walk(reflect.ValueOf(cfg))
	return secrecy{strings.NewReplacer(pairs...)}
}

// keep gives a text without what must not be read in it.
func (s secrecy) keep(text string) string {
	if s.secrets != nil {
		text = s.secrets.Replace(text)
	}
	return e164.ReplaceAllString(text, "•••$1")
}

// attr is keep for what is logged.
func (s secrecy) attr(_ []string, a slog.Attr) slog.Attr {
	switch v := a.Value.Any().(type) {
	case string:
		a.Value = slog.StringValue(s.keep(v))
	case error:
		a.Value = slog.StringValue(s.keep(v.Error()))
	case []string:
		kept := make([]string, len(v))
		for i := range v {
			kept[i] = s.keep(v[i])
		}
		a.Value = slog.AnyValue(kept)
	case fmt.Stringer:
		if a.Value.Kind() == slog.KindAny {
			a.Value = slog.StringValue(s.keep(v.String()))
		}
	}
	return a
}
