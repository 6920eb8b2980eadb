package graphfake

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
)

// Entra is a fake of the authority that gives tokens: it must be served by TLS, for the
// client speaks to no other.
type Entra struct {
	// Token gives a token for a directory.
	Token func(directory string) string

	mu      sync.Mutex
	secrets map[string]string // by directory
	given   int
}

// Set makes a directory whose app registration has the secret; "" revokes what it had.
func (e *Entra) Set(directory, secret string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.secrets == nil {
		e.secrets = map[string]string{}
	}
	e.secrets[directory] = secret
}

// Given is how many tokens were given.
func (e *Entra) Given() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.given
}

func (e *Entra) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	directory, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	secret, known := e.secrets[directory]
	w.Header().Set("Content-Type", "application/json")
	switch {
	case !known:
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":"invalid_tenant","error_description":"AADSTS90002: Tenant not found."}`))
	case path == "v2.0/.well-known/openid-configuration":
		base := fmt.Sprintf("https://%s/%s", r.Host, directory)
		_ = json.NewEncoder(w).Encode(map[string]string{
			"issuer": base + "/v2.0", "authorization_endpoint": base + "/oauth2/v2.0/authorize", "token_endpoint": base + "/oauth2/v2.0/token",
		})
	case path == "oauth2/v2.0/token":
		if r.FormValue("client_secret") != secret || secret == "" {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided."}`))
			return
		}
		e.given++
		_ = json.NewEncoder(w).Encode(map[string]any{"token_type": "Bearer", "expires_in": 3600, "ext_expires_in": 3600, "access_token": e.Token(directory)})
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}
