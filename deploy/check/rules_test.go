// Package check has what is deployed parsed by those who will read it. It is a module of its
// own: the program should not depend on Prometheus.
package check

import (
	"encoding/json"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

// As `promtool check rules` does.
func TestPrometheusReadsTheAlertRules(t *testing.T) {
	groups, errs := rulefmt.ParseFile("../prometheus/fairdial.rules.yaml", false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
	for _, err := range errs {
		t.Error(err)
	}
	if groups == nil || len(groups.Groups) == 0 {
		t.Fatal("no rules")
	}
}

func TestPrometheusReadsTheDashboardsQueries(t *testing.T) {
	text, err := os.ReadFile("../grafana/sources.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &board); err != nil || len(board.Panels) == 0 {
		t.Fatal("no panels", err)
	}
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			if _, err := parser.NewParser(parser.Options{}).ParseExpr(strings.ReplaceAll(target.Expr, "$source", "x")); err != nil {
				t.Errorf("%s: %v", p.Title, err)
			}
		}
	}
}
