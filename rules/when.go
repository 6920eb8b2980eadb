package rules

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"
)

// Condition is a rule's `when`, compiled: which of the rows that its SQL gives are findings.
type Condition struct{ program *vm.Program }

// judged is what a condition knows of every row, beside the columns that the rule's SQL
// gives. A baseline that is NULL is 0, and has_baseline false.
var judged = map[string]any{
	"tenant_id": "", "organizer_id": "", "at": time.Time{}, "window_start": time.Time{}, "window_end": time.Time{},
	"value": 0.0, "threshold": 0.0, "baseline": 0.0, "has_baseline": false, "severity": "",
}

// The functions of conditions, and the methods of times and lengths of time: those that
// give the same answer whenever and wherever they are asked.
var (
	conditionFunctions = strings.Fields(`all none any one filter map count sum len abs ceil floor round int float string lower upper trim
		hasPrefix hasSuffix indexOf min max mean median first last uniq join split duration`)
	conditionMethods = strings.Fields(`Year Month Day Weekday Hour Minute Second YearDay Unix Before After Equal Sub Hours Minutes Seconds String`)
)

// mostNodes is how large a condition may be: what is larger is for SQL.
const mostNodes = 200

// Condition compiles the rule's condition for rows with these columns, each with a value of
// its type; nil where the rule has none.
func (r Rule) Condition(columns map[string]any) (*Condition, error) {
	if strings.TrimSpace(r.When) == "" {
		return nil, nil //nolint:nilnil // most rules have none
	}
	env := types.Map{}
	for name, v := range columns {
		env[name] = types.TypeOf(v)
	}
	for name, v := range judged {
		env[name] = types.TypeOf(v)
	}
	return compile(r.When, env)
}

// checkWhen compiles the condition as far as that is possible before the engine says of
// which types the columns are: a word of the SQL may be a column of any type.
func (r Rule) checkWhen() error {
	env := types.Map{}
	for _, word := range sqlName.FindAllString(r.SQL, -1) {
		env[word] = types.Any
	}
	for name, v := range judged {
		env[name] = types.TypeOf(v)
	}
	_, err := compile(r.When, env)
	return err
}

func compile(text string, env types.Map) (*Condition, error) {
	limits := &limits{}
	options := []expr.Option{expr.Env(env), expr.AsBool(), expr.MaxNodes(mostNodes), expr.Timezone("UTC"), expr.DisableAllBuiltins(), expr.Patch(limits)}
	for _, name := range conditionFunctions {
		options = append(options, expr.EnableBuiltin(name))
	}
	program, err := expr.Compile(text, options...)
	if limits.why != "" {
		return nil, errors.New(limits.why)
	}
	if mistake, ok := errors.AsType[*file.Error](err); ok {
		return nil, fmt.Errorf("%s (line %d, column %d of the condition)", mistake.Message, mistake.Line, mistake.Column+1)
	}
	if err != nil {
		return nil, errors.New(strings.Join(strings.Fields(err.Error()), " "))
	}
	return &Condition{program}, nil
}

// limits refuses what could run for long, or give another answer elsewhere.
type limits struct{ why string }

// Visit looks at one node; the first that is refused counts.
func (l *limits) Visit(node *ast.Node) {
	refuse := func(why string) {
		if l.why == "" {
			l.why = "refused: " + why
		}
	}
	switch n := (*node).(type) {
	case *ast.BinaryNode:
		if n.Operator == ".." {
			refuse("a range; lists come from the rule's SQL")
		}
	case *ast.PredicateNode:
		inside := &nested{}
		body := n.Node
		ast.Walk(&body, inside)
		if inside.found {
			refuse("a loop within a loop; that is for SQL")
		}
	case *ast.CallNode:
		if m, ok := n.Callee.(*ast.MemberNode); ok {
			if name, ok := m.Property.(*ast.StringNode); !ok || !slices.Contains(conditionMethods, name.Value) {
				refuse("a method other than " + strings.Join(conditionMethods, ", "))
			}
		}
	}
}

// nested finds loops.
type nested struct{ found bool }

// Visit looks at one node.
func (n *nested) Visit(node *ast.Node) {
	if _, ok := (*node).(*ast.PredicateNode); ok {
		n.found = true
	}
}

// Holds says whether a row is a finding. The row has every column that the condition was
// compiled for, without NULL.
func (c *Condition) Holds(row Row) (bool, error) {
	machine := vm.VM{MemoryBudget: 100_000}
	out, err := machine.Run(c.program, map[string]any(row))
	if err != nil {
		return false, errors.New(strings.Join(strings.Fields(err.Error()), " "))
	}
	holds, _ := out.(bool)
	return holds, nil
}
