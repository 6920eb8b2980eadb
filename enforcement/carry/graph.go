package carry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"fairdial/enforcement"
)

// Graph takes licences away while an organizer is suspended, and gives back what it took
// (POST /users/{id}/assignLicense; application permission User.ReadWrite.All). Taking the
// add-on alone does not stop calls: they fall to the pool. Name the conferencing SKUs too.
type Graph struct {
	name, base string
	skus       []string
	client     *http.Client
}

// GraphOptions say how to reach Microsoft Graph.
type GraphOptions struct {
	Name string
	// BaseURL is https://graph.microsoft.com/v1.0, or another cloud's, or a test's.
	BaseURL string
	// TokenURL is https://login.microsoftonline.com/{directory}/oauth2/v2.0/token.
	TokenURL, ClientID, ClientSecret, Scope string
	// SKUs are the ids (GUIDs) that are taken.
	SKUs []string
}

// NewGraph makes the adapter.
func NewGraph(opts GraphOptions) (*Graph, error) {
	if opts.BaseURL == "" || opts.TokenURL == "" || opts.ClientID == "" || opts.ClientSecret == "" || len(opts.SKUs) == 0 {
		return nil, fmt.Errorf("adapter %s: Graph needs addresses, a client with its secret, and the SKUs to take", opts.Name)
	}
	credentials := clientcredentials.Config{
		ClientID: opts.ClientID, ClientSecret: opts.ClientSecret, TokenURL: opts.TokenURL, Scopes: []string{opts.Scope},
		AuthStyle: oauth2.AuthStyleInParams,
	}
	plain := newClient()
	client := credentials.Client(context.WithValue(context.Background(), oauth2.HTTPClient, plain))
	client.Timeout, client.CheckRedirect = plain.Timeout, plain.CheckRedirect
	return &Graph{name: opts.Name, base: strings.TrimRight(opts.BaseURL, "/"), skus: opts.SKUs, client: client}, nil
}

// Name implements [Adapter].
func (g *Graph) Name() string { return g.name }

// Effect implements [Adapter].
// Source: without the add-on an organizer's calls draw on the tenant's pool, then on credits
// (microsoft-dial-out, entitlement order).
func (g *Graph) Effect(level enforcement.Level) string {
	if level != enforcement.LevelSuspend {
		return ""
	}
	return g.name + ": the licences " + strings.Join(g.skus, ", ") + " are taken from the organizer in Microsoft 365, and given back at the end. " +
		"Taking the add-on alone stops no call: its minutes then draw on the tenant's pool, and when that is empty on Communications Credits."
}

// Wish implements [Adapter]: only a suspension takes licences.
func (g *Graph) Wish(o Order) string {
	if o.Level == enforcement.LevelSuspend {
		return "licences taken"
	}
	return ""
}

// licence is one that is assigned to a user.
type licence struct {
	SKU           string   `json:"skuId"`
	DisabledPlans []string `json:"disabledPlans"`
}

// Prepare implements [Adapter]: it remembers which of the SKUs the user has, with the plans
// that are switched off in them.
func (g *Graph) Prepare(ctx context.Context, o Order) (json.RawMessage, error) {
	has, err := g.assigned(ctx, o.OrganizerID)
	if err != nil {
		return nil, err
	}
	taken := []licence{}
	for _, l := range has {
		if g.takes(l.SKU) {
			taken = append(taken, l)
		}
	}
	return json.Marshal(taken)
}

func (g *Graph) takes(sku string) bool {
	return slices.ContainsFunc(g.skus, func(s string) bool { return strings.EqualFold(s, sku) })
}

// Apply implements [Adapter].
func (g *Graph) Apply(ctx context.Context, o Order, wish string, before json.RawMessage) error {
	has, err := g.assigned(ctx, o.OrganizerID)
	if err != nil {
		return err
	}
	change := struct {
		Add    []licence `json:"addLicenses"`
		Remove []string  `json:"removeLicenses"`
	}{[]licence{}, []string{}}
	if wish != "" {
		for _, l := range has {
			if g.takes(l.SKU) {
				change.Remove = append(change.Remove, l.SKU)
			}
		}
	} else {
		missing, err := g.missing(has, before)
		if err != nil {
			return err
		}
		change.Add = append(change.Add, missing...)
	}
	if len(change.Add)+len(change.Remove) == 0 {
		return nil // it is so already
	}
	return g.call(ctx, http.MethodPost, "/users/"+url.PathEscape(o.OrganizerID)+"/assignLicense", change, nil)
}

// missing are the licences that were there before and are not now.
func (g *Graph) missing(has []licence, before json.RawMessage) ([]licence, error) {
	var had []licence
	if err := json.Unmarshal(before, &had); err != nil {
		return nil, fmt.Errorf("what was remembered cannot be read: %w", err)
	}
	return slices.DeleteFunc(had, func(l licence) bool {
		return slices.ContainsFunc(has, func(now licence) bool { return strings.EqualFold(now.SKU, l.SKU) })
	}), nil
}

// Verify implements [Adapter].
func (g *Graph) Verify(ctx context.Context, o Order, wish string, before json.RawMessage) error {
	has, err := g.assigned(ctx, o.OrganizerID)
	if err != nil {
		return err
	}
	if wish == "" {
		missing, err := g.missing(has, before)
		if err == nil && len(missing) > 0 {
			err = fmt.Errorf("%d licences are not back", len(missing))
		}
		return err
	}
	for _, l := range has {
		if g.takes(l.SKU) {
			return fmt.Errorf("the user still has SKU %s; is it assigned by a group?", l.SKU)
		}
	}
	return nil
}

func (g *Graph) assigned(ctx context.Context, user string) ([]licence, error) {
	var answer struct {
		Licences []licence `json:"assignedLicenses"`
	}
	err := g.call(ctx, http.MethodGet, "/users/"+url.PathEscape(user)+"?$select=assignedLicenses", nil, &answer)
	return answer.Licences, err
}

// call asks Graph; an error names Graph's code and nothing of the request.
func (g *Graph) call(ctx context.Context, method, path string, body, into any) error {
	var source io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		source = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, g.base+path, source)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := g.client.Do(request)
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return fmt.Errorf("the identity platform gave no token (%s): check client id and secret", refused.ErrorCode)
	}
	if err != nil {
		return bare(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("read Graph's answer: %w", err)
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		var refused struct {
			Error struct{ Code string }
		}
		_ = json.Unmarshal(text, &refused)
		hint := ""
		if response.StatusCode == http.StatusForbidden {
			hint = ": the application needs User.ReadWrite.All, with an administrator's consent"
		}
		return fmt.Errorf("graph answered %s %s%s", response.Status, refused.Error.Code, hint)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("graph's answer cannot be read: %w", err)
	}
	return nil
}
