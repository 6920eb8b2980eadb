package embedded

import (
	"fmt"
	"strings"
)

// statement is what the binding must know of a query before it runs it.
type statement struct {
	text    string // without the semicolon at its end
	kind    string // its first keyword, in upper case
	selects bool   // its result can be fetched in blocks
	output  string // FORMAT named in the statement, if any
}

// parseStatement refuses what ClickHouse's HTTP interface refuses: an empty query and
// a second statement. The engine itself would run both statements of "SELECT 1; DROP …".
func parseStatement(text string) (statement, error) {
	lex := lexer{text: text}
	st := statement{text: text}
	var last token
	for depth := 0; ; {
		t := lex.next()
		switch {
		case t.kind == end:
			if st.kind == "" {
				return st, exceptionf(codeSyntax, "Empty query (SYNTAX_ERROR)")
			}
			if !st.selects {
				st.output = ""
			}
			return st, nil
		case t.kind == symbol && t.text == ";":
			if st.kind == "" {
				continue
			}
			if more := lex.next(); more.kind != end {
				return st, exceptionf(codeSyntax, "Multi-statements are not allowed: failed at position %d (SYNTAX_ERROR)", t.start+1)
			}
			st.text = text[:t.start]
			if !st.selects {
				st.output = ""
			}
			return st, nil
		case t.kind == symbol && t.text == "(":
			depth++
		case t.kind == symbol && t.text == ")":
			depth--
		}
		if st.kind == "" && t.kind == word {
			st.kind = strings.ToUpper(t.text)
			st.selects = st.kind == "SELECT" || st.kind == "WITH" || st.kind == "FROM"
		}
		if st.kind == "WITH" && depth == 0 && t.is("INSERT") {
			st.kind, st.selects = "INSERT", false
		}
		if depth == 0 && last.is("FORMAT") && t.kind == word {
			st.output = t.text
			if st.kind == "INSERT" {
				return st, nil // what follows is data, not SQL
			}
		}
		last = t
	}
}

// insertHead takes "INSERT INTO t (a, b) FORMAT Native" apart. The rows come beside it.
func insertHead(text string) (head, format string, ok bool) {
	lex := lexer{text: text}
	first := lex.next()
	if !first.is("INSERT") {
		return "", "", false
	}
	var before, last token
	for {
		t := lex.next()
		if t.kind == end || t.kind == symbol && t.text == ";" {
			break
		}
		before, last = last, t
	}
	if !before.is("FORMAT") || last.kind != word {
		return "", "", false
	}
	return strings.TrimSpace(text[:before.start]), last.text, true
}

// outside are the table functions, table engines' functions and scalar functions that
// reach past the store, to the file system, the network or another program.
var outside = map[string]bool{
	"file": true, "filecluster": true, "filesystem": true, "url": true, "urlcluster": true, "input": true,
	"s3": true, "s3cluster": true, "gcs": true, "oss": true, "cosn": true, "hdfs": true, "hdfscluster": true,
	"azureblobstorage": true, "azureblobstoragecluster": true, "remote": true, "remotesecure": true,
	"cluster": true, "clusterallreplicas": true, "mysql": true, "postgresql": true, "mongodb": true,
	"redis": true, "sqlite": true, "odbc": true, "jdbc": true, "executable": true, "python": true,
	"iceberg": true, "iceberglocal": true, "icebergs3": true, "icebergazure": true, "iceberghdfs": true,
	"deltalake": true, "deltalakelocal": true, "deltalakes3": true, "deltalakeazure": true, "hudi": true,
	"paimon": true, "paimonlocal": true, "paimons3": true, "ytsaurus": true, "arrowflight": true, "arrowstream": true,
	"catboostevaluate": true,
}

// guardReadonly holds what the setting readonly promises. The engine alone does not: a
// SETTINGS clause may reset the setting to its default, and file() reads any file that
// the daemon can.
func guardReadonly(st statement) error {
	switch st.kind {
	case "SELECT", "WITH", "FROM", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "EXISTS":
	default:
		return readonlyError("%s is not a query that only reads", st.kind)
	}
	lex := lexer{text: st.text}
	var last token
	for {
		t := lex.next()
		switch {
		case t.kind == end:
			return nil
		case t.is("readonly"):
			return readonlyError("the setting readonly cannot be changed")
		case t.is("OUTFILE") && last.is("INTO"):
			return readonlyError("a file cannot be written")
		case t.kind == symbol && t.text == "(" && outside[strings.ToLower(last.text)]:
			return readonlyError("the function %s reaches outside the store", last.text)
		}
		last = t
	}
}

func readonlyError(format string, args ...any) error {
	return exceptionf(codeReadonly, "Cannot execute query in readonly mode: %s. (READONLY)", fmt.Sprintf(format, args...))
}
