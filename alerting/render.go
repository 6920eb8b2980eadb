package alerting

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"
)

// Message is one alert: blocks for Slack, a line for notifications and screen readers, and
// the whole as plain text for the log and the store.
type Message struct {
	Fallback string // Slack's top-level text, escaped
	Blocks   []slack.Block
	Plain    string
}

// Slack's limits, docs.slack.dev, Block Kit reference; in characters. The one on all
// blocks together is not documented: about 13,200 were measured (bolt-js #2509).
const (
	limitBlocks   = 50
	limitHeader   = 150
	limitSection  = 3000
	limitFields   = 10
	limitField    = 2000
	limitMessage  = 13000
	limitFallback = 3000
)

// message renders a notice as the message that stands for a case.
func message(n notice) (Message, error) {
	return fitting(n, func(n notice) Message {
		blocks := []slack.Block{
			slack.NewHeaderBlock(plainText(truncate(n.headline, limitHeader))),
			slack.NewSectionBlock(plainText(n.sentence), nil, nil),
		}
		if len(n.facts) > 0 {
			blocks = append(blocks, slack.NewSectionBlock(nil, fields(n.facts, false), nil))
		}
		blocks = append(blocks, slack.NewSectionBlock(nil, fields(n.rows, true), nil))
		if more := n.more(); more != "" {
			blocks = append(blocks, slack.NewSectionBlock(plainText(truncate(more, limitSection)), nil, nil))
		}
		blocks = append(blocks, slack.NewContextBlock("", markdown(n.footer())))
		if n.buttons != nil {
			blocks = append(blocks, n.buttons)
		}
		return Message{
			Fallback: fallback(n.headline + ": " + n.sentence),
			Blocks:   blocks,
			Plain:    n.plain(),
		}
	})
}

// replyMessage renders a notice as a reply in the case's thread.
func replyMessage(n notice) (Message, error) {
	return fitting(n, func(n notice) Message {
		return Message{
			Fallback: fallback(n.news + ". " + n.sentence),
			Blocks: []slack.Block{
				slack.NewSectionBlock(plainText(truncate(n.news, limitSection)), nil, nil),
				slack.NewSectionBlock(plainText(n.sentence), nil, nil),
				slack.NewContextBlock("", markdown(n.footer())),
			},
			Plain: n.news + "\n" + n.plain(),
		}
	})
}

// fallback is Slack's top-level text; escaping makes up to five characters of one.
func fallback(s string) string { return escape(truncate(s, limitFallback/5)) }

// fitting renders a notice in full or, where that is more than Slack takes, shorter: other
// people choose the texts, and none may keep a case from being told.
func fitting(n notice, render func(notice) Message) (m Message, err error) {
	for _, short := range []func(notice) notice{whole, counted, terse} {
		m = render(short(n))
		if err = m.check(); err == nil {
			return m, nil
		}
	}
	return m, fmt.Errorf("the message of case %s does not fit: %w", n.caseID, err)
}

func whole(n notice) notice { return n }

// counted counts what stands below the facts instead of naming it.
func counted(n notice) notice {
	if len(n.also) > 0 {
		n.also = []string{fmt.Sprintf("%d more findings", len(n.also))}
	}
	if len(n.members) > 0 {
		n.members = []string{fmt.Sprintf("%d", len(n.members))}
	}
	return n
}

// terse leaves out the facts as well and cuts every text short.
func terse(n notice) notice {
	n = counted(n)
	n.headline, n.sentence, n.news = truncate(n.headline, 100), truncate(n.sentence, 200), truncate(n.news, 200)
	if len(n.facts) > 0 {
		n.also, n.facts = []string{fmt.Sprintf("%d findings", len(n.facts))}, nil
	}
	rows := make([]row, len(n.rows))
	for i, r := range n.rows {
		rows[i] = row{r.label, truncate(r.text, 100)}
	}
	n.rows = rows
	n.rules = firstFew(n.rules, 2)
	return n
}

// fields are rows as Slack's two columns: the label left, the text right. Texts are
// plain_text objects, in which no markup means anything. Labels of our own are bold.
func fields(rows []row, ours bool) []*slack.TextBlockObject {
	var out []*slack.TextBlockObject
	for _, r := range rows {
		label := plainText(truncate(r.label, limitField))
		if ours {
			label = markdown("*" + r.label + "*")
		}
		out = append(out, label, plainText(truncate(r.text, limitField)))
	}
	return out
}

