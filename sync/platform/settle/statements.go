package settle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/klauspost/compress/zstd"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/answer"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/reconcile"
)

// schema makes the tables of this part.
//
// settle_statements has a row for each file that was imported; its id is the acquirer, a colon and the SHA-256 of the file in hex. settle_files holds the
// files' bytes in parts of 256 KiB, each compressed (zstd). settle_problems names the lines that could not be read. settle_rows holds what the files tell, each
// line once however many files tell it: digest is SHA-256 over what it says, statement and line where it was told first, n how often one file told it;
// sighting and sighted count that file's. Times are milliseconds since 1970-01-01 UTC, amounts minor units, fee is NULL where none is told.
// settle_closed holds the settlement statements that were closed, each version for ever.
const schema = `
CREATE TABLE settle_statements (
	id TEXT NOT NULL PRIMARY KEY, acquirer TEXT NOT NULL, sha256 TEXT NOT NULL, name TEXT NOT NULL, mapping BYTEA NOT NULL, mapping_sha256 TEXT NOT NULL,
	state TEXT NOT NULL, imported_at BIGINT NOT NULL, imported_by TEXT NOT NULL, sighting BIGINT NOT NULL, bytes BIGINT NOT NULL, lines BIGINT NOT NULL,
	found BIGINT NOT NULL, added BIGINT NOT NULL, ignored BIGINT NOT NULL, bad BIGINT NOT NULL, first_day TEXT NOT NULL, last_day TEXT NOT NULL
);

CREATE TABLE settle_files (statement TEXT NOT NULL, n BIGINT NOT NULL, bytes BYTEA NOT NULL, PRIMARY KEY (statement, n));

CREATE TABLE settle_problems (statement TEXT NOT NULL, line BIGINT NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (statement, line));

CREATE TABLE settle_rows (
	acquirer TEXT NOT NULL, digest TEXT NOT NULL, n BIGINT NOT NULL, sighting BIGINT NOT NULL, sighted BIGINT NOT NULL, statement TEXT NOT NULL,
	line BIGINT NOT NULL, kind TEXT NOT NULL, transaction_no TEXT NOT NULL, original_no TEXT NOT NULL, reference TEXT NOT NULL, terminal_id TEXT NOT NULL,
	trace TEXT NOT NULL, receipt_no TEXT NOT NULL, merchant_id TEXT NOT NULL, tender TEXT NOT NULL, brand TEXT NOT NULL, amount BIGINT NOT NULL,
	currency TEXT NOT NULL, fee BIGINT, at BIGINT NOT NULL, day TEXT NOT NULL, batch TEXT NOT NULL, PRIMARY KEY (acquirer, digest)
);

CREATE INDEX settle_rows_day ON settle_rows (day, acquirer);

CREATE INDEX settle_rows_statement ON settle_rows (statement);

CREATE TABLE settle_closed (
	merchant TEXT NOT NULL, day TEXT NOT NULL, version BIGINT NOT NULL, closed_at BIGINT NOT NULL, closed_by TEXT NOT NULL, hash TEXT NOT NULL,
	body BYTEA NOT NULL, PRIMARY KEY (merchant, day, version)
);
`

// Statements keeps acquirers' statements and closed settlement statements in a database. It is safe for concurrent use, by several processes too.
type Statements struct {
	db *database.DB
}

// Open makes the tables where they are missing. The database stays the caller's.
func Open(ctx context.Context, db *database.DB) (*Statements, error) {
	return &Statements{db: db}, db.Migrate(ctx, "settle", database.Both(schema))
}

// Statement is a file that was imported.
type Statement struct {
	ID         string `json:"id"` // acquirer:sha256
	Acquirer   string `json:"acquirer"`
	SHA256     string `json:"sha256"` // of the file's bytes
	Name       string `json:"name"`
	Mapping    string `json:"mapping_sha256"`
	State      string `json:"state"` // importing, done
	ImportedAt string `json:"imported_at"`
	ImportedBy string `json:"imported_by,omitempty"`
	Bytes      int64  `json:"bytes"`
	Lines      int    `json:"lines"`
	Rows       int    `json:"rows"`    // lines that tell something
	Added      int    `json:"added"`   // of them: nobody had told before
	Ignored    int    `json:"ignored"` // lines that the mapping leaves out
	Bad        int    `json:"bad"`     // lines that cannot be read
	From       string `json:"from,omitempty"`
	To         string `json:"to,omitempty"`

	Again    bool      `json:"again"`    // of an import: the same file had been imported before, and nothing has changed
	Problems []Problem `json:"problems"` // the first [mostProblems]
}

// Problem is a line that cannot be read.
type Problem struct {
	Line   int    `json:"line"`
	Reason string `json:"reason"`
}

// mostProblems bounds the bad lines that an answer names; all are kept.
const mostProblems = 100

