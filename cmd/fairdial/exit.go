package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// The exit codes of every command; README.md documents them.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// usageError is a mistake in how a command was called.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// exitCode classifies an error, here and nowhere else, and says it on w.
func exitCode(w io.Writer, command string, err error, kept secrecy) int {
	var usage usageError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &usage):
		fmt.Fprintf(w, "fairdial: %s\n", kept.keep(strings.TrimPrefix(err.Error(), "fairdial ")))
		fmt.Fprintf(w, "Try: %s --help\n", command)
		return exitUsage
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(w, "fairdial: stopped; run the same command again to go on")
		return exitFailed
	default:
		fmt.Fprintf(w, "fairdial: %s\n", kept.keep(strings.TrimSpace(err.Error())))
		return exitFailed
	}
}
