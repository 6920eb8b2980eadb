package simulate

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/usage"
)

// given is one row of a usage file, read by the standard library alone.
type given struct {
	file     string
	position int
	raw      string // the whole row
	fault    string // why it is malformed

	ID          string      `json:"id"`
	User        string      `json:"userId"`
	Name        string      `json:"userDisplayName"`
	Start       string      `json:"startDateTime"`
	End         string      `json:"endDateTime"`
	Duration    json.Number `json:"duration"`
	Charge      json.Number `json:"charge"`
	Connection  json.Number `json:"connectionCharge"`
	Type        string      `json:"callType"`
	Currency    string      `json:"currency"`
	Callee      string      `json:"calleeNumber"`
	Caller      string      `json:"callerNumber"`
	Context     string      `json:"destinationContext"`
	Destination string      `json:"destinationName"`
	Conference  string      `json:"conferenceId"`
	Capability  string      `json:"licenseCapability"`
	start       time.Time
	seconds     int
}

// set puts a cell of an export where the Graph row has it.
func (g *given) set(column, cell string) {
	switch column {
	case "UsageId":
		g.ID = cell
	case "Microsoft Entra ObjectId", "AAD ObjectId":
		g.User = cell
	case "User Display Name":
		g.Name = cell
	case "Start Time":
		g.Start = cell
	case "End Time":
		g.End = cell
	case "Duration Seconds":
		g.Duration = json.Number(cell)
	case "Charge":
		g.Charge = json.Number(cell)
	case "Connection Fee":
		g.Connection = json.Number(cell)
	case "Call Type":
		g.Type = cell
	case "Currency":
		g.Currency = cell
	case "Destination Number":
		g.Callee = cell
	case "Caller ID":
		g.Caller = cell
	case "Domestic/International":
		g.Context = cell
	case "Destination Dialed":
		g.Destination = cell
	case "Conference ID":
		g.Conference = cell
	case "Capability":
		g.Capability = cell
	}
}

// readUsage reads all rows of a tenant, in the order of the file names. The rows of
// the workload that tests share are read once.
func readUsage(t *testing.T, dir, tenant string) []given {
	t.Helper()
	if dir != crowded.dir {
		return parseUsage(t, dir, tenant)
	}
	if crowded.rows == nil {
		crowded.rows = map[string][]given{}
	}
	if crowded.rows[tenant] == nil {
		crowded.rows[tenant] = parseUsage(t, dir, tenant)
	}
	return crowded.rows[tenant]
}

func parseUsage(t *testing.T, dir, tenant string) []given {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "usage", tenant, "*"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	sort.Strings(paths)
	var out []given
	for _, path := range paths {
		name := filepath.Base(path)
		switch filepath.Ext(path) {
		case ".zip":
			z, err := zip.OpenReader(path)
			require.NoError(t, err)
			require.Len(t, z.File, 2)
			require.Equal(t, "parameters.json", z.File[0].Name)
			r, err := z.File[1].Open()
			require.NoError(t, err)
			out = append(out, readCSV(t, name, r, columns25)...)
			require.NoError(t, r.Close())
			require.NoError(t, z.Close())
		case ".csv":
			f, err := os.Open(path)
			require.NoError(t, err)
			out = append(out, readCSV(t, name, f, columns20)...)
			require.NoError(t, f.Close())
		case ".json":
			body, err := os.ReadFile(path)
			require.NoError(t, err)
			var page struct {
				Count int               `json:"@odata.count"`
				Value []json.RawMessage `json:"value"`
			}
			require.NoError(t, json.Unmarshal(body, &page), name)
			require.Len(t, page.Value, page.Count)
			for i, raw := range page.Value {
				out = append(out, readJSON(name, i+1, raw))
			}
		case ".jsonl":
			body, err := os.ReadFile(path)
			require.NoError(t, err)
			for i, line := range bytes.Split(bytes.TrimSuffix(body, []byte("\n")), []byte("\n")) {
				out = append(out, readJSON(name, i+1, line))
			}
		default:
			require.Fail(t, "unknown file", path)
		}
	}
	return out
}

