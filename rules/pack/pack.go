// Package pack is the rules that come with Fairdial. README.md says which there are and
// why; each file says the rest.
package pack

//go:generate go run ./lock

import (
	"embed"

	"fairdial/rules"
)

//go:embed *.yaml
var files embed.FS

// Rules is the built-in pack.
func Rules() (rules.Pack, error) { return rules.Load(files) }

// Lock ties the versions of the built-in rules to their content.
func Lock() (rules.Lock, error) { return rules.ReadLock(files) }
