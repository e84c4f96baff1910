package registry

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/tillproof/tillproof/sync/platform/database"
)

// byConfiguration is who seeds.
const byConfiguration = "configuration"

// Seed puts in what the platform's configuration file names. What the file says counts once: a thing that was changed since stays changed until the file
// says something new of it, and one that the file does not name any more is disabled. Merchants stand before their tills, tills before limits.
func (r *Registry) Seed(ctx context.Context, things []Thing) error {
	for _, t := range things {
		if err := t.check(); err != nil {
			return errInvalid(err)
		}
	}
	return r.change(As(ctx, byConfiguration), func(e *edit) error {
		e.seeding = true
		gone, err := database.All(ctx, e.Tx, scanKept, columns+"WHERE origin <> '' ORDER BY kind, id")
		if err != nil {
			return err
		}
		for _, t := range things {
			if err := e.seed(ctx, t); err != nil {
				return err
			}
			gone = slices.DeleteFunc(gone, func(k Kept) bool { return k.Kind() == t.Kind() && k.Key() == t.Key() })
		}
		for _, k := range gone {
			if err := e.unseed(ctx, k); err != nil {
				return err
			}
		}
		return nil
	})
}

// seed puts one thing in, if the file says something new of it.
func (e *edit) seed(ctx context.Context, t Thing) error {
	text, err := json.Marshal(t)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	origin := hex.EncodeToString(sum[:8])
	before, found, err := e.get(ctx, t.Kind(), t.Key())
	if err != nil || found && before.origin == origin {
		return err
	}
	if found && before.Owner() == t.Owner() { // what nobody says in the file stays as the back office has it
		keepWords(t, before.Thing)
	}
	if !found {
		return e.first(ctx, t, origin)
	}
	if err := t.fit(ctx, e, before.Thing); err != nil {
		return err
	}
	after := Kept{Thing: t, Revision: before.Revision + 1, Enabled: true, AddedAt: before.AddedAt, UpdatedAt: e.now, origin: origin}
	return e.write(ctx, "change", before, after)
}

func (e *edit) first(ctx context.Context, t Thing, origin string) error {
	if err := t.fit(ctx, e, nil); err != nil {
		return err
	}
	return e.write(ctx, "add", Kept{}, Kept{Thing: t, Revision: 1, Enabled: true, AddedAt: e.now, UpdatedAt: e.now, origin: origin})
}

// keepWords keeps what the file cannot say.
func keepWords(t, before Thing) {
	switch t := t.(type) {
	case *Merchant:
		was := before.(*Merchant)
		t.Name, t.Currency, t.Timezone = was.Name, was.Currency, was.Timezone
	case *Till:
		was := before.(*Till)
		t.Store, t.Name = was.Store, was.Name
	}
}

// unseed disables what the file has named and names no more. Named again it counts again.
func (e *edit) unseed(ctx context.Context, k Kept) error {
	before := k
	k.origin = ""
	if !before.Enabled {
		return e.write(ctx, "change", before, k)
	}
	after, err := e.enable(ctx, before, false)
	if err != nil {
		return err
	}
	after.origin = ""
	_, err = e.Exec(ctx, "UPDATE registry_things SET origin = '' WHERE kind = ? AND id = ?", string(after.Kind()), after.Key())
	return err
}
