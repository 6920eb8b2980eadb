package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Directory keeps a copy of a tenant's users and subscribedSkus in a folder, and brings it
// up to date by what has changed. The copy can be thrown away: it is then read whole.
type Directory struct {
	Client *Client
	Folder string
}

// The files of the copy. Users and SKUs have the shape of a Graph page.
const (
	usersFile = "users.json"
	skusFile  = "subscribedSkus.json"
	deltaFile = "delta.json"
)

// userProperties are what licences need of a user.
const userProperties = "id,userPrincipalName,displayName,usageLocation,accountEnabled,assignedLicenses,assignedPlans"

// Synced is what a synchronisation brought.
type Synced struct {
	Users   int  `json:"users"`   // in the copy
	Changed int  `json:"changed"` // told as new or changed
	Removed int  `json:"removed"`
	Whole   bool `json:"whole"` // read whole, not by changes
	// Files hold the copy.
	Files []string `json:"-"`
}

// Sync brings the copy up to date. Killed, it is done again from where the copy stands: a
// change told twice is one.
func (d Directory) Sync(ctx context.Context) (Synced, error) {
	if err := os.MkdirAll(d.Folder, 0o700); err != nil {
		return Synced{}, err
	}
	users, link, err := d.load()
	if err != nil {
		return Synced{}, err
	}
	out, err := d.users(ctx, users, link)
	if link != "" && errors.Is(err, errGone) {
		out, err = d.users(ctx, map[string]map[string]json.RawMessage{}, "")
	}
	if err != nil {
		return out, fmt.Errorf("users: %w", err)
	}
	skus, err := d.Client.all(ctx, d.Client.Base.String()+"/v1.0/subscribedSkus")
	if err != nil {
		return out, fmt.Errorf("subscribedSkus: %w", err)
	}
	out.Files = []string{filepath.Join(d.Folder, usersFile), filepath.Join(d.Folder, skusFile)}
	return out, d.write(skusFile, skus)
}

// load reads the copy; empty where there is none or it is damaged.
func (d Directory) load() (users map[string]map[string]json.RawMessage, link string, err error) {
	users = map[string]map[string]json.RawMessage{}
	var page struct {
		Value []map[string]json.RawMessage `json:"value"`
	}
	text, err := os.ReadFile(filepath.Join(d.Folder, usersFile))
	if errors.Is(err, fs.ErrNotExist) {
		return users, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	delta, err := os.ReadFile(filepath.Join(d.Folder, deltaFile))
	if errors.Is(err, fs.ErrNotExist) {
		return users, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	if damaged := errors.Join(json.Unmarshal(text, &page), json.Unmarshal(delta, &link)); damaged != nil {
		return users, "", nil //nolint:nilerr // what cannot be read is read whole from Graph again
	}
	for _, u := range page.Value {
		users[userID(u)] = u
	}
	return users, link, nil
}

func userID(u map[string]json.RawMessage) string {
	var id string
	_ = json.Unmarshal(u["id"], &id)
	return strings.ToLower(id)
}

// users asks for what changed since link, or for all, and writes the copy.
func (d Directory) users(ctx context.Context, users map[string]map[string]json.RawMessage, link string) (Synced, error) {
	out := Synced{Whole: link == ""}
	if link == "" {
		link = d.Client.Base.String() + "/v1.0/users/delta?$select=" + userProperties
	} else if err := d.Client.sameHost(link); err != nil {
		return out, err
	}
	next, err := d.Client.pages(ctx, link, func(page int, _ []byte, value []json.RawMessage) error {
		for _, raw := range value {
			var u map[string]json.RawMessage
			if err := json.Unmarshal(raw, &u); err != nil {
				return fmt.Errorf("page %d: %w", page, err)
			}
			id := userID(u)
			if id == "" {
				return fmt.Errorf("page %d: a user without an id", page)
			}
			if _, gone := u["@removed"]; gone {
				delete(users, id)
				out.Removed++
				continue
			}
			// Of a user that has changed, only what has changed is told.
			if users[id] == nil {
				users[id] = map[string]json.RawMessage{}
			}
			maps.Copy(users[id], u)
			out.Changed++
		}
		return nil
	})
	if err != nil {
		return out, err
	}
	out.Users = len(users)
	page := struct {
		Value []map[string]json.RawMessage `json:"value"`
	}{[]map[string]json.RawMessage{}}
	for _, id := range slices.Sorted(maps.Keys(users)) {
		page.Value = append(page.Value, users[id])
	}
	text, err := json.Marshal(page)
	if err != nil {
		return out, err
	}
	// The users first: a link that is older than they are only tells changes again.
	if err := d.write(usersFile, text); err != nil {
		return out, err
	}
	text, err = json.Marshal(next)
	if err != nil {
		return out, err
	}
	return out, d.write(deltaFile, text)
}

// write replaces a file at once.
func (d Directory) write(name string, text []byte) error {
	path := filepath.Join(d.Folder, name)
	if err := os.WriteFile(path+".tmp", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".tmp", path)
}
