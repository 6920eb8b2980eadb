package alerting

import (
	"context"
	"errors"
	"slices"
)

// Scope is something a token must be allowed to do, and what follows where it is not.
type Scope struct {
	Name    string // such as chat:write
	Instead string // the scope that does the same in a private channel; may be empty
	Without string // what follows
	Needed  bool   // without it nothing is told
}

// Scopes are those that the bot token needs; docs/slack-manifest.yaml asks for the same.
func Scopes() []Scope {
	return []Scope{
		{Name: "chat:write", Without: "no message can be sent", Needed: true},
		{Name: "channels:history", Instead: "groups:history", Without: "after a crash a message may be sent twice"},
		{Name: "channels:read", Instead: "groups:read", Without: "name the channel by its id, or after a crash a message may be sent twice"},
		{Name: "files:write", Without: "no charts in the threads"},
	}
}

// lacking says which scopes are missing. Where Slack does not name any, nothing is known.
func lacking(scopes []string) (out []string) {
	if len(scopes) == 0 {
		return nil
	}
	for _, s := range Missing(scopes) {
		text := s.Name
		if s.Instead != "" {
			text += " (" + s.Instead + " in a private channel)"
		}
		out = append(out, text+": "+s.Without)
	}
	return out
}

// Missing are the scopes that a token with these lacks.
func Missing(has []string) []Scope {
	return slices.DeleteFunc(Scopes(), func(s Scope) bool {
		return slices.Contains(has, s.Name) || s.Instead != "" && slices.Contains(has, s.Instead)
	})
}

// ErrNoToken: there is nothing to check.
var ErrNoToken = errors.New("there is no Slack token: set slack.token_file; until then alerts go to the log and the store")

// Checked is what is known of the token and the channels without sending anything.
type Checked struct {
	Workspace Workspace
	Missing   []Scope
	// Channels are those of the configuration, each with why it cannot be found or read, nil
	// where it can.
	Channels map[string]error
}

// Check asks Slack who the token belongs to, what it lacks, and whether the channels exist.
func (a *Alerter) Check(ctx context.Context) (Checked, error) {
	if a.sender == nil {
		return Checked{}, ErrNoToken
	}
	w, err := a.sender.Check(ctx)
	if err != nil {
		return Checked{}, err
	}
	out := Checked{Workspace: w, Channels: map[string]error{}}
	if len(w.Scopes) > 0 {
		out.Missing = Missing(w.Scopes)
	}
	for _, channel := range append(a.channels(), a.onCall, a.finance) {
		if _, done := out.Channels[channel]; !done {
			out.Channels[channel] = a.reaches(ctx, channel)
		}
	}
	return out, nil
}

// reaches says why a channel cannot be found or read, nil where it can: to read is what it
// takes to find a message again after a crash, and a private channel takes other scopes for it.
func (a *Alerter) reaches(ctx context.Context, channel string) error {
	id, err := a.sender.Resolve(ctx, channel)
	if err == nil {
		_, _, err = a.sender.Find(ctx, id, "", a.now())
	}
	return err
}
