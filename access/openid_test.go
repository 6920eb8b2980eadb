package access

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"
)

// provider is an identity provider that checks what the protocol asks of a client.
type provider struct {
	*httptest.Server
	key       *rsa.PrivateKey // signs
	published *rsa.PrivateKey
	challenge string
	claims    map[string]any
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	p := &provider{key: key, published: key}
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{
			"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
			"id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: p.published.Public(), KeyID: "k", Algorithm: "RS256", Use: "sig"}}})
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
		if base64.RawURLEncoding.EncodeToString(sum[:]) != p.challenge || r.PostFormValue("code") != "good" {
			w.WriteHeader(http.StatusBadRequest)
			answer(w, map[string]string{"error": "invalid_grant"})
			return
		}
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: p.key, KeyID: "k"}}, nil)
		if err != nil {
			panic(err)
		}
		text, _ := json.Marshal(p.claims)
		signed, err := signer.Sign(text)
		if err != nil {
			panic(err)
		}
		token, _ := signed.CompactSerialize()
		answer(w, map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": token})
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

func TestOpenIDConnect(t *testing.T) {
	p := newProvider(t)
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	o := NewOpenID(OpenIDOptions{
		Issuer: p.URL, ClientID: "fairdial", RedirectURL: "http://localhost/openid/callback", GroupsClaim: "groups",
		Grants: []Grant{{Group: "fraud", Role: Reviewer}}, Now: func() time.Time { return at },
	})
	begin := func() (state string) {
		to, state, err := o.Begin(t.Context(), "/cases")
		require.NoError(t, err)
		u, err := url.Parse(to)
		require.NoError(t, err)
		q := u.Query()
		require.Equal(t, "S256", q.Get("code_challenge_method"))
		require.Equal(t, state, q.Get("state"))
		p.challenge = q.Get("code_challenge")
		p.claims = map[string]any{
			"iss": p.URL, "aud": "fairdial", "sub": "s1", "exp": at.Add(time.Hour).Unix(), "nonce": q.Get("nonce"),
			"preferred_username": "ann@contoso.example", "groups": []string{"fraud"},
		}
		return state
	}
	state := begin()
	who, next, err := o.Finish(t.Context(), state, "good")
	require.NoError(t, err)
	require.Equal(t, Identity{Name: "ann@contoso.example", Role: Reviewer}, who)
	require.Equal(t, "/cases", next)
	_, _, err = o.Finish(t.Context(), state, "good")
	require.ErrorIs(t, err, ErrRefused, "a state counts once")

	for name, change := range map[string]func(){
		"another's sign-in":   func() { p.claims["nonce"] = "other" },
		"for another client":  func() { p.claims["aud"] = "other" },
		"by another issuer":   func() { p.claims["iss"] = "https://evil.example" },
		"too old":             func() { p.claims["exp"] = at.Add(-time.Minute).Unix() },
		"without the proof":   func() { p.challenge = "other" },
		"of no group":         func() { p.claims["groups"] = []string{} },
		"signed with another": func() { p.key, _ = rsa.GenerateKey(rand.Reader, 2048) },
	} {
		key := p.key
		state := begin()
		change()
		_, _, err := o.Finish(t.Context(), state, "good")
		require.ErrorIs(t, err, ErrRefused, name)
		p.key = key
	}
	state = begin()
	at = at.Add(SignInWithin + time.Second)
	_, _, err = o.Finish(t.Context(), state, "good")
	require.ErrorIs(t, err, ErrRefused, "too slow")

	retired := p.key
	p.published, _ = rsa.GenerateKey(rand.Reader, 2048)
	_, _, err = o.Finish(t.Context(), begin(), "good")
	require.ErrorIs(t, err, ErrRefused, "a key that was withdrawn at least keysFor ago")
	at = at.Add(keysFor - time.Second)
	p.key = p.published
	_, _, err = o.Finish(t.Context(), begin(), "good")
	require.NoError(t, err, "a key not seen before is looked up at once")
	p.key = retired
	_, _, err = o.Finish(t.Context(), begin(), "good")
	require.ErrorIs(t, err, ErrRefused)
}
