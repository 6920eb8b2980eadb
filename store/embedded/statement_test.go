package embedded

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseStatement(t *testing.T) {
	for text, want := range map[string]statement{
		"SELECT 1":                                {text: "SELECT 1", kind: "SELECT", selects: true},
		" select 1 ; ":                            {text: " select 1 ", kind: "SELECT", selects: true},
		"SELECT 1;;":                              {},
		"SELECT 1; -- the end":                    {text: "SELECT 1", kind: "SELECT", selects: true},
		"-- a; b\nSELECT ';' /* ; /* ; */ ; */":   {text: "-- a; b\nSELECT ';' /* ; /* ; */ ; */", kind: "SELECT", selects: true},
		"SELECT 'it''s; \\'; x', \"a;b\", `c;d`":  {text: "SELECT 'it''s; \\'; x', \"a;b\", `c;d`", kind: "SELECT", selects: true},
		"SELECT $tag$ ; ' $tag$, $$;$$":           {text: "SELECT $tag$ ; ' $tag$, $$;$$", kind: "SELECT", selects: true},
		"(SELECT 1) UNION ALL SELECT 2":           {text: "(SELECT 1) UNION ALL SELECT 2", kind: "SELECT", selects: true},
		"WITH 1 AS x SELECT x FORMAT JSON":        {text: "WITH 1 AS x SELECT x FORMAT JSON", kind: "WITH", selects: true, output: "JSON"},
		"WITH 1 AS x INSERT INTO t SELECT x":      {text: "WITH 1 AS x INSERT INTO t SELECT x", kind: "INSERT"},
		"FROM t SELECT *":                         {text: "FROM t SELECT *", kind: "FROM", selects: true},
		"INSERT INTO t VALUES (';'), ('b')":       {text: "INSERT INTO t VALUES (';'), ('b')", kind: "INSERT"},
		"INSERT INTO t FORMAT CSV\n1;2'\n3;\"4\n": {text: "INSERT INTO t FORMAT CSV\n1;2'\n3;\"4\n", kind: "INSERT", output: "CSV"},
		"CREATE TABLE t (x UInt8) ENGINE = Null;": {text: "CREATE TABLE t (x UInt8) ENGINE = Null", kind: "CREATE"},
		"SELECT format('{}', 1)":                  {text: "SELECT format('{}', 1)", kind: "SELECT", selects: true},
		"SELECT 1; SELECT 2":                      {},
		"DROP TABLE a; SET readonly = 0":          {},
		"SELECT 'open":                            {text: "SELECT 'open", kind: "SELECT", selects: true},
		"":                                        {},
		" -- only a comment":                      {},
		";":                                       {},
	} {
		got, err := parseStatement(text)
		if want.kind == "" {
			var exception *Exception
			require.ErrorAs(t, err, &exception, "%q", text)
			require.Equal(t, codeSyntax, exception.Code)
			continue
		}
		require.NoError(t, err, "%q", text)
		require.Equal(t, want, got, "%q", text)
	}
}

func TestInsertHead(t *testing.T) {
	for text, want := range map[string][2]string{
		"INSERT INTO t (a, b) FORMAT Native":                        {"INSERT INTO t (a, b)", "Native"},
		"insert into `format` settings x = 'FORMAT y' format CSV ;": {"insert into `format` settings x = 'FORMAT y'", "CSV"},
		"INSERT INTO t /* FORMAT */ FORMAT JSONEachRow -- x":        {"INSERT INTO t /* FORMAT */", "JSONEachRow"},
		"INSERT INTO t VALUES":                                      {},
		"INSERT INTO t SELECT 1":                                    {},
		"SELECT 1 FORMAT CSV":                                       {},
		"":                                                          {},
	} {
		head, format, ok := insertHead(text)
		require.Equal(t, want[1] != "", ok, text)
		require.Equal(t, want, [2]string{head, format}, text)
	}
}

func FuzzParseStatement(f *testing.F) {
	for _, seed := range []string{"SELECT 1; x", "/* /* */", "'\\", "$a$", "$$", "`", "INSERT INTO t FORMAT x", "\x00;\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		st, err := parseStatement(text)
		if err == nil {
			if !strings.HasPrefix(text, st.text) || st.kind == "" {
				t.Fatalf("%q became %+v", text, st)
			}
			_ = guardReadonly(st)
			// What was taken for one statement is still one when it stands alone.
			if again, err := parseStatement(st.text); err != nil || again.text != st.text {
				t.Fatalf("%q became %q, and that %q, %v", text, st.text, again.text, err)
			}
		}
		if head, format, ok := insertHead(text); ok && (head == "" || format == "") {
			t.Fatalf("%q has head %q and format %q", text, head, format)
		}
		for lex, n := (lexer{text: text}), 0; ; n++ {
			tok := lex.next()
			if tok.kind == end {
				break
			}
			if tok.end <= tok.start || n > len(text) {
				t.Fatalf("%q stands still at %d", text, tok.start)
			}
		}
	})
}

func TestNewException(t *testing.T) {
	for text, want := range map[string]Exception{
		"Code: 60. DB::Exception: no table":         {60, "Code: 60. DB::Exception: no table"},
		"Error: Code: 47. DB::Exception: no column": {47, "Code: 47. DB::Exception: no column"},
		"what":     {codeUnknown, "Code: 1002. DB::Exception: what (UNKNOWN_EXCEPTION)"},
		"Code: 0.": {codeUnknown, "Code: 1002. DB::Exception: Code: 0. (UNKNOWN_EXCEPTION)"},
	} {
		require.Equal(t, want, *newException(text))
	}
}
