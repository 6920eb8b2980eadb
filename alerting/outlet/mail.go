package outlet

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/wneessen/go-mail"

	"fairdial/alerting"
)

// Mail sends news as e-mail over SMTP. TLS is a must but on this machine.
type Mail struct {
	name, from string
	to         []string
	client     *mail.Client
}

// MailOptions say how to send.
type MailOptions struct {
	Name string
	// Server is host:port.
	Server             string
	From               string
	To                 []string
	Username, Password string
}

// NewMail makes the outlet.
func NewMail(opts MailOptions) (*Mail, error) {
	fail := func(err error) (*Mail, error) { return nil, fmt.Errorf("outlet %s: %w", opts.Name, err) }
	host, port, err := net.SplitHostPort(opts.Server)
	if err != nil {
		return fail(fmt.Errorf("%q is no mail server; write host:port", opts.Server))
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return fail(fmt.Errorf("%q is no port", port))
	}
	policy := mail.TLSMandatory
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		policy = mail.TLSOpportunistic
	}
	options := []mail.Option{mail.WithPort(number), mail.WithTLSPolicy(policy), mail.WithTimeout(15 * time.Second)}
	if opts.Username != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(opts.Username), mail.WithPassword(opts.Password))
	}
	client, err := mail.NewClient(host, options...)
	if err != nil {
		return fail(err)
	}
	m := &Mail{name: opts.Name, from: opts.From, to: opts.To, client: client}
	if _, err = m.message(alerting.News{ID: "x"}); err != nil {
		return fail(err)
	}
	return m, nil
}

// Name implements [alerting.Outlet].
func (m *Mail) Name() string { return m.name }

// Gathers implements [alerting.Gathering]: in a storm people get one mail.
func (m *Mail) Gathers() {}

// Send implements [alerting.Outlet]. The same news has the same Message-ID, by which mail
// programs show it once.
func (m *Mail) Send(ctx context.Context, n alerting.News) error {
	msg, err := m.message(n)
	if err != nil {
		return err
	}
	if err := m.client.DialAndSendWithContext(ctx, msg); err != nil {
		return fmt.Errorf("the mail server does not take it: %w", err)
	}
	return nil
}

func (m *Mail) message(n alerting.News) (*mail.Msg, error) {
	msg := mail.NewMsg()
	if err := msg.From(m.from); err != nil {
		return nil, fmt.Errorf("sender %q: %w", m.from, err)
	}
	if len(m.to) == 0 {
		return nil, fmt.Errorf("nobody to send to")
	}
	if err := msg.To(m.to...); err != nil {
		return nil, fmt.Errorf("recipients: %w", err)
	}
	msg.SetMessageIDWithValue(n.ID + "@fairdial")
	// All news of a case stand in one thread.
	if n.CaseID != "" {
		msg.SetGenHeader(mail.HeaderReferences, "<"+n.CaseID+"@fairdial>")
	}
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.Subject("[Fairdial] " + n.Headline)
	msg.SetBodyString(mail.TypeTextPlain, n.Text)
	return msg, nil
}
