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

	"github.com/coreos/go-oidc/v3/oidc"
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
		Now: func() time.Time { return at },
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
	require.Equal(t, Vouched{Issuer: p.URL, Subject: "s1", Name: "ann@contoso.example", Groups: []string{"fraud"}}, who)
	require.Equal(t, "/cases", next)
	_, _, err = o.Finish(t.Context(), state, "good")
	require.ErrorIs(t, err, ErrRefused, "a state counts once")
	_, _, err = o.Finish(t.Context(), "never begun", "good")
	require.ErrorIs(t, err, ErrRefused)

	for name, change := range map[string]func(){
		"another's sign-in":   func() { p.claims["nonce"] = "other" },
		"for another client":  func() { p.claims["aud"] = "other" },
		"by another issuer":   func() { p.claims["iss"] = "https://evil.example" },
		"too old":             func() { p.claims["exp"] = at.Add(-time.Minute).Unix() },
		"without the proof":   func() { p.challenge = "other" },
		"of nobody":           func() { delete(p.claims, "sub") },
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

func TestTheNameThatAProviderGives(t *testing.T) {
	o := NewOpenID(OpenIDOptions{GroupsClaim: "groups"})
	for name, c := range map[string]struct {
		subject string
		claims  map[string]any
		want    string
	}{
		"preferred":                       {"s", map[string]any{"preferred_username": "ann@b.example", "email": "other@b.example"}, "ann@b.example"},
		"an address that was checked":     {"s", map[string]any{"email": "ann@b.example", "email_verified": true}, "ann@b.example"},
		"checked, as some say it":         {"s", map[string]any{"email": "ann@b.example", "email_verified": "true"}, "ann@b.example"},
		"an address that was not checked": {"s", map[string]any{"email": "ciso@b.example", "email_verified": false}, ""},
		"an address of which nothing is":  {"s", map[string]any{"email": "ciso@b.example"}, ""},
		"none":                            {"s", map[string]any{"preferred_username": "<script>"}, "s"},
		"none that the log could hold":    {"a/b:c", nil, "openid-" + personID("https://i", "a/b:c")[:16]},
	} {
		who, err := o.vouched(&oidc.IDToken{Issuer: "https://i", Subject: c.subject}, c.claims)
		if c.want == "" {
			require.ErrorIs(t, err, ErrRefused, name)
			require.ErrorContains(t, err, "email_verified", name)
			continue
		}
		require.NoError(t, err, name)
		require.Equal(t, c.want, who.Name, name)
	}
	require.Equal(t, []string{"g0", "g2"}, texts([]any{"g0", 7, "g2"}))
	require.Equal(t, []string{"g1"}, texts("g1"))
}
