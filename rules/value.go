package rules

import (
	"fmt"
	"math"
	"strings"
)

// Values is the parameters of a rule as the engine takes them: text by name. over
// replaces defaults.
func (r Rule) Values(over map[string]any) (map[string]string, error) {
	out := map[string]string{
		"warning":  fmt.Sprint(r.Thresholds.Warning),
		"critical": fmt.Sprint(r.Thresholds.Critical),
	}
	for _, p := range r.Parameters {
		v := p.Default
		if o, ok := over[p.Name]; ok {
			v = o
		}
		text, err := literal(p.Type, v)
		if err != nil {
			return nil, fmt.Errorf("parameter %s of rule %s: %w", p.Name, r.ID, err)
		}
		out[p.Name] = text
	}
	return out, nil
}

// literal is a value in the text form in which the engine takes a parameter of a type.
func literal(kind string, v any) (string, error) {
	if inner, ok := strings.CutPrefix(kind, "Array("); ok {
		list, ok := v.([]any)
		if !ok {
			return "", fmt.Errorf("want a list")
		}
		parts := make([]string, len(list))
		for i, e := range list {
			text, err := literal(strings.TrimSuffix(inner, ")"), e)
			if err != nil {
				return "", err
			}
			if strings.HasPrefix(inner, "String") {
				text = "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
			}
			parts[i] = text
		}
		return "[" + strings.Join(parts, ",") + "]", nil
	}
	switch x := v.(type) {
	case string:
		if kind == "String" || kind == "Date" {
			return x, nil
		}
	case bool:
		if kind == "Bool" {
			return fmt.Sprint(x), nil
		}
	case int:
		if strings.Contains(kind, "Int") && (x >= 0 || !strings.HasPrefix(kind, "U")) || strings.HasPrefix(kind, "Float") {
			return fmt.Sprint(x), nil
		}
	case float64:
		if strings.HasPrefix(kind, "Float") && !math.IsNaN(x) && !math.IsInf(x, 0) {
			return fmt.Sprint(x), nil
		}
	}
	return "", fmt.Errorf("%v is not of type %s", v, kind)
}
