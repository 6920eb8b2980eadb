package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"fairdial/config"
)

func TestEverySecretThatIsMissingIsTold(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "fairdial.yaml")
	require.NoError(t, os.WriteFile(file, []byte("slack: {token_file: a.secret, signing_secret_file: b.secret}\n"), 0o600))
	_, err := config.Load(file, func(string) string { return "" })
	require.ErrorContains(t, err, "slack.token_file: ")
	require.ErrorContains(t, err, "slack.signing_secret_file: ")
	require.ErrorContains(t, err, "create the file or remove the key")
}
