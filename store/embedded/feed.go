package embedded

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"syscall"
)

// feed carries rows from a reader into a query through a pipe, so that neither side
// holds more of them than fit into the pipe. The engine opens the pipe by its name
// under /dev/fd; nothing is written to a disk, and nothing is left behind by a kill.
type feed struct {
	read  int // descriptor; kept so that the engine's own open finds it
	write *os.File
	rows  io.ReadCloser // Close must make a Read that is under way return

	broken  atomic.Bool   // the rows broke off before the query was over
	copied  chan struct{} // closed when the pump has stopped, and failure is set
	failure error
}

// pipeSize bounds what is in flight; more of it spares wake-ups (fcntl(2), F_SETPIPE_SZ).
const (
	pipeSize    = 1 << 20
	fSetPipeSz  = 1031
	copyingSize = 256 << 10
)

func newFeed(rows io.ReadCloser) (*feed, error) {
	var fds [2]int
	if err := syscall.Pipe2(fds[:], syscall.O_CLOEXEC); err != nil {
		return nil, fmt.Errorf("make a pipe into the embedded engine: %w", err)
	}
	// Best effort: the limit for unprivileged users may be lower.
	_, _, _ = syscall.Syscall(syscall.SYS_FCNTL, uintptr(fds[1]), fSetPipeSz, pipeSize)
	return &feed{read: fds[0], write: os.NewFile(uintptr(fds[1]), "rows"), rows: rows, copied: make(chan struct{})}, nil
}

// source is the table function that reads the rows.
func (f *feed) source(format, structure string) string {
	if structure != "" {
		structure = ", " + quoteText(structure)
	}
	return fmt.Sprintf("file('/dev/fd/%d', %s%s)", f.read, quoteText(format), structure)
}

// pump copies the rows. Should they break off, stop is called before the pipe is closed,
// since the engine takes a closed pipe for their end.
func (f *feed) pump(stop func()) {
	defer close(f.copied)
	defer f.write.Close()
	n, err := io.CopyBuffer(onlyWriter{f.write}, onlyReader{f.rows}, make([]byte, copyingSize))
	switch {
	case errors.Is(err, syscall.EPIPE): // the query is over, and knows why
	case err != nil:
		f.failure = fmt.Errorf("read the rows to insert: %w", err)
		f.broken.Store(true)
		stop()
		// And should it be deaf: no block of the Native format begins like this.
		_, _ = f.write.WriteString("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")
	case n == 0:
		// Not even an empty table is sent in no bytes: the sender failed.
		f.failure = exceptionf(codeCannotReadAll, "The body of the INSERT is empty (CANNOT_READ_ALL_DATA)")
	}
}

// abort lets go of a query that waits for rows, after it has been told to stop.
func (f *feed) abort() {
	if f == nil {
		return
	}
	_ = f.rows.Close()
}

// finish is called when the query is over. One that failed may have left the pump
// waiting for rows that nobody will read.
func (f *feed) finish(failed bool) error {
	_ = syscall.Close(f.read) // a pump that is blocked writing gets EPIPE
	if failed {
		_ = f.rows.Close()
	}
	<-f.copied
	return f.failure
}

// The types' own WriteTo and ReadFrom would splice, and hold buffers of their own.
type (
	onlyReader struct{ io.Reader }
	onlyWriter struct{ io.Writer }
)