const statementColumns = `SELECT id, acquirer, sha256, name, mapping_sha256, state, imported_at, imported_by, bytes, lines, found, added, ignored, bad, first_day,
	last_day FROM settle_statements`

func scanStatement(row database.Scanner) (s Statement, err error) {
	var at int64
	err = row.Scan(&s.ID, &s.Acquirer, &s.SHA256, &s.Name, &s.Mapping, &s.State, &at, &s.ImportedBy, &s.Bytes, &s.Lines, &s.Rows, &s.Added, &s.Ignored,
		&s.Bad, &s.From, &s.To)
	s.ImportedAt, s.Problems = answer.Stamp(at), []Problem{}
	return s, err
}

// List gives the files that were imported, the last one first.
func (s *Statements) List(ctx context.Context) ([]Statement, error) {
	return database.All(ctx, s.db, scanStatement, statementColumns+" ORDER BY imported_at DESC, id LIMIT 1000")
}

// One is a file with the first of its problems; false when there is none.
func (s *Statements) One(ctx context.Context, id string) (Statement, bool, error) {
	one, found, err := database.One(s.db.Row(ctx, statementColumns+" WHERE id = ?", id), scanStatement)
	if err != nil || !found {
		return one, false, err
	}
	for p, err := range s.Problems(ctx, id) {
		if err != nil {
			return one, true, err
		}
		if one.Problems = append(one.Problems, p); len(one.Problems) == mostProblems {
			break
		}
	}
	return one, true, nil
}

// Problems iterates over the lines of a file that could not be read. An error ends it.
func (s *Statements) Problems(ctx context.Context, id string) iter.Seq2[Problem, error] {
	return database.Each(ctx, s.db, func(row database.Scanner) (p Problem, err error) { return p, row.Scan(&p.Line, &p.Reason) },
		"SELECT line, reason FROM settle_problems WHERE statement = ? ORDER BY line", id)
}

// File writes the bytes of a file as they were imported.
func (s *Statements) File(ctx context.Context, id string, to io.Writer) error {
	unpack, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return err
	}
	defer unpack.Close()
	part := func(row database.Scanner) (packed []byte, err error) { return packed, row.Scan(&packed) }
	for packed, err := range database.Each(ctx, s.db, part, "SELECT bytes FROM settle_files WHERE statement = ? ORDER BY n", id) {
		if err != nil {
			return err
		}
		plain, err := unpack.DecodeAll(packed, nil)
		if err != nil {
			return err
		}
		if _, err := to.Write(plain); err != nil {
			return err
		}
	}
	return nil
}

// rowColumns are those of a row as [scanRow] reads them.
const rowColumns = `acquirer, n, statement, line, kind, transaction_no, original_no, reference, terminal_id, trace, receipt_no, merchant_id, tender, brand, amount,
	currency, fee, at, day, batch`

func scanRow(row database.Scanner) (r reconcile.Row, err error) {
	var fee *int64
	err = row.Scan(&r.Acquirer, &r.Count, &r.File, &r.Line, &r.Kind, &r.Transaction, &r.Original, &r.Reference, &r.TerminalID, &r.Trace, &r.ReceiptNo,
		&r.MerchantID, &r.Tender, &r.Brand, &r.Money.Amount, &r.Money.Currency, &fee, &r.At, &r.Day, &r.Batch)
	if fee != nil {
		kept := pos.Minor(*fee)
		r.Fee = &kept
	}
	return r, err
}

// Rows iterates over what the statements tell of the days from first to last, both within; "" for no bound. An error ends it.
func (s *Statements) Rows(ctx context.Context, first, last string) iter.Seq2[reconcile.Row, error] {
	if last == "" {
		last = "9999"
	}
	return database.Each(ctx, s.db, scanRow, "SELECT "+rowColumns+" FROM settle_rows WHERE day >= ? AND day <= ? ORDER BY day, acquirer, statement, line", first, last)
}

// Coverage says which days the statements of each acquirer speak of: from the first to the last that a row names.
func (s *Statements) Coverage(ctx context.Context) ([]reconcile.Coverage, error) {
	return database.All(ctx, s.db, func(row database.Scanner) (c reconcile.Coverage, err error) {
		return c, row.Scan(&c.Acquirer, &c.From, &c.To)
	},
		`SELECT acquirer, first_day, last_day FROM settle_statements WHERE first_day <> '' ORDER BY acquirer, first_day`)
}

// errDatabase says that the database failed: what was done so far is there, and the same may be done again.
var errDatabase = pos.NewError("database_unusable", pos.Transient, pos.NoneMoved, "The platform's database cannot be used.",
	"Mend it and do the same again: what was done already is found and not done twice.")

// errUnusable is errDatabase, unless the error says by itself what it is.
func errUnusable(err error) error {
	var known *pos.Error
	if errors.As(err, &known) {
		return err
	}
	return errDatabase.Because(fmt.Errorf("statements: %w", err))
}
