package console

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"fairdial/access"
)

const (
	sessionCookie = "fairdial_session"
	stateCookie   = "fairdial_openid"
)

// cookie is one that no script reads and no other site sends with a form. Links from Slack
// and mail must find who is signed in, hence Lax.
func (p *pages) cookie(name, value, path string, age time.Duration) *http.Cookie {
	c := &http.Cookie{
		Name: name, Value: value, Path: path, MaxAge: int(age.Seconds()), HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: strings.HasPrefix(p.opts.ExternalURL, "https://"),
	}
	if value == "" {
		c.MaxAge = -1
	}
	return c
}

type signInBody struct {
	Next, Name, Error string
	Local, OpenID     bool
}

func (p *pages) signInForm(w http.ResponseWriter, r *http.Request) {
	if p.opts.Access == nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	if p.opts.Access.SetUpToken() != "" && p.opts.OpenID == nil {
		http.Redirect(w, r, "/setup", http.StatusSeeOther)
		return
	}
	p.askSignIn(w, r, http.StatusOK, signInBody{Next: inside(r.URL.Query().Get("next"))})
}

func (p *pages) askSignIn(w http.ResponseWriter, r *http.Request, status int, b signInBody) {
	b.Local, b.OpenID = p.opts.Access.SetUpToken() == "", p.opts.OpenID != nil
	p.show(w, r, status, "signin", page{Title: "Sign in", Body: b})
}

// inside is an address of this console; another would make it vouch for a foreign page.
func inside(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") {
		return "/"
	}
	return next
}

