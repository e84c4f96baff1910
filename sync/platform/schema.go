package platform

import (
	"context"
	"fmt"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/database"
)

// The tables of the ledger are a part of the database under this name, and in this version. SQLite's user_version is kept in step, since older
// programs look at it; version 1 had the custody of records only. PostgreSQL began with version 4.
const (
	schemaPart    = "ledger"
	schemaVersion = 4
)

// schemaCustody makes the tables of version 1. Epochs and hashes are blobs; times are milliseconds since 1970-01-01 UTC of the platform's clock.
//
// marks names the epochs and how far the ledger holds each. records holds every record of the branch that its mark goes by, byte
// for byte; its id is the mark's id times 2^40 plus the record's number, so that an epoch lies together and grows at its end; held
// says why a record could not be interpreted or folded. forks holds the branches that lost. payments is a view of both that could
// be folded again; state is a whole payment but for its receipts.
const schemaCustody = `
CREATE TABLE marks (
	id INTEGER PRIMARY KEY, till TEXT NOT NULL, epoch BLOB NOT NULL, seq INTEGER NOT NULL, head BLOB NOT NULL, updated_at INTEGER NOT NULL,
	UNIQUE (till, epoch)
);

CREATE TABLE records (
	id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, payment BLOB, held TEXT, received_at INTEGER NOT NULL, signature BLOB, bytes BLOB NOT NULL
);

CREATE TABLE forks (
	till TEXT NOT NULL, epoch BLOB NOT NULL, seq INTEGER NOT NULL, hash BLOB NOT NULL, kind INTEGER NOT NULL, payment BLOB, held TEXT,
	received_at INTEGER NOT NULL, signature BLOB, bytes BLOB NOT NULL,
	PRIMARY KEY (till, epoch, seq, hash)
) WITHOUT ROWID;

CREATE TABLE payments (
	payment TEXT NOT NULL PRIMARY KEY, till TEXT NOT NULL, epoch TEXT NOT NULL, seq INTEGER NOT NULL, order_ref TEXT NOT NULL,
	attempt INTEGER NOT NULL, tender TEXT NOT NULL, status TEXT NOT NULL, amount INTEGER NOT NULL, currency TEXT NOT NULL,
	fork INTEGER NOT NULL, state BLOB NOT NULL
) WITHOUT ROWID;

CREATE VIEW ledger_v1 AS
	SELECT till, epoch, seq, payment, order_ref, attempt, tender, status, amount, currency FROM payments;
`

// schemaWallet makes the tables that version 2 adds.
//
// tasks holds the payments that the platform carries to their end at an acquirer; state is a wallet.Task as JSON, next is when it wants to be
// acted upon (0 for never), acquirer is the name of the one that it was begun at and never changes, wish is 1 when the till's journal says that the
// payment is unwanted and the loop is still to be told, 2 when it was told. results holds what the tills must hear, numbered for each till from 1
// without gaps; outcome is a wallet.Result as JSON.
const schemaWallet = `
CREATE TABLE tasks (
	payment TEXT NOT NULL PRIMARY KEY, till TEXT NOT NULL, acquirer TEXT NOT NULL, next INTEGER NOT NULL, wish INTEGER NOT NULL DEFAULT 0,
	state BLOB NOT NULL
) WITHOUT ROWID;

CREATE INDEX tasks_due ON tasks (next) WHERE next > 0;

CREATE INDEX tasks_wished ON tasks (payment) WHERE wish = 1;

CREATE TABLE results (
	till TEXT NOT NULL, n INTEGER NOT NULL, payment TEXT NOT NULL, outcome BLOB NOT NULL, at INTEGER NOT NULL,
	PRIMARY KEY (till, n)
) WITHOUT ROWID;

CREATE INDEX results_of ON results (payment, n);
`

