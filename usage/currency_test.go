package usage_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"fairdial/usage"
)

func TestIsCurrency(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]bool{"USD": true, "EUR": true, "KRW": true, "SLE": true, "USX": false, "usd": false, "US": false, "": false, "ZZZ": false} {
		require.Equal(t, want, usage.IsCurrency(code), code)
	}
}
