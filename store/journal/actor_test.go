package journal_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"fairdial/store/journal"
)

func TestAPersonIsOneHoweverTheNameIsWritten(t *testing.T) {
	t.Parallel()
	for _, same := range []string{"fin", "Fin", " fin ", "ｆｉｎ", "console:fin", "cli:FIN", "console:fin/gateway"} {
		name, err := journal.Actor(same)
		require.NoError(t, err, same)
		require.True(t, journal.SamePerson(name, "fin"), same)
	}
	for _, other := range []string{"finn", "fi n", "f", "console:boss"} {
		require.False(t, journal.SamePerson(other, "fin"), other)
	}
	for _, hidden := range []string{"fin\u200b", "fi\u00adn", "\u202efin", "fin\x00", "fin\ufe0f", "fi\u3164n"} {
		_, err := journal.Actor(hidden)
		require.ErrorIs(t, err, journal.ErrHiddenName, "%q", hidden)
	}
	for _, nobody := range []string{"", "  ", "cli:", "console: "} {
		_, err := journal.Actor(nobody)
		require.ErrorIs(t, err, journal.ErrNoActor, "%q", nobody)
	}
}