func readCSV(t *testing.T, name string, from io.Reader, header string) []given {
	t.Helper()
	r := csv.NewReader(from)
	r.FieldsPerRecord = -1
	columns, err := r.Read()
	require.NoError(t, err)
	require.Equal(t, strings.TrimSuffix(header, "\r\n"), strings.Join(columns, ","))
	var out []given
	for {
		cells, err := r.Read()
		if err == io.EOF {
			return out
		}
		require.NoError(t, err)
		line, _ := r.FieldPos(0)
		g := given{file: name, position: line, raw: strings.Join(cells, "\x00")}
		if len(cells) != len(columns) {
			g.fault = "truncated"
		}
		for i, c := range cells {
			g.set(columns[i], c)
		}
		g.judge()
		out = append(out, g)
	}
}

func readJSON(name string, position int, raw []byte) given {
	g := given{file: name, position: position, raw: string(raw)}
	if json.Unmarshal(raw, &g) != nil || g.Start == "" {
		g.fault = "truncated"
	}
	g.judge()
	return g
}

func (g *given) judge() {
	if g.fault != "" {
		return
	}
	var errTime, errNumber error
	g.start, errTime = time.Parse(time.RFC3339Nano, g.Start)
	g.seconds, errNumber = strconv.Atoi(g.Duration.String())
	switch {
	case g.ID == "":
		g.fault = "missing_usage_id"
	case errNumber != nil || g.seconds < 0:
		g.fault = "negative_duration"
	case errTime != nil:
		g.fault = "bad_date"
	}
}

// dialled calls back for each distinct sound conf_out row of a tenant, as it first
// came.
func dialled(t *testing.T, dir, tenant string, each func(given)) {
	t.Helper()
	seen := map[string]bool{}
	for _, g := range readUsage(t, dir, tenant) {
		if g.fault == "" && g.Type == usage.ConfOut && !seen[g.ID] {
			seen[g.ID] = true
			each(g)
		}
	}
}

func readTenants(t *testing.T, dir string) []usage.Tenant {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(dir, "tenants.json"))
	require.NoError(t, err)
	var out []usage.Tenant
	require.NoError(t, json.Unmarshal(body, &out))
	return out
}

// readTable reads a CSV file as one map a line.
func readTable(t *testing.T, path ...string) []map[string]string {
	t.Helper()
	f, err := os.Open(filepath.Join(path...))
	require.NoError(t, err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	var out []map[string]string
	for _, r := range rows[1:] {
		m := map[string]string{}
		for i, c := range r {
			m[rows[0][i]] = c
		}
		out = append(out, m)
	}
	return out
}

// checkLedger counts every file again and compares with expected/.
func checkLedger(t *testing.T, dir string) {
	t.Helper()
	broken := map[string]string{}
	for _, m := range readTable(t, dir, "expected", "malformed.csv") {
		broken[m["tenant_id"]+m["file"]+"#"+m["position"]] = m["kind"]
	}
	var total int
	for _, l := range readTable(t, dir, "expected", "ledger.csv") {
		count := map[string]int{}
		seen := map[string]string{}
		for _, g := range readUsage(t, dir, l["tenant_id"]) {
			count["read"]++
			if g.fault != "" {
				count["rejected"]++
				key := l["tenant_id"] + g.file + "#" + strconv.Itoa(g.position)
				require.Equal(t, broken[key], g.fault, key)
				delete(broken, key)
				continue
			}
			before, known := seen[g.ID]
			seen[g.ID] = g.raw
			switch {
			case known && before == g.raw:
				count["duplicate"]++
			case known || g.Type == usage.ConfOut:
				count["accepted"]++
			default:
				count["ignored"]++
			}
		}
		for _, k := range []string{"read", "accepted", "duplicate", "ignored", "rejected"} {
			require.Equal(t, l[k], strconv.Itoa(count[k]), "%s of tenant %s", k, l["tenant_id"])
		}
		total += count["read"]
	}
	require.Empty(t, broken, "malformed rows that are in no file")
	require.NotZero(t, total)
}
