package access

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// The cost of a password's hash: OWASP's first choice for argon2id, 19 MiB and two passes.
const (
	argonMemory  = 19 * 1024 // KiB
	argonTime    = 2
	argonThreads = 1
	argonKey     = 32 // bytes
)

// Bounds of a password, in characters. The upper one keeps a sign-in from being made dear.
const (
	ShortestPassword = 12
	longestPassword  = 256
)

// hashPassword makes the PHC string of a password.
func hashPassword(password string) (string, error) {
	if n := utf8.RuneCountInString(password); n < ShortestPassword || n > longestPassword {
		return "", fmt.Errorf("%w: a password has from %d to %d characters", ErrRefused, ShortestPassword, longestPassword)
	}
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	sum := argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonThreads, argonKey)
	code := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads, code(salt), code(sum)), nil
}

// samePassword takes as long for a hash that cannot be read as for one that can, so that
// the time of a sign-in does not tell who is a user.
func samePassword(hash, password string) bool {
	var version, memory, passes, threads uint32
	parts := strings.Split(hash, "$")
	read := len(parts) == 6 && parts[1] == "argon2id"
	if read {
		_, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &passes, &threads)
		read = err == nil && version == argon2.Version && memory <= 1<<20 && passes > 0 && passes <= 16 && threads > 0 && threads <= 16
	}
	var salt, sum []byte
	if read {
		salt, _ = base64.RawStdEncoding.DecodeString(parts[4])
		sum, _ = base64.RawStdEncoding.DecodeString(parts[5])
	}
	if len(sum) != argonKey || len(password) > 4*longestPassword {
		argon2.IDKey([]byte("nobody"), make([]byte, 16), argonTime, argonMemory, argonThreads, argonKey)
		return false
	}
	made := argon2.IDKey([]byte(password), salt, passes, memory, uint8(threads), argonKey) //nolint:gosec // bounded above
	return subtle.ConstantTimeCompare(made, sum) == 1
}