func plainText(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, s, false, false)
}

// markdown takes text that is escaped, or our own.
func markdown(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.MarkdownType, s, false, true)
}

func (n notice) more() string {
	var lines []string
	if len(n.also) > 0 {
		lines = append(lines, "Also: "+strings.Join(firstFew(n.also, maxAlso), ", "))
	}
	if len(n.members) > 0 {
		lines = append(lines, "Members: "+strings.Join(firstFew(n.members, maxMembers), ", "))
	}
	return strings.Join(lines, "\n")
}

// How long the parts of the footer may be before they are escaped, in characters.
const (
	maxRules = 300
	maxLink  = 500
)

func (n notice) footer() string {
	parts := []string{"Case `" + n.caseID + "`", "`fairdial cases show " + n.caseID + "`"}
	if n.digest {
		parts = []string{"`fairdial cases list`"}
	}
	for _, theirs := range []string{truncate(strings.Join(firstFew(n.rules, maxAlso), ", "), maxRules), n.account} {
		if theirs = unmarked(theirs); theirs != "" {
			parts = append(parts, escape(theirs))
		}
	}
	if n.link != "" && len(n.link) <= maxLink {
		parts = append(parts, "<"+strings.NewReplacer("<", "", ">", "", "|", "").Replace(n.link)+"|Open in the console>")
	}
	return strings.Join(parts, " · ")
}

// unmarked leaves out what mrkdwn makes code, bold or struck out of.
func unmarked(s string) string { return strings.NewReplacer("`", "", "*", "", "~", "").Replace(s) }

// plain is the notice as text, a line a thing.
func (n notice) plain() string {
	var b strings.Builder
	line := func(parts ...string) { b.WriteString(strings.Join(parts, "") + "\n") }
	line(n.headline)
	line(n.sentence)
	for _, f := range n.facts {
		line("  ", f.label, ": ", f.text)
	}
	if more := n.more(); more != "" {
		line(more)
	}
	for _, r := range n.rows {
		line(r.label, ": ", r.text)
	}
	if n.account != "" {
		line("Organizer: ", n.account)
	}
	if len(n.rules) > 0 {
		line("Rules: ", strings.Join(firstFew(n.rules, maxAlso), ", "))
	}
	if n.digest {
		line("fairdial cases list")
	} else {
		line("Case: fairdial cases show ", n.caseID)
	}
	if n.link != "" {
		line(n.link)
	}
	return b.String()
}

// check makes sure that Slack will take the message: what the texts' own limits let
// through must never add up to more.
func (m Message) check() error {
	if len(m.Blocks) > limitBlocks {
		return fmt.Errorf("a message of %d blocks: Slack takes %d", len(m.Blocks), limitBlocks)
	}
	if n := utf8.RuneCountInString(m.Fallback); n == 0 || n > limitFallback {
		return fmt.Errorf("a message with %d characters of text beside its blocks: from 1 to %d are meant", n, limitFallback)
	}
	for i, b := range m.Blocks {
		if err := checkBlock(b); err != nil {
			return fmt.Errorf("block %d: %w", i+1, err)
		}
	}
	source, err := json.Marshal(m.Blocks)
	if err != nil {
		return fmt.Errorf("encode the message's blocks: %w", err)
	}
	if n := utf8.RuneCount(source); n > limitMessage {
		return fmt.Errorf("a message of %d characters: Slack takes about %d", n, limitMessage)
	}
	return nil
}

func checkBlock(b slack.Block) error {
	within := func(t *slack.TextBlockObject, limit int) error {
		if n := utf8.RuneCountInString(t.Text); n == 0 || n > limit {
			return fmt.Errorf("a text of %d characters: from 1 to %d are allowed", n, limit)
		}
		return nil
	}
	switch b := b.(type) {
	case *slack.HeaderBlock:
		return within(b.Text, limitHeader)
	case *slack.SectionBlock:
		if len(b.Fields) > limitFields {
			return fmt.Errorf("%d fields: %d are allowed", len(b.Fields), limitFields)
		}
		for _, f := range b.Fields {
			if err := within(f, limitField); err != nil {
				return err
			}
		}
		if b.Text != nil {
			return within(b.Text, limitSection)
		}
	case *slack.ContextBlock:
		for _, e := range b.ContextElements.Elements {
			if t, ok := e.(*slack.TextBlockObject); ok {
				if err := within(t, limitSection); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
