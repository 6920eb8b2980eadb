package detector

import (
	"context"
	"errors"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"

	"fairdial/rules"
)

// codeUnknownTable is the engine's, of a name after FROM that it does not know.
const codeUnknownTable = 60

var (
	// What the engine says beside the mistake itself: its code, the query it sees, the names of its classes.
	engineHead  = regexp.MustCompile(`^(?:Code: \d+\. )?(?:DB::Exception: )?`)
	engineScope = regexp.MustCompile(`(?s)(?:[:.]? ?(?:in|In) scope .*?)(\. Maybe you meant: .*?)?(?:$| \([A-Z_0-9]+\)\s*$)`)
	engineTail  = regexp.MustCompile(`(?s)(?:: ?(?:While|while) .*|[.:]? ?\(version .*\)|\.? ?\([A-Z][A-Z_0-9]+\)\.?\s*)$`)
	engineWord  = regexp.MustCompile("['`]([^'`]+)['`]")
	engineWrote = regexp.MustCompile(`(?s)^Syntax error: failed at position \d+ \((.*?)\)(?: \(line \d+, col (\d+)\))?: .*`)
	enginePlace = regexp.MustCompile(`\(line (\d+), col \d+\)`)
)

// mistake is what the engine says of a rule's SQL as a mistake of the rule, with its line. Errors
// that are not the rule's stay as they are.
func mistake(ctx context.Context, r rules.Rule, key string, err error) error {
	e, engine := errors.AsType[*clickhouse.Exception](err)
	if _, away := errors.AsType[net.Error](err); away || ctx.Err() != nil || engine && outOfMemory(err) {
		return err
	}
	if !engine {
		return rules.Failed([]rules.Problem{r.Problem(key, strings.TrimPrefix(err.Error(), "rule "+r.Key()+": "), err)})
	}
	text := plainly(e.Message)
	if e.Code == codeUnknownTable {
		text += "; a rule reads " + strings.Join(Views(), ", ")
	}
	line := 0
	if m := enginePlace.FindStringSubmatch(e.Message); m != nil {
		line, _ = strconv.Atoi(m[1])
		if key == "evidence" {
			line-- // it is read within a SELECT
		}
	} else if m := engineWord.FindStringSubmatch(text); m != nil {
		if key == "sql" && lineOf(r.SQL, m[1]) == 0 && lineOf(r.Evidence, m[1]) > 0 {
			key = "evidence"
		}
		line = lineOf(map[string]string{"sql": r.SQL, "evidence": r.Evidence}[key], m[1])
	}
	return rules.Failed([]rules.Problem{r.ProblemAt(key, line, text, err)})
}

// plainly is an engine's message without what is said for its makers.
func plainly(message string) string {
	text := engineHead.ReplaceAllString(strings.TrimSpace(message), "")
	if m := engineWrote.FindStringSubmatch(text); m != nil {
		return strings.TrimSuffix("Syntax error at "+m[1]+", column "+m[2], ", column ")
	}
	text = engineScope.ReplaceAllString(text, "$1")
	for {
		shorter := strings.TrimSpace(engineTail.ReplaceAllString(text, ""))
		if shorter == text {
			return strings.TrimSuffix(text, ".")
		}
		text = shorter
	}
}

// lineOf is the line of a text, from 1, on which a name stands; 0 where it does not.
func lineOf(text, name string) int {
	word, err := regexp.Compile(`(?:^|\W)` + regexp.QuoteMeta(name) + `(?:\W|$)`)
	if err != nil {
		return 0
	}
	return slices.IndexFunc(strings.Split(text, "\n"), word.MatchString) + 1
}
