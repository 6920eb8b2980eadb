package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// beProvider is the environment variable that makes the test binary an identity provider,
// a process of its own as it is where Fairdial is run; it holds the address to listen on.
const beProvider = "FAIRDIAL_TEST_BE_THE_IDENTITY_PROVIDER"

// The one client that the provider knows.
const (
	clientID     = "fairdial-test"
	clientSecret = "s3cret of the client: 50% +"
)

// strictProvider is an OpenID provider that refuses whatever the protocol lets it refuse: a
// request without state, nonce or PKCE, an address that was not registered, a code used twice
// or brought without its verifier.
type strictProvider struct {
	issuer, callback string

	mu      sync.Mutex
	keys    []signingKey // the last signs
	retired []signingKey // published no more
	asked   map[string]url.Values
	codes   map[string]grantedCode
}

type signingKey struct {
	id  string
	key *rsa.PrivateKey
}

// grantedCode is what a code stands for until it is used.
type grantedCode struct {
	asked       url.Values
	user, fault string
}

// runProvider serves until it is killed. The address that people are sent back to is read
// from the environment.
func runProvider(address string) error {
	p := &strictProvider{issuer: "http://" + address, callback: os.Getenv(beProvider + "_CALLBACK"), asked: map[string]url.Values{}, codes: map[string]grantedCode{}}
	if err := p.rotate(); err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("GET /keys", p.published)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /login", p.login)
	mux.HandleFunc("POST /token", p.token)
	mux.HandleFunc("POST /rotate", func(w http.ResponseWriter, _ *http.Request) {
		if err := p.rotate(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	server := &http.Server{Addr: address, Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	return server.ListenAndServe()
}

// rotate makes a new key to sign with and publishes it alone.
func (p *strictProvider) rotate() error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.retired, p.keys = append(p.retired, p.keys...), []signingKey{{rand.Text(), key}}
	return nil
}

func answerJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func (p *strictProvider) discovery(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, http.StatusOK, map[string]any{
		"issuer": p.issuer, "authorization_endpoint": p.issuer + "/authorize", "token_endpoint": p.issuer + "/token", "jwks_uri": p.issuer + "/keys",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"}, "code_challenge_methods_supported": []string{"S256"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic"},
	})
}

func (p *strictProvider) published(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var set jose.JSONWebKeySet
	for _, k := range p.keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: k.key.Public(), KeyID: k.id, Algorithm: "RS256", Use: "sig"})
	}
	answerJSON(w, http.StatusOK, set)
}

// authorize looks at a request and asks who it is. What is wrong with the client or its
// address is told here and sent to nobody.
func (p *strictProvider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	challenge, err := base64.RawURLEncoding.DecodeString(q.Get("code_challenge"))
	for what, right := range map[string]bool{
		"client_id":             q.Get("client_id") == clientID,
		"redirect_uri":          q.Get("redirect_uri") == p.callback,
		"response_type":         q.Get("response_type") == "code",
		"scope":                 slices.Contains(strings.Fields(q.Get("scope")), "openid"),
		"state":                 len(q.Get("state")) >= 16,
		"nonce":                 len(q.Get("nonce")) >= 16 && q.Get("nonce") != q.Get("state"),
		"code_challenge_method": q.Get("code_challenge_method") == "S256",
		"code_challenge":        err == nil && len(challenge) == sha256.Size,
	} {
		if !right {
			http.Error(w, "invalid_request: "+what, http.StatusBadRequest)
			return
		}
	}
	id := rand.Text()
	p.mu.Lock()
	p.asked[id] = q
	p.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, `<form method="post" action="/login"><input type="hidden" name="request" value="%s"><input name="user"></form>`, id)
}

