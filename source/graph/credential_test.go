package graph_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"fairdial/source/graph"
	"fairdial/source/graph/graphfake"
)

func TestTokensOfASecret(t *testing.T) {
	t.Parallel()
	entra := &graphfake.Entra{Token: func(directory string) string { return "token of " + directory }}
	server := httptest.NewTLSServer(entra)
	t.Cleanup(server.Close)
	base, err := url.Parse("https://graph.microsoft.com")
	require.NoError(t, err)
	credential := graph.Credential{
		Directory: "contoso.example", ClientID: "11111111-1111-4111-8111-111111111111", Secret: "s3cret",
		Authority: server.URL, Graph: base, HTTP: server.Client(), KnownAuthority: true,
	}
	token, err := credential.Token()
	require.NoError(t, err)

	_, err = token(t.Context(), false)
	require.ErrorIs(t, err, graph.ErrCredentials)
	require.ErrorContains(t, err, "no such directory")

	entra.Set("contoso.example", "s3cret")
	for range 3 {
		got, err := token(t.Context(), false)
		require.NoError(t, err)
		require.Equal(t, "token of contoso.example", got)
	}
	require.Equal(t, 1, entra.Given(), "a token is kept")
	_, err = token(t.Context(), true)
	require.NoError(t, err)
	require.Equal(t, 2, entra.Given(), "one that was refused is replaced")

	entra.Set("contoso.example", "")
	_, err = token(t.Context(), true)
	require.ErrorIs(t, err, graph.ErrCredentials)
	require.ErrorContains(t, err, "AADSTS7000215")
	require.NotContains(t, err.Error(), "s3cret")
}

func TestACertificateIsRead(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "fairdial"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	both := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), certificate...)

	certificates, got, err := graph.ReadCertificate(both, "")
	require.NoError(t, err)
	require.Len(t, certificates, 1)
	require.Equal(t, key, got)
	_, _, err = graph.ReadCertificate(certificate, "")
	require.ErrorContains(t, err, "with its private key")
}

func TestWhoseRecordsVanishFirst(t *testing.T) {
	t.Parallel()
	country, kept := graph.Shortest([]string{"US", "CA", "GB"})
	require.Equal(t, "CA", country)
	require.Equal(t, 150*24*time.Hour, kept)
	_, kept = graph.Shortest([]string{"GB"})
	require.Equal(t, 450*24*time.Hour, kept)
	_, kept = graph.Shortest(nil)
	require.Equal(t, 365*24*time.Hour, kept)
}
