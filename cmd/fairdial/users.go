package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"fairdial/access"
	"fairdial/console"
)

func (a *app) openID() *access.OpenID {
	o := a.cfg.HTTP.OpenID
	if o.Issuer == "" {
		return nil
	}
	opts := access.OpenIDOptions{
		Issuer: o.Issuer, ClientID: o.ClientID, ClientSecret: o.ClientSecret.Reveal(), Scopes: o.Scopes, GroupsClaim: o.GroupsClaim,
		RedirectURL: strings.TrimSuffix(a.cfg.HTTP.ExternalURL, "/") + "/openid/callback", Now: a.now,
	}
	return access.NewOpenID(opts)
}

// terms are what the configuration says of who may use the console.
func (a *app) terms(keys []console.Key) access.Terms {
	o := a.cfg.HTTP.OpenID
	t := access.Terms{Issuer: o.Issuer}
	for _, g := range o.Grants {
		t.Grants = append(t.Grants, access.Grant{Group: g.Group, Role: access.Role(g.Role), Tenants: g.Tenants})
	}
	if a.demo != "" {
		t.Trusted = append(t.Trusted, a.demo)
	}
	for i, k := range keys {
		t.Trusted = append(t.Trusted, k.Actor(i))
	}
	return t
}

// tellSetUp prints what makes the first user. It goes to the terminal and not to the log,
// which others may read.
func (a *app) tellSetUp(book *access.Book, address string) {
	if a.demo != "" {
		a.printf("The console is open without a password to whoever uses this machine, as %s: this is the demo.\n", a.demo)
		return
	}
	if token := book.SetUpToken(); token != "" && a.cfg.HTTP.OpenID.Issuer == "" {
		a.printf("The console has no user yet. Open http://%s/setup and give this set-up token, which counts once:\n\n  %s\n\n", address, token)
	}
}

func newUsers(a *app) *cobra.Command {
	list := &cobra.Command{
		Use: "list", Short: "Users of the console, with role and tenants", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withBook(cmd, func(b *access.Book) error {
				type user struct {
					Name     string      `json:"name"`
					Role     access.Role `json:"role"`
					Tenants  []string    `json:"tenants"`
					Disabled bool        `json:"disabled"`
					Subject  string      `json:"subject,omitempty"` // of the identity provider
				}
				all, rows := []user{}, [][]string{{"name", "role", "tenants", "disabled", "subject"}}
				for _, u := range b.Users() {
					all = append(all, user{u.Name, u.Role, u.Tenants, u.Disabled, ""})
					rows = append(rows, []string{u.Name, string(u.Role), or(strings.Join(u.Tenants, " "), "all"), fmt.Sprint(u.Disabled), ""})
				}
				b.Under(a.terms(nil))
				for _, p := range b.People() {
					who, _ := b.Standing(p.Name)
					all = append(all, user{p.Name, who.Role, who.Tenants, who.Role == "", p.Subject})
					rows = append(rows, []string{p.Name, or(string(who.Role), "none"), or(strings.Join(who.Tenants, " "), "all"), fmt.Sprint(who.Role == ""), p.Subject})
				}
				if a.output == "json" {
					return a.json(all)
				}
				return a.table(rows)
			})
		},
	}
	cmd := &cobra.Command{
		Use: "users", Short: "Who may sign in to the console", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(list, newUsersAdd(a), newUsersPassword(a), newUsersRelease(a))
	return cmd
}

func newUsersRelease(a *app) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "release NAME --reason TEXT", Short: "Let somebody else of the identity provider have the name of one who left", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withBook(cmd, func(b *access.Book) error { return b.ReleaseName(cmd.Context(), args[0], a.actor, reason) })
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why")
	return cmd
}

func newUsersAdd(a *app) *cobra.Command {
	var u access.User
	var role string
	cmd := &cobra.Command{
		Use: "add NAME --role ROLE [--tenant ID]...", Short: "Add a user; the password is read from the terminal or stdin", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			u.Name, u.Role = args[0], access.Role(role)
			password, err := a.password()
			if err != nil {
				return err
			}
			return a.withBook(cmd, func(b *access.Book) error { return b.AddUser(cmd.Context(), u, password, a.actor) })
		},
	}
	cmd.Flags().StringVar(&role, "role", "", "viewer, reviewer, approver, finance or admin")
	cmd.Flags().StringArrayVar(&u.Tenants, "tenant", nil, "tenant `ID` that they see; may be given more than once; default: all")
	return cmd
}

func newUsersPassword(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "password NAME", Short: "Give a user another password, and end their sessions", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			password, err := a.password()
			if err != nil {
				return err
			}
			return a.withBook(cmd, func(b *access.Book) error {
				return b.ChangeUser(cmd.Context(), args[0], access.Change{Password: &password}, a.actor, "another password")
			})
		},
	}
}

func (a *app) withBook(cmd *cobra.Command, do func(*access.Book) error) error {
	return a.withStore(cmd.Context(), func(s *services) error {
		b, err := access.Open(cmd.Context(), s.journal, a.now)
		if err != nil {
			return err
		}
		return do(b)
	})
}

// password reads a password without showing it, or a line of stdin.
func (a *app) password() (string, error) {
	if f, ok := a.stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprint(a.stderr, "Password: ")
		text, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(a.stderr)
		return string(text), err
	}
	line, err := bufio.NewReader(a.stdin).ReadString('\n')
	if line == "" && err != nil {
		return "", fmt.Errorf("read the password from stdin: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}
