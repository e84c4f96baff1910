package pki

import (
	"context"
	"path/filepath"
	"sync"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/wire"
)

// Options of a PKI.
type Options struct {
	Dir    string         // folder of the authority's key and certificate, made when they are first needed
	CRL    string         // path of the list of revoked certificates; "" for crl.pem in Dir
	Root   cose.PublicKey // that tills trust; nil for Signer's own
	Signer *cose.Signer   // the platform's own key
	Seal   []byte         // the platform's public key for what is sealed to it (X25519); nil for none
	Broker string         // that tills are told to connect to
	// Permit says why a till of a merchant may not be enrolled. Nil for whatever is asked for.
	Permit func(ctx context.Context, till pos.TillID, merchant pos.MerchantID) error
	// Register makes a till known, or gives the one that is there a new key. It may be called again for the same till and key. Nil for nobody.
	Register func(ctx context.Context, till pos.TillID, merchant pos.MerchantID, public cose.PublicKey) error
}

// PKI is the authority and what it has issued, in a database. It is safe for concurrent use, by several processes too.
type PKI struct {
	db    *database.DB
	opts  Options
	codec *wire.Codec

	throttle throttle

	mu sync.Mutex // guards ca
	ca *authority // nil until it is first needed
}

// schema makes the tables. Times are milliseconds since 1970-01-01 UTC, 0 for never.
//
// pki_codes holds the hashes of one-time codes; request is SHA-256 of the keys of the till that has used one, certificate what it was given.
// pki_certificates holds every certificate that was issued. pki_tills holds every key that tills were enrolled with. pki_revoked names keys of tills that
// were revoked, with the last record of theirs that counts; heirs is 1 when keys that such a key's records name are revoked with it. pki_lists holds the lists of the platform's own keys. pki_state counts changes under 'version',
// and holds the authority's certificate under 'authority'.
const schema = `
CREATE TABLE pki_codes (
	hash BYTEA NOT NULL PRIMARY KEY, till TEXT NOT NULL, merchant TEXT NOT NULL, made_at BIGINT NOT NULL, ends_at BIGINT NOT NULL,
	used_at BIGINT NOT NULL, request BYTEA, certificate TEXT
);
CREATE TABLE pki_certificates (
	serial TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, begins_at BIGINT NOT NULL, ends_at BIGINT NOT NULL, revoked_at BIGINT NOT NULL,
	reason TEXT NOT NULL, key_hash BYTEA NOT NULL, der BYTEA NOT NULL
);
CREATE INDEX pki_certificates_of ON pki_certificates (name, begins_at);
CREATE TABLE pki_tills (till TEXT NOT NULL, public BYTEA NOT NULL, merchant TEXT NOT NULL, added_at BIGINT NOT NULL, PRIMARY KEY (till, public));
CREATE TABLE pki_revoked (
	kid BYTEA NOT NULL PRIMARY KEY, till TEXT NOT NULL, epoch BYTEA, seq BIGINT NOT NULL, heirs BIGINT NOT NULL,
	reason TEXT NOT NULL, at BIGINT NOT NULL
);
CREATE TABLE pki_lists (version BIGINT NOT NULL PRIMARY KEY, message BYTEA NOT NULL, at BIGINT NOT NULL);
CREATE TABLE pki_state (name TEXT NOT NULL PRIMARY KEY, n BIGINT NOT NULL, value BYTEA);
INSERT INTO pki_state (name, n) VALUES ('version', 0);
`

// Open makes the tables where they are missing. The database stays the caller's.
func Open(ctx context.Context, db *database.DB, o Options) (*PKI, error) {
	codec, err := wire.NewCodec()
	if err != nil {
		return nil, err
	}
	if o.Root == nil {
		o.Root = o.Signer.Public()
	}
	if o.CRL == "" {
		o.CRL = filepath.Join(o.Dir, "crl.pem")
	}
	return &PKI{db: db, opts: o, codec: codec}, db.Migrate(ctx, "pki", database.Both(schema))
}

// Version grows with every change of what counts. It is one row, so it may be asked often.
func (p *PKI) Version(ctx context.Context) (n uint64, err error) {
	return n, p.db.Row(ctx, "SELECT n FROM pki_state WHERE name = 'version'").Scan(&n)
}

// change runs a change while no other one is under way, and counts the version up.
func (p *PKI) change(ctx context.Context, f func(tx *database.Tx) error) error {
	return p.db.Transact(ctx, func(tx *database.Tx) error {
		if err := tx.Lock(ctx, "pki"); err != nil {
			return err
		}
		if err := f(tx); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "UPDATE pki_state SET n = n + 1 WHERE name = 'version'")
		return err
	})
}

// clock is the platform's clock in milliseconds since 1970-01-01 UTC.
func clock() int64 { return time.Now().UnixMilli() }

// AuthorityFile is the path of the authority's certificate, which brokers need to know clients by theirs.
func (p *PKI) AuthorityFile() string { return filepath.Join(p.opts.Dir, caCertFile) }

// CRLFile is the path of the list of revoked certificates.
func (p *PKI) CRLFile() string { return p.opts.CRL }
