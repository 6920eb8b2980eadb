package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// visitor is a browser without a screen: it keeps cookies and goes where it is sent.
type visitor struct {
	t      *testing.T
	client *http.Client
	base   string
}

func newVisitor(t *testing.T, base string) *visitor {
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &visitor{t: t, client: &http.Client{Jar: jar}, base: base}
}

// page is an answer at the end of all redirects.
type answered struct {
	status int
	body   string
	at     *url.URL
}

func (v *visitor) read(response *http.Response, err error) answered {
	v.t.Helper()
	require.NoError(v.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(v.t, err)
	return answered{response.StatusCode, string(body), response.Request.URL}
}

func (v *visitor) get(path string) answered {
	v.t.Helper()
	return v.read(v.client.Get(v.base + path))
}

// begin goes from the console to the provider's form and gives its address and its request.
func (v *visitor) begin(next string) (login, request string) {
	v.t.Helper()
	form := v.get("/openid/begin?next=" + url.QueryEscape(next))
	require.Equal(v.t, http.StatusOK, form.status, form.body)
	found := regexp.MustCompile(`name="request" value="(\w+)"`).FindStringSubmatch(form.body)
	require.Len(v.t, found, 2, form.body)
	return "http://" + form.at.Host + "/login", found[1]
}

// signIn walks the whole way as a user whose token has a fault, or none.
func (v *visitor) signIn(next, user, fault string) answered {
	v.t.Helper()
	login, request := v.begin(next)
	return v.read(v.client.PostForm(login, url.Values{"request": {request}, "user": {user}, "fault": {fault}}))
}

// me is as whom the daemon knows the visitor.
func (v *visitor) me() (who struct {
	Name, Role string
	Tenants    []string
},
) {
	v.t.Helper()
	answer := v.get("/api/v1/me")
	require.Equal(v.t, http.StatusOK, answer.status, answer.body)
	require.NoError(v.t, json.Unmarshal([]byte(answer.body), &who))
	return who
}

// People sign in at an identity provider, which is another process, and everything that can
// be wrong on the way back keeps them out.
func TestSigningInByAnIdentityProvider(t *testing.T) {
	t.Parallel()
	address, providerAddress := freeAddress(t), freeAddress(t)
	base := "http://" + address
	p := newProgram(t, fmt.Sprintf(`
tenants:
  - {id: t1, name: Contoso, country: US, segment: commercial, channel: ea}
http:
  listen: %q
  external_url: %q
  openid:
    issuer: %q
    client_id: %s
    client_secret: %q
    grants:
      - {group: fraud desk, role: reviewer}
      - {group: finance, role: finance}
      - {group: contoso, role: viewer, tenants: [t1]}
      - {group: platform, role: admin}
jobs: {rate: "", detect: "", enforce: "", sweep: ""}
`, address, base, "http://"+providerAddress, clientID, clientSecret))
	var said output
	started := func(cmd *exec.Cmd) {
		cmd.Stdout, cmd.Stderr = &said, &said
		require.NoError(t, cmd.Start())
		t.Cleanup(func() {
			_ = cmd.Process.Signal(syscall.SIGTERM)
			_ = cmd.Wait()
		})
	}
	started(p.command(t.Context(), "serve"))
	answers := func(address string) bool {
		response, err := http.Get(address)
		if err != nil {
			return false
		}
		return response.Body.Close() == nil && response.StatusCode == http.StatusOK
	}
	eventually(t, func() bool { return answers(base + "/readyz") })

	away := newVisitor(t, base).get("/openid/begin")
	require.Equal(t, http.StatusBadGateway, away.status, "the daemon runs though the provider is away")
	require.Contains(t, away.body, "does not answer")
	provider := exec.CommandContext(t.Context(), os.Args[0])
	provider.Env = append(os.Environ(), beProvider+"="+providerAddress, beProvider+"_CALLBACK="+base+"/openid/callback")
	started(provider)
	eventually(t, func() bool { return answers("http://" + providerAddress + "/keys") })

	ann := newVisitor(t, base)
	require.Contains(t, ann.get("/cases?status=open").body, "/openid/begin?next=%2fcases%3fstatus%3dopen", "whoever comes unknown is led to the provider")
	in := ann.signIn("/cases?status=open", "ann", "")
	require.Equal(t, http.StatusOK, in.status, in.body)
	require.Equal(t, base+"/cases?status=open", in.at.String(), "and comes out where they wanted to go")
	who := ann.me()
	require.Equal(t, "ann@contoso.example", who.Name)
	require.Equal(t, "reviewer", who.Role)
	require.Empty(t, who.Tenants)
	require.Equal(t, http.StatusForbidden, ann.get("/settings").status, "a role ends where it ends")

	tia := newVisitor(t, base)
	tia.signIn("/", "tia", "")
	require.Equal(t, []string{"t1"}, tia.me().Tenants)
	fay := newVisitor(t, base)
	fay.signIn("https://evil.example/", "fay", "")
	require.Equal(t, "finance", fay.me().Role, "a claim may be one group")
	ada := newVisitor(t, base)
	require.Equal(t, base+"/", ada.signIn("//evil.example", "ada", "").at.String(), "no way leads to another site")
	require.Contains(t, ada.get("/settings").body, "tia@contoso.example", "who is signed in stands on the settings")

	refused := func(what string, got answered, status int) {
		t.Helper()
		require.Equal(t, status, got.status, "%s: %s", what, got.body)
		require.Contains(t, got.body, `role="alert"`, what)
	}
	stranger := newVisitor(t, base)
	out := func(what string) {
		t.Helper()
		require.Contains(t, stranger.get("/cases").at.Path, "/sign-in", "%s: nobody comes in", what)
	}
	for _, fault := range []string{"nonce", "no nonce", "audience", "issuer", "expired", "challenge", "unpublished key", "unsigned", "signed by the client's secret"} {
		refused(fault, stranger.signIn("/", "ann", fault), http.StatusForbidden)
		out(fault)
	}
	refused("a user of no group", stranger.signIn("/", "zed", ""), http.StatusForbidden)
	out("a user of no group")
	for _, fault := range []string{"another's name", "an address nobody checked"} {
		refused(fault, stranger.signIn("/", "fay2", fault), http.StatusForbidden)
		out(fault)
	}
	married := newVisitor(t, base)
	married.signIn("/", "ann", "renamed")
	require.Equal(t, "ann@contoso.example", married.me().Name, "whoever is renamed is who they were")
	denied := stranger.signIn("/", "nobody", "")
	refused("whom the provider refused", denied, http.StatusForbidden)
	require.NotContains(t, denied.body, "<b>not", "the provider's words are no part of the page")

	_, _ = stranger.begin("/")
	refused("a state of nobody's", stranger.get("/openid/callback?state=guessed&code=c"), http.StatusBadRequest)
	login, request := ann.begin("/")
	ann.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	back, err := ann.client.PostForm(login, url.Values{"request": {request}, "user": {"ann"}})
	require.NoError(t, err)
	require.NoError(t, back.Body.Close())
	callback := back.Header.Get("Location")
	refused("the link of another's sign-in", stranger.read(stranger.client.Get(callback)), http.StatusBadRequest)
	out("the link of another's sign-in")
	ann.client.CheckRedirect = nil
	require.Equal(t, base+"/", ann.read(ann.client.Get(callback)).at.String())
	refused("a link used twice", ann.read(ann.client.Get(callback)), http.StatusBadRequest)

	rotated, err := http.Post("http://"+providerAddress+"/rotate", "", nil)
	require.NoError(t, err)
	require.NoError(t, rotated.Body.Close())
	require.Equal(t, base+"/", newVisitor(t, base).signIn("/", "ann", "").at.String(), "a new key is looked up")
	refused("a key that was withdrawn", stranger.signIn("/", "ann", "retired key"), http.StatusForbidden)
	out("a key that was withdrawn")
	require.Equal(t, "reviewer", ann.me().Role, "who was in stays in")

	require.Regexp(t, `tia@contoso\.example\s+viewer\s+t1\s+false\s+sub-tia`, p.ok("users", "list"))
	p.ok("users", "release", "tia@contoso.example", "--reason", "she left")
	eventually(t, func() bool { return tia.get("/cases").at.Path == "/sign-in" })
	require.NotContains(t, p.ok("users", "list"), "tia@")

	signedOut, err := ann.client.PostForm(base+"/sign-out", nil)
	require.NoError(t, err)
	require.NoError(t, signedOut.Body.Close())
	require.Contains(t, ann.get("/cases").at.Path, "/sign-in")
	require.NotContains(t, said.String(), clientSecret)
}
