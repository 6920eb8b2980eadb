package graph

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// Cloud is where a tenant lives: the host of Graph and the authority that gives tokens.
type Cloud struct {
	Graph, Authority string
}

// Clouds are those in which getPstnCalls is served, by name. It is not in the cloud that
// 21Vianet runs in China.
// Source: Microsoft Learn, "National cloud deployments", Graph and token service roots.
func Clouds() map[string]Cloud {
	return map[string]Cloud{
		"global":    {"https://graph.microsoft.com", "https://login.microsoftonline.com"},
		"us_gov_l4": {"https://graph.microsoft.us", "https://login.microsoftonline.us"},
		"us_gov_l5": {"https://dod-graph.microsoft.us", "https://login.microsoftonline.us"},
	}
}

// ErrCredentials: the directory gives no token for what the source says of itself.
var ErrCredentials = errors.New("the app registration's credentials are refused")

// Credential is an app registration and what proves it: a secret, or a certificate.
type Credential struct {
	Directory    string // tenant id or domain at Microsoft Entra
	ClientID     string
	Secret       string
	Certificates []*x509.Certificate
	PrivateKey   crypto.PrivateKey
	Authority    string // such as https://login.microsoftonline.com
	Graph        *url.URL
	HTTP         *http.Client
	// KnownAuthority is set where the authority is none that Microsoft's directory of
	// authorities lists: a test, a private cloud.
	KnownAuthority bool
}

// ReadCertificate reads a certificate and its private key, PEM or PKCS #12.
func ReadCertificate(data []byte, password string) ([]*x509.Certificate, crypto.PrivateKey, error) {
	certificates, key, err := azidentity.ParseCertificates(data, []byte(password))
	if err != nil {
		return nil, nil, fmt.Errorf("no certificate with its private key in PEM or PKCS #12: %w", err)
	}
	return certificates, key, nil
}

// Token gives tokens of the credential. They are kept until shortly before they expire; one
// that Graph refused is replaced.
func (c Credential) Token() (Token, error) {
	var mu sync.Mutex
	current, err := c.open()
	if err != nil {
		return nil, err
	}
	scope := policy.TokenRequestOptions{Scopes: []string{c.Graph.Scheme + "://" + c.Graph.Host + "/.default"}}
	return func(ctx context.Context, fresh bool) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		if fresh { // what it has kept is no good, and it does not forget
			if current, err = c.open(); err != nil {
				return "", err
			}
		}
		token, err := current.GetToken(ctx, scope)
		if err != nil {
			return "", explainToken(err)
		}
		return token.Token, nil
	}, nil
}

func (c Credential) open() (azcore.TokenCredential, error) {
	client := azcore.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: strings.TrimRight(c.Authority, "/") + "/"},
		Transport: c.HTTP,
		Telemetry: policy.TelemetryOptions{Disabled: true},
		Retry:     policy.RetryOptions{MaxRetries: 2},
	}
	if c.PrivateKey != nil {
		cert, err := azidentity.NewClientCertificateCredential(c.Directory, c.ClientID, c.Certificates, c.PrivateKey,
			&azidentity.ClientCertificateCredentialOptions{ClientOptions: client, DisableInstanceDiscovery: c.KnownAuthority})
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrCredentials, err)
		}
		return cert, nil
	}
	secret, err := azidentity.NewClientSecretCredential(c.Directory, c.ClientID, c.Secret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: client, DisableInstanceDiscovery: c.KnownAuthority})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCredentials, err)
	}
	return secret, nil
}

// What Entra's codes mean and how to mend it.
// Source: Microsoft Learn, "Microsoft Entra authentication and authorization error codes".
var refusals = []struct{ code, says string }{
	{"AADSTS7000215", "the client secret is wrong or was revoked: make a new one in the app registration and put its value (not its id) in the source's secret"},
	{"AADSTS7000222", "the client secret has expired: make a new one in the app registration and put its value in the source's secret"},
	{"AADSTS700027", "the certificate is not the one of the app registration, or has expired: upload it there"},
	{"AADSTS700016", "the directory knows no app with this client_id: check client_id, and that an administrator of this tenant has consented"},
	{"AADSTS90002", "there is no such directory: check the source's directory (or tenant)"},
	{"AADSTS7000112", "the app is disabled in this directory: enable it under Enterprise applications"},
	{"AADSTS53003", "a conditional access policy keeps the app out: exclude it, or let this machine's address through"},
}

// explainToken tells a refusal, which stays, from a network that fails, which passes.
// The authority's own words are left out: they hold addresses and ids for its support.
func explainToken(err error) error {
	text := err.Error()
	for _, r := range refusals {
		if strings.Contains(text, r.code+":") || strings.Contains(text, r.code+" ") {
			return fmt.Errorf("%w (%s): %s", ErrCredentials, r.code, r.says)
		}
	}
	refused, ok := errors.AsType[*azidentity.AuthenticationFailedError](err)
	if ok && refused.RawResponse != nil && (refused.RawResponse.StatusCode == http.StatusBadRequest || refused.RawResponse.StatusCode == http.StatusUnauthorized) {
		return fmt.Errorf("%w: the authority answers %d; check directory, client_id and secret of the source", ErrCredentials, refused.RawResponse.StatusCode)
	}
	return err
}
