package embedded

import "strings"

// token is a lexical element of a statement; only what the binding must tell apart.
type token struct {
	kind       tokenKind
	text       string // a word as written, a quoted name without its quotes
	start, end int    // offsets in the statement
}

type tokenKind uint8

const (
	end     tokenKind = iota
	word              // bare identifier, keyword or number
	quoted            // "name" or `name`
	literal           // 'text' or $tag$text$tag$
	symbol            // any other single byte
)

func (t token) is(keyword string) bool {
	return t.kind == word && strings.EqualFold(t.text, keyword)
}

// lexer splits a statement as ClickHouse's own lexer does (src/Parsers/Lexer.cpp), as
// far as finding words, quotes, comments and semicolons goes.
type lexer struct {
	text string
	pos  int
}

func (l *lexer) next() token {
	l.skipSpace()
	if l.pos >= len(l.text) {
		return token{kind: end, start: l.pos, end: l.pos}
	}
	start := l.pos
	switch c := l.text[start]; {
	case isWordByte(c):
		for l.pos < len(l.text) && isWordByte(l.text[l.pos]) {
			l.pos++
		}
		return token{kind: word, text: l.text[start:l.pos], start: start, end: l.pos}
	case c == '\'':
		l.skipQuoted(c)
		return token{kind: literal, start: start, end: l.pos}
	case c == '"' || c == '`':
		l.skipQuoted(c)
		return token{kind: quoted, text: strings.Trim(l.text[start:l.pos], string(c)), start: start, end: l.pos}
	case c == '$' && l.skipHeredoc():
		return token{kind: literal, start: start, end: l.pos}
	default:
		l.pos++
		return token{kind: symbol, text: l.text[start:l.pos], start: start, end: l.pos}
	}
}

func isWordByte(c byte) bool {
	return c == '_' || c >= 0x80 || c-'0' <= 9 || (c|0x20)-'a' <= 'z'-'a'
}

func (l *lexer) skipSpace() {
	for l.pos < len(l.text) {
		rest := l.text[l.pos:]
		switch {
		case strings.ContainsRune(" \t\r\n\f\v\x00", rune(rest[0])):
			l.pos++
		case strings.HasPrefix(rest, "--"), strings.HasPrefix(rest, "#!"), strings.HasPrefix(rest, "# "):
			if i := strings.IndexByte(rest, '\n'); i >= 0 {
				l.pos += i + 1
			} else {
				l.pos = len(l.text)
			}
		case strings.HasPrefix(rest, "/*"):
			l.skipBlockComment()
		default:
			return
		}
	}
}

// skipBlockComment: comments nest.
func (l *lexer) skipBlockComment() {
	depth := 0
	for l.pos < len(l.text) {
		rest := l.text[l.pos:]
		switch {
		case strings.HasPrefix(rest, "/*"):
			depth++
			l.pos += 2
		case strings.HasPrefix(rest, "*/"):
			depth--
			l.pos += 2
		default:
			l.pos++
		}
		if depth == 0 {
			return
		}
	}
}

// skipQuoted: a quote inside is doubled or behind a backslash.
func (l *lexer) skipQuoted(quote byte) {
	for l.pos++; l.pos < len(l.text); l.pos++ {
		switch l.text[l.pos] {
		case '\\':
			l.pos++
		case quote:
			if l.pos+1 < len(l.text) && l.text[l.pos+1] == quote {
				l.pos++
				continue
			}
			l.pos++
			return
		}
	}
	l.pos = len(l.text)
}

// skipHeredoc reports whether a $tag$…$tag$ begins here, and skips it.
func (l *lexer) skipHeredoc() bool {
	rest := l.text[l.pos:]
	i := 1
	for i < len(rest) && isWordByte(rest[i]) {
		i++
	}
	if i >= len(rest) || rest[i] != '$' {
		return false
	}
	tag := rest[:i+1]
	j := strings.Index(rest[i+1:], tag)
	if j < 0 {
		return false
	}
	l.pos += i + 1 + j + len(tag)
	return true
}
