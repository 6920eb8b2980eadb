package slackfake

import (
	"encoding/json"
	"regexp"
	"unicode/utf8"
)

// The limits of the real Slack, in characters: docs.slack.dev, Block Kit reference; the
// one on a whole message is not documented and was measured by others at about 13,200.
const (
	maxBlocks        = 50
	maxHeader        = 150
	maxSection       = 3000
	maxFields        = 10
	maxField         = 2000
	maxElements      = 10
	maxButtons       = 25
	maxButton        = 75
	maxAllBlocks     = 13200
	maxText          = 40000
	maxBlockID       = 255
	maxActionID      = 255
	maxPlaceholder   = 150
	maxOptions       = 100
	maxOption        = 75 // characters of an option's text, and of its value; of the latter the real one takes 150 by now
	maxConfirmTitle  = 100
	maxConfirmText   = 300
	maxConfirmButton = 30
	maxMetadataKB    = 16
)

type block struct {
	Type     string  `json:"type"`
	BlockID  string  `json:"block_id"`
	Text     *text   `json:"text"`
	Fields   []*text `json:"fields"`
	Elements []*text `json:"elements"`
	Actions  []element
}

// element is what can be pressed or chosen in an actions block.
type element struct {
	Type        string   `json:"type"`
	ActionID    string   `json:"action_id"`
	Text        *text    `json:"text"` // of a button
	Value       string   `json:"value"`
	URL         string   `json:"url"`
	Placeholder *text    `json:"placeholder"` // of a list
	Options     []option `json:"options"`
	Confirm     *confirm `json:"confirm"`
}

type option struct {
	Text  *text  `json:"text"`
	Value string `json:"value"`
}

// confirm is a question that the client asks before it sends anything.
type confirm struct {
	Title   *text `json:"title"`
	Text    *text `json:"text"`
	Confirm *text `json:"confirm"`
	Deny    *text `json:"deny"`
}

// UnmarshalJSON reads a block; the elements of an actions block are no texts.
func (b *block) UnmarshalJSON(source []byte) error {
	var head struct {
		Type    string `json:"type"`
		BlockID string `json:"block_id"`
	}
	if err := json.Unmarshal(source, &head); err != nil {
		return err
	}
	if head.Type != "actions" {
		type plain block
		return json.Unmarshal(source, (*plain)(b))
	}
	var actions struct {
		Elements []element `json:"elements"`
	}
	err := json.Unmarshal(source, &actions)
	b.Type, b.BlockID, b.Actions = head.Type, head.BlockID, actions.Elements
	return err
}

func (e element) valid() bool {
	if e.ActionID == "" || len(e.ActionID) > maxActionID || e.Confirm != nil && !e.Confirm.valid() {
		return false
	}
	switch e.Type {
	case "button":
		return e.Text.plain(maxButton) && len(e.Value) <= 2000 && len(e.URL) <= 3000 && e.Options == nil
	case "static_select":
		return e.Placeholder.plain(maxPlaceholder) && validOptions(e.Options) && e.Text == nil && e.Value == "" && e.URL == ""
	default:
		return false
	}
}

func validOptions(all []option) bool {
	values := map[string]bool{}
	for _, o := range all {
		if n := utf8.RuneCountInString(o.Value); !o.Text.plain(maxOption) || n == 0 || n > maxOption || values[o.Value] {
			return false
		}
		values[o.Value] = true
	}
	return len(all) > 0 && len(all) <= maxOptions
}

func (c confirm) valid() bool {
	return c.Title.plain(maxConfirmTitle) && c.Text.within(maxConfirmText) && c.Confirm.plain(maxConfirmButton) && c.Deny.plain(maxConfirmButton)
}

type text struct {
	Type  string `json:"type"`
	Text  string `json:"text"`
	Emoji *bool  `json:"emoji"`
}

func (t *text) within(limit int) bool {
	if t == nil || t.Type != "plain_text" && t.Type != "mrkdwn" || t.Type == "mrkdwn" && t.Emoji != nil {
		return false
	}
	n := utf8.RuneCountInString(t.Text)
	return n > 0 && n <= limit
}

// plain says whether a text is one without markup that is short enough.
func (t *text) plain(limit int) bool { return t.within(limit) && t.Type == "plain_text" }

// checkMessage gives the error that the real one gives for a message, "" for none.
func checkMessage(body, blocks, metadata string) string {
	if body == "" && blocks == "" {
		return "no_text"
	}
	if utf8.RuneCountInString(body) > maxText {
		return "msg_too_long"
	}
	if metadata != "" {
		var m struct {
			EventType string         `json:"event_type"`
			Payload   map[string]any `json:"event_payload"`
		}
		if json.Unmarshal([]byte(metadata), &m) != nil || m.EventType == "" || m.Payload == nil {
			return "invalid_metadata_format"
		}
		if len(metadata) > maxMetadataKB<<10 {
			return "metadata_too_large"
		}
	}
	if blocks == "" {
		return ""
	}
	return checkBlocks(blocks)
}

func checkBlocks(source string) string {
	var blocks []block
	if json.Unmarshal([]byte(source), &blocks) != nil {
		return "invalid_blocks_format"
	}
	if len(blocks) > maxBlocks {
		return "invalid_blocks"
	}
	ids := map[string]bool{}
	for _, b := range blocks {
		if !b.valid() || b.BlockID != "" && ids[b.BlockID] || utf8.RuneCountInString(b.BlockID) > maxBlockID {
			return "invalid_blocks"
		}
		ids[b.BlockID] = true
	}
	if utf8.RuneCountInString(source) > maxAllBlocks {
		return "msg_blocks_too_long"
	}
	return ""
}

func (b block) valid() bool {
	switch b.Type {
	case "header":
		return b.Text.within(maxHeader) && b.Text.Type == "plain_text"
	case "section":
		if b.Text == nil && len(b.Fields) == 0 || b.Text != nil && !b.Text.within(maxSection) || len(b.Fields) > maxFields {
			return false
		}
		for _, f := range b.Fields {
			if !f.within(maxField) {
				return false
			}
		}
		return true
	case "context":
		if len(b.Elements) == 0 || len(b.Elements) > maxElements {
			return false
		}
		for _, e := range b.Elements {
			if !e.within(maxSection) {
				return false
			}
		}
		return true
	case "actions":
		ids := map[string]bool{}
		for _, e := range b.Actions {
			if !e.valid() || ids[e.ActionID] {
				return false
			}
			ids[e.ActionID] = true
		}
		return len(b.Actions) > 0 && len(b.Actions) <= maxButtons
	case "divider":
		return true
	default:
		return false
	}
}

var control = regexp.MustCompile(`<[^<>]*>`)

// Active are the control sequences of a message that Slack would act on: links, mentions
// of people, channels and groups, such as "<!channel>" or "<https://example.com|here>".
func (m Message) Active() []string {
	active := control.FindAllString(m.Text, -1)
	var blocks []block
	if json.Unmarshal(m.Blocks, &blocks) != nil {
		return active
	}
	for _, b := range blocks {
		for _, t := range append(append([]*text{b.Text}, b.Fields...), b.Elements...) {
			if t != nil && t.Type == "mrkdwn" {
				active = append(active, control.FindAllString(t.Text, -1)...)
			}
		}
	}
	return active
}
