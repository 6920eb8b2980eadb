package detector

import (
	"context"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// params are server-side query parameters: text by name.
type params map[string]string

func (p params) and(name, value string) params {
	out := make(params, len(p)+1)
	maps.Copy(out, p)
	out[name] = value
	return out
}

func (p params) with(others map[string]string) params {
	out := make(params, len(p)+len(others))
	maps.Copy(out, p)
	maps.Copy(out, others)
	return out
}

// milli is a parameter that is a time in milliseconds.
func (p params) milli(name string) time.Time {
	ms, _ := strconv.ParseInt(p[name], 10, 64) // written by parameters
	return time.UnixMilli(ms).UTC()
}

// on puts the parameters, and settings, on a context for the driver.
func (p params) on(ctx context.Context, settings clickhouse.Settings) context.Context {
	options := []clickhouse.QueryOption{clickhouse.WithParameters(clickhouse.Parameters(p))}
	if settings != nil {
		options = append(options, clickhouse.WithSettings(settings))
	}
	return clickhouse.Context(ctx, options...)
}

// heavy bounds the making of feature views: they spill to disk rather than grow.
var heavy = clickhouse.Settings{
	"max_memory_usage":                         "1500000000",
	"max_bytes_before_external_sort":           "400000000",
	"max_bytes_before_external_group_by":       "400000000",
	"join_algorithm":                           "parallel_hash,hash,grace_hash",
	"max_execution_time":                       "600",
	"cast_keep_nullable":                       "0",
	"join_use_nulls":                           "0",
	"aggregate_functions_null_for_empty":       "0",
	"session_timezone":                         "UTC",
	"compile_expressions":                      "0",
	"compile_aggregate_expressions":            "0",
	"compile_sort_description":                 "0",
	"allow_suspicious_low_cardinality_types":   "1",
	"enable_analyzer":                          "1",
	"allow_experimental_correlated_subqueries": "0",
}

// confined bounds a rule's SQL: it reads, for so long and with so much memory.
var confined = clickhouse.Settings{
	"readonly":                           "2",
	"max_execution_time":                 "120",
	"max_memory_usage":                   "1000000000",
	"max_bytes_before_external_sort":     "300000000",
	"max_bytes_before_external_group_by": "300000000",
	"max_result_rows":                    "200000",
	"result_overflow_mode":               "throw",
	"session_timezone":                   "UTC",
	"compile_expressions":                "0",
	"compile_aggregate_expressions":      "0",
	"compile_sort_description":           "0",
	"enable_analyzer":                    "1",
	"join_use_nulls":                     "0",
}

// moment is a time as a parameter of type DateTime64(3), whatever the server's zone is.
func moment(t time.Time) string {
	ms := t.UnixMilli()
	sign := ""
	if ms < 0 {
		sign, ms = "-", -ms
	}
	frac := strconv.FormatInt(ms%1000, 10)
	return sign + strconv.FormatInt(ms/1000, 10) + "." + strings.Repeat("0", 3-len(frac)) + frac
}

// texts is a list as a parameter of type Array(String).
func texts(list []string) string {
	parts := make([]string, len(list))
	for i, s := range list {
		parts[i] = "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
	}
	return "[" + strings.Join(parts, ",") + "]"
}
