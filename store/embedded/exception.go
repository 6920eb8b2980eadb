package embedded

import (
	"encoding/binary"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Codes of ClickHouse's ErrorCodes.cpp that this package raises or looks for.
const (
	codeBadArguments    = 36
	codeSyntax          = 62
	codeCannotReadAll   = 33
	codeReadonly        = 164
	codeUnknown         = 1002
	codeUnknownDatabase = 81
)

// Exception is an error of the engine. Behind the driver it arrives as
// *clickhouse.Exception with the same code.
type Exception struct {
	Code int
	Text string // as the engine words it, "Code: 60. DB::Exception: …"
}

func (e *Exception) Error() string { return e.Text }

var codePrefix = regexp.MustCompile(`Code: (\d+)\.`)

func newException(text string) *Exception {
	if m := codePrefix.FindStringSubmatch(text); m != nil {
		if code, err := strconv.Atoi(m[1]); err == nil && code > 0 {
			// What stands before the code ("Error: ") would keep the driver from seeing it.
			return &Exception{Code: code, Text: text[strings.Index(text, m[0]):]}
		}
	}
	return exceptionf(codeUnknown, "%s (UNKNOWN_EXCEPTION)", text)
}

func exceptionf(code int, format string, args ...any) *Exception {
	return &Exception{Code: code, Text: fmt.Sprintf("Code: %d. DB::Exception: %s", code, fmt.Sprintf(format, args...))}
}

// frame words an exception that comes after output has been sent already, as the
// server's HTTP interface does (WriteBufferFromHTTPServerResponse).
func (e *Exception) frame(tag, format string) []byte {
	var b []byte
	if format == nativeFormat {
		// The driver takes a block that ends too early for the end of the answer. A
		// header that no block can have (two thousand million rows) makes it look for
		// the frame, whatever the text of the error happens to decode to.
		b = binary.AppendUvarint(b, 1)
		b = binary.AppendUvarint(b, 2_000_000_000)
	}
	text := strings.TrimRight(e.Text, "\n")
	return fmt.Appendf(b, "\r\n__exception__\r\n%s\r\n%s\n%d %s\r\n__exception__\r\n", tag, text, len(text)+1, tag)
}
