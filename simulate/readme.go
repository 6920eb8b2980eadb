package simulate

import (
	_ "embed"
	"fmt"
	"path/filepath"
	"strings"
)

//go:embed data/workload.md
var workloadText string

// writeReadme explains the folder to who finds it.
func writeReadme(dir string, o Options) error {
	f, err := createFile(filepath.Join(dir, "README.md"))
	if err != nil {
		return err
	}
	months := o.months()
	text := strings.NewReplacer(
		"{seed}", fmt.Sprint(o.Seed), "{tenants}", fmt.Sprint(o.Tenants), "{organizers}", fmt.Sprint(o.Organizers),
		"{from}", months[0].String(), "{to}", months[len(months)-1].String(),
	).Replace(workloadText)
	f.put(text)
	return f.close()
}
