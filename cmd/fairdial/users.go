package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"fairdial/access"
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
	for _, g := range o.Grants {
		opts.Grants = append(opts.Grants, access.Grant{Group: g.Group, Role: access.Role(g.Role), Tenants: g.Tenants})
	}
	return access.NewOpenID(opts)
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
				}
				all, rows := []user{}, [][]string{{"name", "role", "tenants", "disabled"}}
				for _, u := range b.Users() {
					all = append(all, user{u.Name, u.Role, u.Tenants, u.Disabled})
					rows = append(rows, []string{u.Name, string(u.Role), or(strings.Join(u.Tenants, " "), "all"), fmt.Sprint(u.Disabled)})
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
	cmd.AddCommand(list, newUsersAdd(a), newUsersPassword(a))
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