// schemaRefunds makes what version 3 adds.
//
// refunds holds what tills have asked to give back, one row for each operation: requested while the acquirer is asked, done, or refused. Together
// with the payment's own page it says what is left of a payment, whichever till asks. results.operation names the operation that a result ends, and
// is empty for the payment itself. foreign_pages holds what tills have given back of payments that other tills have taken; returned is how much,
// at_acquirer how much of it through the acquirer that had taken it, state a whole page as in payments. till_keys holds the keys that tills' own
// records have named as their next ones.
const schemaRefunds = `
CREATE TABLE refunds (
	payment TEXT NOT NULL, till TEXT NOT NULL, operation TEXT NOT NULL, amount INTEGER NOT NULL, currency TEXT NOT NULL, state TEXT NOT NULL,
	at INTEGER NOT NULL, PRIMARY KEY (payment, till, operation)
) WITHOUT ROWID;

CREATE INDEX refunds_open ON refunds (payment) WHERE state = 'requested';

ALTER TABLE results ADD COLUMN operation TEXT NOT NULL DEFAULT '';

CREATE TABLE foreign_pages (
	payment TEXT NOT NULL, till TEXT NOT NULL, of_till TEXT NOT NULL, epoch TEXT NOT NULL, seq INTEGER NOT NULL, order_ref TEXT NOT NULL,
	attempt INTEGER NOT NULL, tender TEXT NOT NULL, returned INTEGER NOT NULL, at_acquirer INTEGER NOT NULL, currency TEXT NOT NULL,
	fork INTEGER NOT NULL, state BLOB NOT NULL, PRIMARY KEY (payment, till)
) WITHOUT ROWID;

CREATE TABLE till_keys (till TEXT NOT NULL, public BLOB NOT NULL, PRIMARY KEY (till, public)) WITHOUT ROWID;

CREATE VIEW returns_v1 AS
	SELECT till, epoch, seq, payment, of_till, order_ref, attempt, tender, returned AS amount, at_acquirer, currency FROM foreign_pages;
`

// schemaOffice makes what version 4 adds for the questions of the back office.
//
// merchant is whose till has taken a payment, "" while nobody knows; updated_at is when the platform changed the row last, by its own clock. The status
// of most payments is one that nobody looks for, so only the others are indexed.
const schemaOffice = `
ALTER TABLE payments ADD COLUMN merchant TEXT NOT NULL DEFAULT '';

ALTER TABLE payments ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0;

ALTER TABLE tasks ADD COLUMN part INTEGER NOT NULL DEFAULT 0;

UPDATE payments SET updated_at = coalesce((SELECT max(updated_at) FROM marks WHERE marks.till = payments.till), 0);
` + officeIndexes

// officeIndexes are the same in both databases. SQLite has no more than these: each further one costs every sale more than such a ledger's few questions
// save, and a day's payments lie together by their ids anyway.
const officeIndexes = `
CREATE INDEX payments_by_order ON payments (merchant, order_ref);

CREATE INDEX records_held ON records (id) WHERE held IS NOT NULL;

CREATE INDEX records_config ON records (id) WHERE kind = 3;

CREATE INDEX payments_open ON payments (status, payment)
	WHERE status IN ('pending', 'unknown', 'approved_offline', 'forward_declined', 'refund_due', 'written_off');
`

// migrate brings the tables to this version. SQLite's user_version is the truth about a file: earlier versions knew nothing else.
func migrate(ctx context.Context, db *database.DB) error {
	if !db.Postgres() {
		if err := db.Adopt(ctx, schemaPart); err != nil {
			return err
		}
	}
	steps := make([]database.Step, schemaVersion)
	for i, text := range [schemaVersion]string{schemaCustody, schemaWallet, schemaRefunds, schemaOffice} {
		steps[i].SQLite = fmt.Sprintf("%s; PRAGMA user_version = %d", text, i+1)
	}
	steps[schemaVersion-1].Postgres = schemaPostgres + officeIndexes
	if err := db.Migrate(ctx, schemaPart, steps...); err != nil {
		return err
	}
	if err := db.Migrate(ctx, "opaque", database.Both(schemaOpaque)); err != nil {
		return err
	}
	return db.Migrate(ctx, "result_floors", database.Both(schemaFloors))
}

// schemaOf is the version of a ledger's tables.
func schemaOf(ctx context.Context, db *database.DB) (version int, err error) {
	if db.Postgres() {
		return db.Version(ctx, schemaPart)
	}
	return version, db.Row(ctx, "PRAGMA user_version").Scan(&version)
}

// maxSeq bounds the numbers of an epoch's records: more than a till writes in a thousand years.
const maxSeq = 1<<40 - 1

// rowID is the id of a record in records.
func rowID(mark int64, seq pos.Seq) int64 { return mark<<40 | int64(seq) }
