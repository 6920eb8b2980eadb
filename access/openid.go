package access

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// OpenIDOptions say which provider vouches for people.
type OpenIDOptions struct {
	Issuer       string
	ClientID     string
	ClientSecret string // empty for a public client
	RedirectURL  string
	Scopes       []string // beside openid and profile
	GroupsClaim  string   // a list of groups, or one
	Now          func() time.Time
}

// Vouched is what a provider says of who signed in: a subject of an issuer, which never
// changes, the name they go by there, which may, and their groups.
type Vouched struct {
	Issuer, Subject, Name string
	Groups                []string
}

// OpenID signs people in by OpenID Connect: code flow with PKCE, and a nonce.
type OpenID struct {
	opts OpenIDOptions

	client *http.Client

	mu       sync.Mutex
	provider *oidc.Provider
	read     time.Time          // when the provider's configuration was
	begun    map[string]attempt // by state
}

type attempt struct {
	verifier, nonce, next string
	until                 time.Time
}

// NewOpenID makes one. The provider is asked at the first sign-in, so that the daemon
// starts while it is away.
func NewOpenID(opts OpenIDOptions) *OpenID {
	return &OpenID{opts: opts, client: &http.Client{Timeout: answerWithin}, begun: map[string]attempt{}}
}

const (
	// SignInWithin is how long somebody may take at the provider.
	SignInWithin = 10 * time.Minute
	// answerWithin is how long the provider may take for an answer; sign-ins wait for it.
	answerWithin = 10 * time.Second
	// keysFor is how long a provider's configuration and keys are kept. A key of a kind not
	// seen before is looked up at once; one that was withdrawn is trusted no longer than this.
	keysFor = 10 * time.Minute
)

// known is the provider, and Fairdial as its client.
func (o *OpenID) known(ctx context.Context) (*oidc.Provider, oauth2.Config, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if now := o.opts.Now(); o.provider == nil || now.Sub(o.read) >= keysFor {
		// The provider keeps the context for later reads of its keys.
		p, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), o.client), o.opts.Issuer)
		if err != nil {
			return nil, oauth2.Config{}, fmt.Errorf("the identity provider %s does not answer: %w", o.opts.Issuer, err)
		}
		o.provider, o.read = p, now
	}
	return o.provider, oauth2.Config{
		ClientID: o.opts.ClientID, ClientSecret: o.opts.ClientSecret, Endpoint: o.provider.Endpoint(), RedirectURL: o.opts.RedirectURL,
		Scopes: append([]string{oidc.ScopeOpenID, "profile"}, o.opts.Scopes...),
	}, nil
}

// Begin gives the provider's address to go to, and the state that the browser must bring
// back: it is kept in a cookie, so that nobody is signed in by a link of another's.
func (o *OpenID) Begin(ctx context.Context, next string) (address, state string, err error) {
	_, config, err := o.known(ctx)
	if err != nil {
		return "", "", err
	}
	state = rand.Text()
	a := attempt{oauth2.GenerateVerifier(), rand.Text(), next, o.opts.Now().Add(SignInWithin)}
	o.mu.Lock()
	defer o.mu.Unlock()
	for s, old := range o.begun {
		if o.opts.Now().After(old.until) {
			delete(o.begun, s)
		}
	}
	if len(o.begun) >= 10_000 {
		return "", "", ErrPace
	}
	o.begun[state] = a
	return config.AuthCodeURL(state, oidc.Nonce(a.nonce), oauth2.S256ChallengeOption(a.verifier)), state, nil
}

// Finish trades the code for who it is, and says where they wanted to go.
func (o *OpenID) Finish(ctx context.Context, state, code string) (who Vouched, next string, err error) {
	o.mu.Lock()
	a, there := o.begun[state]
	delete(o.begun, state)
	o.mu.Unlock()
	if !there || o.opts.Now().After(a.until) {
		return who, "", fmt.Errorf("%w: this sign-in took too long or was finished before; begin again", ErrRefused)
	}
	provider, config, err := o.known(ctx)
	if err != nil {
		return who, "", err
	}
	token, err := config.Exchange(oidc.ClientContext(ctx, o.client), code, oauth2.VerifierOption(a.verifier))
	if err != nil {
		return who, "", fmt.Errorf("%w: the identity provider did not take the code", errors.Join(ErrRefused, err))
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := provider.Verifier(&oidc.Config{ClientID: o.opts.ClientID, Now: o.opts.Now}).Verify(ctx, raw)
	if err != nil {
		return who, "", fmt.Errorf("%w: the identity provider's token does not hold", errors.Join(ErrRefused, err))
	}
	if id.Nonce != a.nonce {
		return who, "", fmt.Errorf("%w: the token is of another sign-in", ErrRefused)
	}
	var claims map[string]any
	if err := id.Claims(&claims); err != nil {
		return who, "", fmt.Errorf("claims of the identity provider: %w", err)
	}
	who, err = o.vouched(id, claims)
	return who, a.next, err
}

// vouched reads the claims. A name that the log could not tell from another's actor is none.
func (o *OpenID) vouched(id *oidc.IDToken, claims map[string]any) (Vouched, error) {
	who := Vouched{Issuer: id.Issuer, Subject: id.Subject, Groups: texts(claims[o.opts.GroupsClaim])}
	preferred, _ := claims["preferred_username"].(string)
	mail, _ := claims["email"].(string)
	switch {
	case who.Subject == "":
		return who, fmt.Errorf("%w: the identity provider's token does not say whose it is (sub)", ErrRefused)
	case userName.MatchString(preferred):
		who.Name = preferred
	case userName.MatchString(mail):
		if verified := claims["email_verified"]; verified != true && verified != "true" {
			return who, fmt.Errorf("%w: the identity provider knows you by %s alone and does not say that this address is yours (email_verified); have it checked there, or have the provider send preferred_username", ErrRefused, mail)
		}
		who.Name = mail
	case userName.MatchString(who.Subject):
		who.Name = who.Subject
	default:
		who.Name = "openid-" + personID(who.Issuer, who.Subject)[:16]
	}
	return who, nil
}

// texts reads a claim that holds a list of texts, or one.
func texts(claim any) (out []string) {
	switch v := claim.(type) {
	case string:
		out = []string{v}
	case []any:
		for _, one := range v {
			if text, ok := one.(string); ok {
				out = append(out, text)
			}
		}
	}
	return out
}
