package registry

import (
	"context"
	"time"

	"github.com/tillproof/tillproof/sync/platform/database"
)

// Registry is the register in a database. It is safe for concurrent use, by several processes too.
type Registry struct{ db *database.DB }

// schema makes the tables.
//
// registry_things holds the documents: body is JSON, revision counts its changes from 1, origin names what the configuration file said when it was taken
// from there and is empty for all others. registry_secrets holds SHA-256 of the tokens and sessions of people; until_at is 0 for a token.
// registry_audit holds the entries of the audit log, one JSON document each that names the hash of the one before it. registry_state holds the version
// under the name 'version', and under 'audit' the number and hash of the last entry.
const schema = `
CREATE TABLE registry_things (
	kind TEXT NOT NULL, id TEXT NOT NULL, merchant TEXT NOT NULL, revision BIGINT NOT NULL, enabled BIGINT NOT NULL, origin TEXT NOT NULL,
	added_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, body BYTEA NOT NULL, PRIMARY KEY (kind, id)
);
CREATE INDEX registry_things_of ON registry_things (kind, merchant, id);
CREATE TABLE registry_secrets (hash TEXT NOT NULL PRIMARY KEY, person TEXT NOT NULL, until_at BIGINT NOT NULL);
CREATE TABLE registry_audit (n BIGINT NOT NULL PRIMARY KEY, hash BYTEA NOT NULL, entry BYTEA NOT NULL);
CREATE TABLE registry_state (name TEXT NOT NULL PRIMARY KEY, n BIGINT NOT NULL, hash BYTEA);
INSERT INTO registry_state (name, n) VALUES ('version', 0), ('audit', 0);
`

// Open makes the registry's tables where they are missing. The database stays the caller's.
func Open(ctx context.Context, db *database.DB) (*Registry, error) {
	return &Registry{db: db}, db.Migrate(ctx, "registry", database.Both(schema))
}

// Version grows with every change. It is one row, so it may be asked often.
func (r *Registry) Version(ctx context.Context) (n uint64, err error) {
	return n, r.db.Row(ctx, "SELECT n FROM registry_state WHERE name = 'version'").Scan(&n)
}

// edit is a change under way.
type edit struct {
	*database.Tx
	actor   string
	now     int64 // milliseconds since 1970-01-01 UTC
	seeding bool  // the configuration file is being put in
	changed bool  // the version is to be counted up
}

// change runs a change while no other one is under way.
func (r *Registry) change(ctx context.Context, f func(*edit) error) error {
	return r.db.Transact(ctx, func(tx *database.Tx) error {
		if err := tx.Lock(ctx, "registry"); err != nil {
			return err
		}
		e := &edit{Tx: tx, actor: ActorOf(ctx), now: time.Now().UnixMilli()}
		if err := f(e); err != nil || !e.changed {
			return err
		}
		_, err := tx.Exec(ctx, "UPDATE registry_state SET n = n + 1 WHERE name = 'version'")
		return err
	})
}

type actorKey struct{}

// As says in whose name what is done with the context stands in the audit log: "user:NAME", "command:NAME", "configuration".
func As(ctx context.Context, actor string) context.Context {
	return context.WithValue(ctx, actorKey{}, actor)
}

// ActorOf is who [As] has named, "platform" when nobody was.
func ActorOf(ctx context.Context) string {
	if actor, ok := ctx.Value(actorKey{}).(string); ok {
		return actor
	}
	return "platform"
}