func (p *pages) signIn(w http.ResponseWriter, r *http.Request) {
	if !p.posted(w, r) {
		return
	}
	b := signInBody{Next: inside(r.PostForm.Get("next")), Name: r.PostForm.Get("name")}
	token, err := p.opts.Access.SignIn(r.Context(), b.Name, r.PostForm.Get("password"), p.opts.origin(r), r.UserAgent())
	if errors.Is(err, access.ErrRefused) {
		b.Error = told(err)
		status := http.StatusUnauthorized
		if errors.Is(err, access.ErrPace) || errors.Is(err, access.ErrLocked) {
			status = http.StatusTooManyRequests
		}
		p.opts.Logger.WarnContext(r.Context(), "sign-in refused", "address", p.opts.origin(r), "error", err)
		p.askSignIn(w, r, status, b)
		return
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	http.SetCookie(w, p.cookie(sessionCookie, token, "/", access.SessionLength))
	http.Redirect(w, r, b.Next, http.StatusSeeOther)
}

// told is what people read of a refusal.
func told(err error) string {
	text := strings.TrimPrefix(err.Error(), access.ErrRefused.Error()+": ")
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// posted reads a form where somebody can sign in; it answers itself when it cannot.
func (p *pages) posted(w http.ResponseWriter, r *http.Request) bool {
	if p.opts.Access == nil {
		p.fail(w, r, ErrNotFound)
		return false
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		p.say(w, r, http.StatusBadRequest, "Not done", "The form could not be read.", "")
		return false
	}
	return true
}

func (p *pages) signOut(w http.ResponseWriter, r *http.Request) {
	who := identity(r.Context())
	if who.Session != "" {
		if err := p.opts.Access.EndSession(r.Context(), who.Session, who.Holder, "console:"+who.Name); err != nil {
			p.fail(w, r, err)
			return
		}
	}
	http.SetCookie(w, p.cookie(sessionCookie, "", "/", 0))
	http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
}

type setUpBody struct {
	Name, Error string
	Shortest    int
}

func (p *pages) setUpForm(w http.ResponseWriter, r *http.Request) {
	if p.opts.Access == nil || p.opts.Access.SetUpToken() == "" {
		http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
		return
	}
	p.show(w, r, http.StatusOK, "setup", page{Title: "Set up", Body: setUpBody{Shortest: access.ShortestPassword}})
}

func (p *pages) setUp(w http.ResponseWriter, r *http.Request) {
	if !p.posted(w, r) {
		return
	}
	f := r.PostForm
	b := setUpBody{Name: f.Get("name"), Shortest: access.ShortestPassword}
	err := p.opts.Access.SetUp(r.Context(), strings.TrimSpace(f.Get("token")), b.Name, f.Get("password"), p.opts.origin(r))
	if errors.Is(err, access.ErrRefused) {
		b.Error = told(err)
		p.show(w, r, http.StatusUnprocessableEntity, "setup", page{Title: "Set up", Body: b})
		return
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.signIn(w, r)
}

func (p *pages) beginOpenID(w http.ResponseWriter, r *http.Request) {
	if p.opts.OpenID == nil {
		p.fail(w, r, ErrNotFound)
		return
	}
	to, state, err := p.opts.OpenID.Begin(r.Context(), inside(r.URL.Query().Get("next")))
	if err != nil {
		p.opts.Logger.ErrorContext(r.Context(), "sign-in by the identity provider", "error", err)
		p.askSignIn(w, r, http.StatusBadGateway, signInBody{Error: "The identity provider does not answer; the daemon's log says why."})
		return
	}
	http.SetCookie(w, p.cookie(stateCookie, state, "/openid", access.SignInWithin))
	http.Redirect(w, r, to, http.StatusFound)
}

func (p *pages) finishOpenID(w http.ResponseWriter, r *http.Request) {
	if p.opts.OpenID == nil {
		p.fail(w, r, ErrNotFound)
		return
	}
	q := r.URL.Query()
	begun, err := r.Cookie(stateCookie)
	if err != nil || begun.Value == "" || begun.Value != q.Get("state") {
		p.askSignIn(w, r, http.StatusBadRequest, signInBody{Error: "This sign-in was not begun in this browser; begin again."})
		return
	}
	http.SetCookie(w, p.cookie(stateCookie, "", "/openid", 0))
	if said := q.Get("error"); said != "" {
		p.opts.Logger.WarnContext(r.Context(), "sign-in refused by the identity provider", "address", p.opts.origin(r), "error", said, "description", q.Get("error_description"))
		p.askSignIn(w, r, http.StatusForbidden, signInBody{Error: "The identity provider did not sign you in. Begin again, or ask whoever runs it; the daemon's log has its words."})
		return
	}
	who, next, err := p.opts.OpenID.Finish(r.Context(), q.Get("state"), q.Get("code"))
	var token string
	if err == nil {
		token, err = p.opts.Access.OpenSession(r.Context(), who, p.opts.origin(r), r.UserAgent())
	}
	if errors.Is(err, access.ErrRefused) {
		p.opts.Logger.WarnContext(r.Context(), "sign-in refused", "address", p.opts.origin(r), "error", err)
		text, _, _ := strings.Cut(err.Error(), "\n") // the provider's own words stay in the log
		p.askSignIn(w, r, http.StatusForbidden, signInBody{Error: text})
		return
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	http.SetCookie(w, p.cookie(sessionCookie, token, "/", access.SessionLength))
	http.Redirect(w, r, next, http.StatusSeeOther)
}

type accountBody struct {
	Sessions []access.Session
	Own      string
}

func (p *pages) account(w http.ResponseWriter, r *http.Request) {
	who := identity(r.Context())
	b := accountBody{Own: who.Session}
	if p.opts.Access != nil && who.Session != "" {
		b.Sessions = p.opts.Access.Sessions(who.Holder)
	}
	p.show(w, r, http.StatusOK, "account", page{Title: "Your account", Section: "Account", Body: b})
}

func (p *pages) endOwnSession(w http.ResponseWriter, r *http.Request) {
	who := identity(r.Context())
	if p.opts.Access == nil || who.Session == "" {
		p.fail(w, r, ErrNotFound)
		return
	}
	if err := p.opts.Access.EndSession(r.Context(), r.PathValue("session"), who.Holder, "console:"+who.Name); err != nil {
		p.refused(w, r, err, "/account")
		return
	}
	http.Redirect(w, r, "/account", http.StatusSeeOther)
}

// refused answers what access does not do, or an error.
func (p *pages) refused(w http.ResponseWriter, r *http.Request, err error, back string) {
	if errors.Is(err, access.ErrRefused) {
		p.say(w, r, http.StatusUnprocessableEntity, "Not done", told(err), back)
		return
	}
	p.fail(w, r, err)
}

// failed answers an error to people or to programs, as the address is for.
func (p *pages) failed(w http.ResponseWriter, r *http.Request, err error) {
	if machine(r) {
		(&api{opts: p.opts}).fail(w, r, err)
		return
	}
	p.fail(w, r, err)
}
