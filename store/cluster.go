package store

import (
	"fmt"
	"maps"
	"regexp"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// shardBy puts all of a tenant on one shard, so that a query that groups by tenant first
// runs on each shard by itself.
const shardBy = "cityHash64(tenant_id)"

// local is the suffix of a shard's own part of a table.
const local = "_local"

var (
	createTable  = regexp.MustCompile(`(?s)^CREATE TABLE IF NOT EXISTS (\w+)\s*(\(.*\))\s*ENGINE = (\w*)MergeTree(?:\(([^)]*)\))?\s+ORDER BY (.*)$`)
	statesView   = regexp.MustCompile(`(?s)^((?:CREATE (?:OR REPLACE )?VIEW (?:IF NOT EXISTS )?|DROP VIEW (?:IF EXISTS )?)\w+)(.*)$`)
	alterTable   = regexp.MustCompile(`(?s)^ALTER TABLE (\w+)\s(.*)$`)
	insertInto   = regexp.MustCompile(`(?s)^INSERT INTO `)
	aboutColumns = regexp.MustCompile(`^(ADD|DROP|RENAME|MODIFY|COMMENT) COLUMN\b`)
)

// topology turns the statements of migrations, which are written for a single server,
// into those that do the same on a cluster. Without a cluster they stay as they are.
//
// A table that is ordered by tenant_id first is sharded: NAME_local, replicated within a
// shard, and NAME, Distributed over it by tenant. Any other table is small, or must have
// one order of writing, as the journal: it is replicated to every server and read
// where one is. Views read whichever has the plain name.
type topology struct {
	cluster string
	sharded map[string]bool
}

func newTopology(cluster string, all []migration) topology {
	t := topology{cluster: cluster, sharded: map[string]bool{}}
	for _, m := range all {
		for _, statement := range m.statements {
			if m := createTable.FindStringSubmatch(statement); m != nil && strings.HasPrefix(m[5], "(tenant_id,") {
				t.sharded[m[1]] = true
			}
		}
	}
	return t
}

func (t topology) render(statement string) ([]string, error) {
	if t.cluster == "" {
		return []string{statement}, nil
	}
	on := " ON CLUSTER " + quoteName(t.cluster)
	if m := createTable.FindStringSubmatch(statement); m != nil {
		return t.table(m[1], on, m[2], m[3], m[4], m[5]), nil
	}
	if m := statesView.FindStringSubmatch(statement); m != nil {
		return []string{m[1] + on + m[2]}, nil
	}
	if m := alterTable.FindStringSubmatch(statement); m != nil {
		name, change := m[1], m[2]
		if !t.sharded[name] {
			return []string{"ALTER TABLE " + name + on + " " + change}, nil
		}
		both := []string{"ALTER TABLE " + name + local + on + " " + change}
		if aboutColumns.MatchString(change) { // a Distributed table has columns and nothing else
			both = append(both, "ALTER TABLE "+name+on+" "+change)
		}
		return both, nil
	}
	if insertInto.MatchString(statement) {
		return []string{statement}, nil
	}
	return nil, fmt.Errorf("it is not known how to run this on a cluster: %.60q…; "+
		"write it as CREATE TABLE IF NOT EXISTS … ENGINE = MergeTree ORDER BY …, CREATE VIEW, ALTER TABLE or INSERT INTO", statement)
}

func (t topology) table(name, on, columns, kind, arguments, rest string) []string {
	if arguments != "" {
		arguments = ", " + arguments
	}
	if !t.sharded[name] {
		return []string{fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s%s\n%s\n"+
			"ENGINE = Replicated%sMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}'%s)\nORDER BY %s",
			name, on, columns, kind, arguments, rest)}
	}
	return []string{
		fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s%s%s\n%s\n"+
			"ENGINE = Replicated%sMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}'%s)\nORDER BY %s",
			name, local, on, columns, kind, arguments, rest),
		fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s%s AS %s%s\nENGINE = Distributed(%s, currentDatabase(), %s%s, %s)",
			name, on, name, local, quoteText(t.cluster), name, local, shardBy),
	}
}

// clusterSettings make a cluster answer as one server would: a row is there for the next
// query once its insert is acknowledged, and a subquery reads the shard's own part,
// which is all of its tenants'.
func clusterSettings(settings clickhouse.Settings) clickhouse.Settings {
	all := clickhouse.Settings{
		"distributed_foreground_insert": 1,
		"distributed_product_mode":      "local",
		"load_balancing":                "in_order", // read where the insert went, while that replica lives
	}
	maps.Copy(all, settings) // the DSN's
	return all
}

func quoteName(name string) string {
	return "`" + strings.NewReplacer(`\`, `\\`, "`", "\\`").Replace(name) + "`"
}

func quoteText(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(text) + "'"
}
