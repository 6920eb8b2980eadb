package ingest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Inbox is a watched folder. Files appear in it whole (written elsewhere and renamed, or
// under a name that ends in .tmp or .part), or are taken to be whole once they have kept
// their size for Settle.
type Inbox struct {
	Name   string
	Path   string
	Tenant string // whose usage it is; "": each folder below is named by its tenant's id
	Settle time.Duration
}

// The folders inside a tenant's folder to which files go once they were read.
const (
	doneFolder   = "done"
	failedFolder = "failed"
)

// InboxReport is what one pass over an inbox did.
type InboxReport struct {
	Files  []FileReport
	Total  Counts
	Failed int
	// Waiting is how many files had not settled yet.
	Waiting int
}

// Collect reads the files that are there and moves each to done, or to failed with the
// reason beside it. A crash between reading and moving is harmless: the file is read
// again and adds nothing.
func (g *Ingester) Collect(ctx context.Context, inbox Inbox, actor string) (InboxReport, error) {
	folders := map[string]string{}
	if inbox.Tenant != "" {
		folders[inbox.Tenant] = inbox.Path
	} else {
		entries, err := os.ReadDir(inbox.Path)
		if err != nil {
			return InboxReport{}, fmt.Errorf("source %s: %w", inbox.Name, err)
		}
		for _, e := range entries {
			if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
				folders[e.Name()] = filepath.Join(inbox.Path, e.Name())
			}
		}
	}
	var report InboxReport
	var bad []error
	for _, tenant := range sortedKeys(folders) {
		bad = append(bad, g.collect(ctx, inbox, tenant, folders[tenant], actor, &report))
	}
	return report, errors.Join(bad...)
}

func (g *Ingester) collect(ctx context.Context, inbox Inbox, tenant, folder, actor string, report *InboxReport) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return fmt.Errorf("source %s: %w", inbox.Name, err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) || err == nil && (!info.Mode().IsRegular() || passOver(e.Name()) != "") {
			continue
		}
		if err != nil {
			return fmt.Errorf("source %s: %w", inbox.Name, err)
		}
		if g.now().Sub(info.ModTime()) < inbox.Settle {
			report.Waiting++
			continue
		}
		path := filepath.Join(folder, e.Name())
		one, err := g.Ingest(ctx, tenant, actor, []string{path}, nil)
		if err != nil {
			return fmt.Errorf("source %s: %s: %w", inbox.Name, e.Name(), err)
		}
		report.Files = append(report.Files, one.Files...)
		report.Total.add(one.Total)
		if err := g.putAway(folder, e.Name(), one.Files, report); err != nil {
			return fmt.Errorf("source %s: %w", inbox.Name, err)
		}
	}
	return nil
}

// putAway moves a file that was read out of the inbox. A name that is taken gets the
// time before it: nothing is overwritten.
func (g *Ingester) putAway(folder, name string, files []FileReport, report *InboxReport) error {
	where, reason := doneFolder, ""
	for _, f := range files {
		if f.Error != "" {
			where, reason = failedFolder, f.Error
		}
	}
	target := filepath.Join(folder, where, g.now().UTC().Format(time.DateOnly))
	if err := os.MkdirAll(target, 0o750); err != nil {
		return err
	}
	to := filepath.Join(target, name)
	if _, err := os.Stat(to); err == nil {
		to = filepath.Join(target, g.now().UTC().Format("150405.000000000")+"-"+name)
	}
	if reason != "" {
		report.Failed++
		if err := os.WriteFile(to+".reason.txt", []byte(reason+"\n"), 0o600); err != nil {
			return err
		}
	}
	return os.Rename(filepath.Join(folder, name), to)
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
