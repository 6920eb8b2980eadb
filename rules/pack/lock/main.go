// Command lock writes the lock of the rules in the folder above: it takes in new rules and
// new versions, and refuses a rule that has changed without one.
package main

import (
	"fmt"
	"os"

	"fairdial/rules"
)

func main() {
	if err := renew("."); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func renew(dir string) error {
	folder := os.DirFS(dir)
	all, err := rules.Load(folder)
	if err != nil {
		return err
	}
	old, err := rules.ReadLock(folder)
	if err != nil {
		return err
	}
	renewed, err := old.Renew(all)
	if err != nil {
		return err
	}
	text, err := renewed.Text()
	if err != nil {
		return err
	}
	return os.WriteFile(dir+"/"+rules.LockFile, text, 0o644)
}
