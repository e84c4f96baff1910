package platform

// schemaPostgres makes the tables of version 4 in PostgreSQL, but for officeIndexes. They are those of SQLite (see schemaCustody and what follows it), with
// these differences: texts are compared by their bytes, as SQLite does; and records lie in partitions by the time at which they came, one a month and one
// for whatever fits none, so that nothing is ever refused (see [Custody.partitions]). The number of a record is unique because its till is locked while
// it is given.
const schemaPostgres = `
CREATE TABLE marks (
	id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, till TEXT COLLATE "C" NOT NULL, epoch BYTEA NOT NULL, seq BIGINT NOT NULL, head BYTEA NOT NULL,
	updated_at BIGINT NOT NULL, UNIQUE (till, epoch)
) WITH (fillfactor = 50);

CREATE TABLE records (
	id BIGINT NOT NULL, kind BIGINT NOT NULL, payment BYTEA, held TEXT, received_at BIGINT NOT NULL, signature BYTEA, bytes BYTEA NOT NULL,
	PRIMARY KEY (id, received_at)
) PARTITION BY RANGE (received_at);

CREATE TABLE records_default PARTITION OF records DEFAULT;

CREATE TABLE forks (
	till TEXT COLLATE "C" NOT NULL, epoch BYTEA NOT NULL, seq BIGINT NOT NULL, hash BYTEA NOT NULL, kind BIGINT NOT NULL, payment BYTEA, held TEXT,
	received_at BIGINT NOT NULL, signature BYTEA, bytes BYTEA NOT NULL,
	PRIMARY KEY (till, epoch, seq, hash)
);

CREATE TABLE payments (
	payment TEXT COLLATE "C" NOT NULL PRIMARY KEY, till TEXT COLLATE "C" NOT NULL, epoch TEXT COLLATE "C" NOT NULL, seq BIGINT NOT NULL,
	order_ref TEXT COLLATE "C" NOT NULL, attempt BIGINT NOT NULL, tender TEXT COLLATE "C" NOT NULL, status TEXT COLLATE "C" NOT NULL,
	amount BIGINT NOT NULL, currency TEXT COLLATE "C" NOT NULL, fork BIGINT NOT NULL, state BYTEA NOT NULL,
	merchant TEXT COLLATE "C" NOT NULL DEFAULT '', updated_at BIGINT NOT NULL DEFAULT 0
);

CREATE INDEX payments_by_day ON payments (merchant, updated_at);

CREATE INDEX payments_by_till ON payments (till, epoch, seq);

CREATE VIEW ledger_v1 AS
	SELECT till, epoch, seq, payment, order_ref, attempt, tender, status, amount, currency FROM payments;

CREATE TABLE tasks (
	payment TEXT COLLATE "C" NOT NULL PRIMARY KEY, till TEXT COLLATE "C" NOT NULL, acquirer TEXT NOT NULL, next BIGINT NOT NULL,
	wish BIGINT NOT NULL DEFAULT 0, state BYTEA NOT NULL, part BIGINT NOT NULL DEFAULT 0
);

CREATE INDEX tasks_due ON tasks (next) WHERE next > 0;

CREATE INDEX tasks_wished ON tasks (payment) WHERE wish = 1;

CREATE TABLE results (
	till TEXT COLLATE "C" NOT NULL, n BIGINT NOT NULL, payment TEXT COLLATE "C" NOT NULL, outcome BYTEA NOT NULL, at BIGINT NOT NULL,
	operation TEXT COLLATE "C" NOT NULL DEFAULT '', PRIMARY KEY (till, n)
);

CREATE INDEX results_of ON results (payment, n);

CREATE TABLE refunds (
	payment TEXT COLLATE "C" NOT NULL, till TEXT COLLATE "C" NOT NULL, operation TEXT COLLATE "C" NOT NULL, amount BIGINT NOT NULL,
	currency TEXT NOT NULL, state TEXT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (payment, till, operation)
);

CREATE INDEX refunds_open ON refunds (payment) WHERE state = 'requested';

CREATE TABLE foreign_pages (
	payment TEXT COLLATE "C" NOT NULL, till TEXT COLLATE "C" NOT NULL, of_till TEXT COLLATE "C" NOT NULL, epoch TEXT COLLATE "C" NOT NULL,
	seq BIGINT NOT NULL, order_ref TEXT COLLATE "C" NOT NULL, attempt BIGINT NOT NULL, tender TEXT COLLATE "C" NOT NULL, returned BIGINT NOT NULL,
	at_acquirer BIGINT NOT NULL, currency TEXT COLLATE "C" NOT NULL, fork BIGINT NOT NULL, state BYTEA NOT NULL, PRIMARY KEY (payment, till)
);

CREATE TABLE till_keys (till TEXT COLLATE "C" NOT NULL, public BYTEA NOT NULL, PRIMARY KEY (till, public));

CREATE VIEW returns_v1 AS
	SELECT till, epoch, seq, payment, of_till, order_ref, attempt, tender, returned AS amount, at_acquirer, currency FROM foreign_pages;
`
