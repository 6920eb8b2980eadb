package simulate

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestLedgerIsWhatTheFilesHold(t *testing.T) {
	dir, s := dense(t)
	checkLedger(t, dir)
	require.NotZero(t, s.Corrections)
	require.NotZero(t, s.Duplicates)
	kinds := map[string]map[string]int{}
	for _, m := range readTable(t, dir, "expected", "malformed.csv") {
		if kinds[m["tenant_id"]] == nil {
			kinds[m["tenant_id"]] = map[string]int{}
		}
		kinds[m["tenant_id"]][m["kind"]]++
	}
	for _, tn := range readTenants(t, dir) {
		require.Len(t, kinds[tn.ID], 4, "every tenant has every kind of malformed row")
	}
}

var sevenDigits = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}(Z|\+00:00)$`)

// No row ends before it starts, money and numbers have their documented shape, and
// callees are masked where the organization's country wants it.
func TestRowsHaveTheDocumentedShape(t *testing.T) {
	dir, s := dense(t)
	dollars := regexp.MustCompile(`^\d+\.\d\d$`)
	e164 := regexp.MustCompile(`^\+[1-9]\d{2,14}\*{0,4}$`)
	types := map[string]int{}
	for _, tn := range readTenants(t, dir) {
		hidden := strings.Repeat("*", masked(tn.Country))
		late := 0
		var newest time.Time
		for _, g := range readUsage(t, dir, tn.ID) {
			if g.fault != "" {
				continue
			}
			types[g.Type]++
			end, err := time.Parse(time.RFC3339Nano, g.End)
			require.NoError(t, err)
			if g.start.Before(newest) {
				late++
			} else {
				newest = g.start
			}
			out := strings.Contains(g.Type, "_out")
			digits := strings.TrimRight(g.Callee, "*")
			for claim, holds := range map[string]bool{
				"times with seven digits": sevenDigits.MatchString(g.Start) && sevenDigits.MatchString(g.End),
				"ends when it has lasted": end.Sub(g.start) == time.Duration(g.seconds)*time.Second,
				"shorter than a day":      g.seconds < 86_400,
				"starts within the run":   !g.start.Before(s.From) && g.start.Before(s.To),
				"money":                   dollars.MatchString(g.Charge.String()) && dollars.MatchString(g.Connection.String()),
				"currency":                g.Currency == tn.Credits.Currency,
				"numbers":                 e164.MatchString(g.Callee) && e164.MatchString(g.Caller),
				"destination":             g.Destination != "",
				"UTF-8":                   utf8.ValidString(g.raw),
				"callee masked":           out && g.Callee == digits+hidden || !out && g.Callee == digits,
				"conference":              strings.HasPrefix(g.Type, "conf") == (g.Conference != ""),
				"bots have no user":       strings.HasPrefix(g.Type, "ucap") == (g.User == ""),
				"context of outbound":     out == (g.Context != ""),
				"nothing charged unpaid":  tn.Credits.Funded || g.Charge == "0.00",
			} {
				if !holds {
					require.Fail(t, claim, g.raw)
				}
			}
		}
		require.Greater(t, late, 10, "late records of %s", tn.Name)
	}
	require.Len(t, types, 7)
}

func TestExportsSayWhatTheyCover(t *testing.T) {
	dir, _ := dense(t)
	exports := 0
	for _, tn := range readTenants(t, dir) {
		paths, _ := filepath.Glob(filepath.Join(dir, "usage", tn.ID, "*.zip"))
		for i, path := range paths {
			exports++
			require.Regexp(t, `^Export\.callingplans\.[0-9a-f]{32}\.zip$`, filepath.Base(path))
			z, err := zip.OpenReader(path)
			require.NoError(t, err)
			require.Regexp(t, `^PSTN\.calls\.2026-0\d-03\.csv$`, z.File[1].Name)
			r, err := z.File[0].Open()
			require.NoError(t, err)
			var p struct {
				StartTime, EndTime time.Time
				Capabilities       []string
			}
			require.NoError(t, json.NewDecoder(r).Decode(&p))
			require.NoError(t, z.Close())
			require.Equal(t, time.Month(i+2), p.EndTime.Month(), "names are in the order of the months")
			require.NotEmpty(t, p.Capabilities)
		}
	}
	require.Equal(t, 9, exports) // three tenants, three months
}

func TestGraphPagesAreChained(t *testing.T) {
	dir, _ := dense(t)
	pages := 0
	for _, tn := range readTenants(t, dir) {
		paths, _ := filepath.Glob(filepath.Join(dir, "usage", tn.ID, "page-*.json"))
		sort.Strings(paths)
		requests, skip := 0, 0
		for i, path := range paths {
			require.Equal(t, fmt.Sprintf("page-%04d.json", i+1), filepath.Base(path))
			body, err := os.ReadFile(path)
			require.NoError(t, err)
			var page struct {
				Context string `json:"@odata.context"`
				Count   int    `json:"@odata.count"`
				Next    string `json:"@odata.nextLink"`
			}
			require.NoError(t, json.Unmarshal(body, &page))
			require.Equal(t, "https://graph.microsoft.com/v1.0/$metadata#Collection(microsoft.graph.callRecords.pstnCallLogRow)", page.Context)
			pages++
			if page.Next == "" { // the last page of a month's request
				requests, skip = requests+1, 0
				continue
			}
			require.Equal(t, 1000, page.Count)
			skip += 1000
			require.True(t, strings.HasSuffix(page.Next, fmt.Sprintf("?$skip=%d", skip)), page.Next)
		}
		if len(paths) > 0 {
			require.Equal(t, 3, requests)
		}
	}
	require.Greater(t, pages, 20)
}

func TestHostileNamesSurvive(t *testing.T) {
	dir, _ := dense(t)
	want := map[string]bool{}
	for _, n := range hostileNames() {
		want[n] = true
	}
	found := map[string]map[string]bool{} // by file kind
	for _, tn := range readTenants(t, dir) {
		for _, g := range readUsage(t, dir, tn.ID) {
			if n := g.Name; want[n] {
				ext := filepath.Ext(g.file)
				if found[ext] == nil {
					found[ext] = map[string]bool{}
				}
				found[ext][n] = true
			}
		}
	}
	for _, ext := range []string{".zip", ".csv", ".json", ".jsonl"} {
		require.NotEmpty(t, found[ext], ext)
	}
}

func TestDirectoryHasGraphShapes(t *testing.T) {
	dir, s := dense(t)
	users := 0
	deleted, changed := 0, 0
	for _, tn := range readTenants(t, dir) {
		var addon []int
		for _, date := range []string{"2026-01-01", "2026-01-31", "2026-02-01", "2026-02-28", "2026-03-01", "2026-03-31"} {
			at, err := time.Parse(time.DateOnly, date)
			require.NoError(t, err)
			var page struct{ Value []graphUser }
			body, err := os.ReadFile(filepath.Join(dir, "directory", tn.ID, date, "users.json"))
			require.NoError(t, err)
			require.NoError(t, json.Unmarshal(body, &page))
			used := map[string]int{}
			for _, u := range page.Value {
				for _, l := range u.AssignedLicenses {
					used[l.SKU]++
				}
				for _, p := range u.AssignedPlans {
					var since time.Time
					since, err = time.Parse(time.RFC3339, p.At)
					require.NoError(t, err)
					require.False(t, since.After(at), "a snapshot knows nothing of the future")
					if p.Status == "Deleted" {
						deleted++
					}
				}
			}
			var skus struct{ Value []graphSKU }
			body, err = os.ReadFile(filepath.Join(dir, "directory", tn.ID, date, "subscribedSkus.json"))
			require.NoError(t, err)
			require.NoError(t, json.Unmarshal(body, &skus))
			for _, k := range skus.Value {
				require.Equal(t, used[k.ID], k.Consumed, k.Part)
				require.LessOrEqual(t, k.Consumed, k.Prepaid.Enabled+k.Prepaid.Warning, "%s of %s", k.Part, tn.Name)
				delete(used, k.ID)
			}
			require.Empty(t, used, "assigned and not bought")
			addon = append(addon, len(page.Value))
			if date == "2026-03-31" {
				users += len(page.Value)
			}
		}
		if addon[0] != addon[len(addon)-1] {
			changed++
		}
	}
	require.Equal(t, s.Organizers, users)
	require.NotZero(t, deleted)
	require.NotZero(t, changed, "new starters appear in later snapshots only")
}

func TestRateSheets(t *testing.T) {
	dir, _ := dense(t)
	for _, tn := range readTenants(t, dir) {
		cur := tn.Credits.Currency
		rows := readTable(t, dir, "rates-"+cur+".csv")
		require.Greater(t, len(rows), 220)
		prefixes := map[string]bool{}
		for _, r := range rows {
			require.Regexp(t, `^\d+\.\d{4}$`, r["Per Minute Rate in "+cur+" (Billed in Tenths of a Minute)"])
			require.Regexp(t, `^\d+\.\d{4}$`, r["Connection charge in "+cur])
			for p := range strings.SplitSeq(r["Prefix(es)"], ", ") {
				require.Regexp(t, `^[1-9]\d*$`, p)
				require.False(t, prefixes[p], "prefix %s is there twice", p)
				prefixes[p] = true
			}
		}
		for _, want := range []string{"1", "1416", "1876", "1900", "44", "49", "8816"} {
			require.True(t, prefixes[want], want)
		}
	}
}