// login lets anybody be the user they name, or refuses them under the name "nobody". A fault
// is what shall be wrong with their token.
func (p *strictProvider) login(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	asked, there := p.asked[r.PostFormValue("request")]
	delete(p.asked, r.PostFormValue("request"))
	code := rand.Text()
	p.codes[code] = grantedCode{asked, r.PostFormValue("user"), r.PostFormValue("fault")}
	p.mu.Unlock()
	if !there {
		http.Error(w, "there is no such request", http.StatusBadRequest)
		return
	}
	back := url.Values{"state": {asked.Get("state")}, "code": {code}}
	if r.PostFormValue("user") == "nobody" {
		back = url.Values{"state": {asked.Get("state")}, "error": {"access_denied"}, "error_description": {"<b>not</b> you"}}
	}
	http.Redirect(w, r, p.callback+"?"+back.Encode(), http.StatusFound)
}

// token trades a code, once, for whom it stands for.
func (p *strictProvider) token(w http.ResponseWriter, r *http.Request) {
	id, secret, basic := r.BasicAuth()
	id, errID := url.QueryUnescape(id) // as RFC 6749 has it, section 2.3.1
	secret, errSecret := url.QueryUnescape(secret)
	if !basic || errID != nil || errSecret != nil || id != clientID || secret != clientSecret {
		answerJSON(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		return
	}
	p.mu.Lock()
	code, there := p.codes[r.PostFormValue("code")]
	delete(p.codes, r.PostFormValue("code"))
	p.mu.Unlock()
	proof := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	challenge := code.asked.Get("code_challenge")
	if code.fault == "challenge" {
		challenge = "another browser's"
	}
	if !there || r.PostFormValue("grant_type") != "authorization_code" || r.PostFormValue("redirect_uri") != code.asked.Get("redirect_uri") ||
		base64.RawURLEncoding.EncodeToString(proof[:]) != challenge {
		answerJSON(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	signed, err := p.vouch(code)
	if err != nil {
		answerJSON(w, http.StatusInternalServerError, map[string]string{"error": "server_error", "error_description": err.Error()})
		return
	}
	answerJSON(w, http.StatusOK, map[string]any{"access_token": rand.Text(), "token_type": "Bearer", "expires_in": 300, "id_token": signed})
}

// vouch is the token of a code's user, with the fault that they asked for.
func (p *strictProvider) vouch(code grantedCode) (string, error) {
	at := time.Now()
	groups := map[string]any{"ann": []string{"all staff", "fraud desk"}, "fay": "finance", "tia": []string{"contoso"}, "ada": []string{"platform"}, "fay2": "finance"}
	claims := map[string]any{
		"iss": p.issuer, "aud": clientID, "sub": "sub-" + code.user, "iat": at.Unix(), "exp": at.Add(5 * time.Minute).Unix(), "nonce": code.asked.Get("nonce"),
		"preferred_username": code.user + "@contoso.example", "groups": groups[code.user],
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	with := p.keys[len(p.keys)-1]
	switch code.fault {
	case "nonce":
		claims["nonce"] = "of another sign-in"
	case "another's name":
		claims["preferred_username"] = "Ann@contoso.example"
	case "renamed":
		claims["preferred_username"] = "ann.smith@contoso.example"
	case "an address nobody checked":
		delete(claims, "preferred_username")
		claims["email"] = "ciso@contoso.example"
	case "no nonce":
		delete(claims, "nonce")
	case "audience":
		claims["aud"] = "another client"
	case "issuer":
		claims["iss"] = "https://evil.example"
	case "expired":
		claims["exp"] = at.Add(-time.Hour).Unix()
	case "retired key":
		with = p.retired[len(p.retired)-1]
	case "unpublished key":
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return "", err
		}
		with.key = key
	case "unsigned":
		text, err := json.Marshal(claims)
		return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString(text) + ".", err
	case "signed by the client's secret":
		return signedAs(jose.SigningKey{Algorithm: jose.HS256, Key: []byte(clientSecret)}, claims)
	}
	return signedAs(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: with.key, KeyID: with.id}}, claims)
}

func signedAs(key jose.SigningKey, claims map[string]any) (string, error) {
	signer, err := jose.NewSigner(key, nil)
	if err != nil {
		return "", err
	}
	return jwt.Signed(signer).Claims(claims).Serialize()
}
