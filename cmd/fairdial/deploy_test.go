package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

// exportedMetrics are the metrics that the program's source names.
func exportedMetrics(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	name := regexp.MustCompile(`"(fairdial_[a-z_]+)"`)
	for _, folder := range []string{".", "../../console"} {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		require.NoError(t, err)
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			for _, m := range name.FindAllStringSubmatch(string(text), -1) {
				out[m[1]] = true
			}
		}
	}
	require.NotEmpty(t, out)
	return out
}

// known fails for an expression that asks for what nobody exports. Whether it parses is
// checked by Prometheus's own parser in deploy/check, a module of its own.
func known(t *testing.T, metrics map[string]bool, expr string) {
	t.Helper()
	asked := regexp.MustCompile(`fairdial_[a-z_]+`).FindAllString(expr, -1)
	require.NotEmpty(t, asked, expr)
	for _, name := range asked {
		require.True(t, metrics[name], "%s is exported by nobody", name)
	}
}

func TestTheAlertRulesAskForWhatThereIs(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../deploy/prometheus/fairdial.rules.yaml")
	require.NoError(t, err)
	var file struct {
		Groups []struct {
			Name  string `yaml:"name"`
			Rules []struct {
				Alert       string            `yaml:"alert"`
				Expr        string            `yaml:"expr"`
				For         string            `yaml:"for"`
				Labels      map[string]string `yaml:"labels"`
				Annotations map[string]string `yaml:"annotations"`
			} `yaml:"rules"`
		} `yaml:"groups"`
	}
	require.NoError(t, yaml.Load(text, &file, yaml.WithKnownFields()))
	metrics, seen := exportedMetrics(t), map[string]bool{}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			require.False(t, seen[r.Alert], r.Alert)
			seen[r.Alert] = true
			known(t, metrics, r.Expr)
			require.Contains(t, []string{"warning", "critical"}, r.Labels["severity"], r.Alert)
			require.NotEmpty(t, r.Annotations["summary"], r.Alert)
			if r.For != "" {
				_, err := time.ParseDuration(r.For)
				require.NoError(t, err, r.Alert)
			}
		}
	}
	require.True(t, seen["FairdialSourceLate"])
}

func TestTheDashboardAsksForWhatThereIs(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../deploy/grafana/sources.json")
	require.NoError(t, err)
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	require.NoError(t, json.Unmarshal(text, &board))
	require.NotEmpty(t, board.Panels)
	metrics := exportedMetrics(t)
	for _, p := range board.Panels {
		require.NotEmpty(t, p.Targets, p.Title)
		for _, target := range p.Targets {
			known(t, metrics, target.Expr)
		}
	}
}
