package graph

import (
	"context"
	"encoding/json"
	"fmt"
)

// pages asks for an address and every page after it. It gives the link at which changes
// since then will be told, of a delta request.
func (c *Client) pages(ctx context.Context, address string, each func(page int, body []byte, value []json.RawMessage) error) (delta string, err error) {
	seen := map[string]bool{}
	for page := 1; address != ""; page++ {
		if seen[address] {
			return "", fmt.Errorf("page %d links back to one that was read", page-1)
		}
		seen[address] = true
		body, err := c.get(ctx, address)
		if err != nil {
			return "", err
		}
		var answer struct {
			Value     *[]json.RawMessage `json:"value"`
			NextLink  string             `json:"@odata.nextLink"`
			DeltaLink string             `json:"@odata.deltaLink"`
		}
		if err := json.Unmarshal(body, &answer); err != nil {
			return "", fmt.Errorf("page %d is no page of records: %w", page, err)
		}
		if answer.Value == nil {
			return "", fmt.Errorf("page %d is no page of usage records or users: it has no value", page)
		}
		for _, link := range []string{answer.NextLink, answer.DeltaLink} {
			if link == "" {
				continue
			}
			if err := c.sameHost(link); err != nil {
				return "", err
			}
		}
		if err := each(page, body, *answer.Value); err != nil {
			return "", err
		}
		address, delta = answer.NextLink, answer.DeltaLink
	}
	return delta, nil
}

// all gives the elements of all pages together, as one page.
func (c *Client) all(ctx context.Context, address string) ([]byte, error) {
	whole := struct {
		Value []json.RawMessage `json:"value"`
	}{[]json.RawMessage{}}
	if _, err := c.pages(ctx, address, func(_ int, _ []byte, value []json.RawMessage) error {
		whole.Value = append(whole.Value, value...)
		return nil
	}); err != nil {
		return nil, err
	}
	return json.Marshal(whole)
}
