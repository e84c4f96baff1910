package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/database"
)

// columns are those that a [Kept] is read from.
const columns = "SELECT kind, body, revision, enabled, added_at, updated_at, origin FROM registry_things "

func scanKept(s database.Scanner) (k Kept, err error) {
	var kind Kind
	var body []byte
	var enabled int64
	if err := s.Scan(&kind, &body, &k.Revision, &enabled, &k.AddedAt, &k.UpdatedAt, &k.origin); err != nil {
		return k, err
	}
	k.Enabled = enabled == 1
	if k.Thing = kind.Blank(); k.Thing == nil {
		return k, fmt.Errorf("registry: a %q is nothing that this version knows", kind)
	}
	return k, json.Unmarshal(body, k.Thing)
}

// Get reads one thing; false when there is none.
func (r *Registry) Get(ctx context.Context, kind Kind, id string) (Kept, bool, error) {
	return database.One(r.db.Row(ctx, columns+"WHERE kind = ? AND id = ?", kind, id), scanKept)
}

// Range says which things of a kind are listed.
type Range struct {
	Merchant pos.MerchantID // "" for those of all
	After    string         // the id that the list begins behind
	Limit    int            // 0 for no bound
}

// List reads things in the order of their ids, disabled ones too.
func (r *Registry) List(ctx context.Context, kind Kind, over Range) ([]Kept, error) {
	limit := int64(over.Limit)
	if limit <= 0 {
		limit = 1 << 40
	}
	if over.Merchant == "" {
		return database.All(ctx, r.db, scanKept, columns+"WHERE kind = ? AND id > ? ORDER BY id LIMIT ?", kind, over.After, limit)
	}
	return database.All(ctx, r.db, scanKept, columns+"WHERE kind = ? AND merchant = ? AND id > ? ORDER BY id LIMIT ?", kind, over.Merchant, over.After, limit)
}

// Revisions that [Registry.Put] and [Registry.Enable] know beside the one that a thing must have.
const (
	New uint64 = 0         // the thing must not be there yet
	Any uint64 = 1<<63 - 1 // whatever is there is changed
)

// Put adds a thing or changes the one with its id. The revision is the one that the caller has seen, or [New], or [Any]; another one fails with
// revision_conflict and changes nothing. A thing equal to what is there changes nothing either. A disabled one stays disabled.
func (r *Registry) Put(ctx context.Context, t Thing, revision uint64) (kept Kept, err error) {
	if err := t.check(); err != nil {
		return kept, errInvalid(err)
	}
	err = r.change(ctx, func(e *edit) error {
		before, found, err := e.get(ctx, t.Kind(), t.Key())
		if err != nil {
			return err
		}
		if err := agree(before, found, revision); err != nil {
			return err
		}
		kept, err = e.put(ctx, t, before)
		return err
	})
	return kept, err
}

// agree holds the revision that the caller has seen against the one that is there.
func agree(k Kept, found bool, seen uint64) error {
	switch {
	case seen == Any || !found && seen == New || found && seen == k.Revision:
		return nil
	case !found:
		return ErrNotFound
	case seen == New:
		return errExists
	}
	return errConflict.With("revision", k.Revision)
}

// Enable lets a thing count, or stops it from counting.
func (r *Registry) Enable(ctx context.Context, kind Kind, id string, revision uint64, enabled bool) (kept Kept, err error) {
	err = r.change(ctx, func(e *edit) error {
		before, found, err := e.get(ctx, kind, id)
		if err == nil && !found {
			err = ErrNotFound
		}
		if err == nil {
			err = agree(before, found, revision)
		}
		if err != nil {
			return err
		}
		kept, err = e.enable(ctx, before, enabled)
		return err
	})
	return kept, err
}

func (e *edit) get(ctx context.Context, kind Kind, id string) (Kept, bool, error) {
	return database.One(e.Row(ctx, columns+"WHERE kind = ? AND id = ?", kind, id), scanKept)
}

// list reads the things of a kind that a merchant has.
func (e *edit) list(ctx context.Context, kind Kind, merchant pos.MerchantID) ([]Kept, error) {
	return database.All(ctx, e.Tx, scanKept, columns+"WHERE kind = ? AND merchant = ? ORDER BY id", kind, merchant)
}

// put writes a thing in the place of before, whose Thing is nil when there was none.
func (e *edit) put(ctx context.Context, t Thing, before Kept) (Kept, error) {
	if before.Thing != nil && before.Owner() != t.Owner() {
		return before, errInvalid(fmt.Errorf("%s %s belongs to merchant %s and stays there", t.Kind(), t.Key(), before.Owner()))
	}
	if err := t.fit(ctx, e, before.Thing); err != nil {
		return before, err
	}
	if before.Thing != nil && same(before.Thing, t) {
		return before, nil
	}
	after := Kept{Thing: t, Revision: before.Revision + 1, Enabled: before.Enabled || before.Thing == nil, AddedAt: before.AddedAt, UpdatedAt: e.now,
		origin: before.origin}
	action := "change"
	if before.Thing == nil {
		after.AddedAt, action = e.now, "add"
	}
	return after, e.write(ctx, action, before, after)
}

func (e *edit) enable(ctx context.Context, before Kept, enabled bool) (Kept, error) {
	if before.Enabled == enabled {
		return before, nil
	}
	after, action := before, "disable"
	after.Enabled, after.Revision, after.UpdatedAt = enabled, before.Revision+1, e.now
	if enabled {
		action = "enable"
	}
	if person, ok := before.Thing.(*Person); ok && !enabled {
		if err := e.keepsAdmin(ctx, person.Name); err != nil {
			return before, err
		}
	}
	if err := e.renew(ctx, &after, enabled); err != nil {
		return before, err
	}
	return after, e.write(ctx, action, before, after)
}

// renew gives what tills are sent a higher version, so that they hear of it.
func (e *edit) renew(ctx context.Context, k *Kept, enabled bool) error {
	switch t := k.Thing.(type) {
	case *Limit:
		changed := *t
		k.Thing = &changed
		if enabled {
			if err := changed.alone(ctx, e); err != nil {
				return err
			}
		}
		return changed.raise(ctx, e)
	case *Settings:
		changed := *t
		k.Thing = &changed
		return changed.raise(ctx, e)
	}
	return nil
}

// write stores a thing and the entry of the audit log that tells of it.
func (e *edit) write(ctx context.Context, action string, before, after Kept) error {
	body, err := json.Marshal(after.Thing)
	if err != nil {
		return err
	}
	enabled := int64(0)
	if after.Enabled {
		enabled = 1
	}
	_, err = e.Exec(ctx, `INSERT INTO registry_things (kind, id, merchant, revision, enabled, origin, added_at, updated_at, body)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET revision = excluded.revision, enabled = excluded.enabled,
		origin = excluded.origin, updated_at = excluded.updated_at, body = excluded.body`,
		string(after.Kind()), after.Key(), string(after.Owner()), int64(after.Revision), enabled, after.origin, after.AddedAt, after.UpdatedAt, body)
	if err != nil {
		return err
	}
	e.changed = true
	entry := Entry{Action: action, Target: string(after.Kind()) + "/" + after.Key(), After: body}
	if before.Thing != nil {
		if entry.Before, err = json.Marshal(before.Thing); err != nil {
			return err
		}
	}
	return e.log(ctx, entry)
}

// same says whether two things are written alike.
func same(a, b Thing) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
