package settle

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/reconcile"
)

// manyRows is the number of rows that one statement of SQL writes.
const manyRows = 25

// counted is a line with how often this part of the file tells it.
type counted struct {
	row    *reconcile.Row
	digest string
	times  int
}

// flush writes the lines that are pending, in one transaction.
func (i *importing) flush(ctx context.Context) error {
	rows, added := i.tally(), 0
	err := i.store.db.Transact(ctx, func(tx *database.Tx) error {
		added = 0
		for _, l := range i.pending {
			if l.Bad == "" {
				continue
			}
			if _, err := tx.Exec(ctx, "INSERT INTO settle_problems (statement, line, reason) VALUES (?,?,?)", i.id, l.N, l.Bad); err != nil {
				return err
			}
		}
		for rest := rows; len(rest) > 0; {
			n := 1
			if len(rest) >= manyRows {
				n = manyRows
			}
			fresh, err := i.put(ctx, tx, rest[:n])
			if err != nil {
				return err
			}
			added, rest = added+fresh, rest[n:]
		}
		return nil
	})
	if err != nil {
		return err
	}
	i.note(added)
	return nil
}

// tally takes equal lines together.
func (i *importing) tally() []*counted {
	var rows []*counted
	known := map[string]*counted{}
	for _, l := range i.pending {
		if l.Row == nil {
			continue
		}
		digest := digestOf(l.Row)
		if c := known[digest]; c != nil {
			c.times++
			continue
		}
		known[digest] = &counted{l.Row, digest, 1}
		rows = append(rows, known[digest])
	}
	return rows
}

// note counts what was written.
func (i *importing) note(added int) {
	s := &i.sum
	s.Added += added
	for _, l := range i.pending {
		s.Lines = l.N
		switch {
		case l.Bad != "":
			if s.Bad++; len(s.Problems) < mostProblems {
				s.Problems = append(s.Problems, Problem{l.N, l.Bad})
			}
		case l.Row == nil:
			s.Ignored++
		default:
			s.Rows++
			if s.From == "" || l.Row.Day < s.From {
				s.From = l.Row.Day
			}
			s.To = max(s.To, l.Row.Day)
		}
	}
	i.pending = i.pending[:0]
	if i.Progress != nil {
		at, err := i.File.Seek(0, 1)
		if err == nil {
			i.Progress(int64(s.Lines), at, i.size)
		}
	}
}

// putRows writes rows. One that is there already only counts: how often this file has told it, and the most that any file has.
const putRows = `INSERT INTO settle_rows (acquirer, digest, n, sighting, sighted, statement, line, kind, transaction_no, original_no, reference, terminal_id, trace,
	receipt_no, merchant_id, tender, brand, amount, currency, fee, at, day, batch) VALUES `

const putAgain = ` ON CONFLICT (acquirer, digest) DO UPDATE SET
	sighted = CASE WHEN settle_rows.sighting = excluded.sighting THEN settle_rows.sighted ELSE 0 END + excluded.sighted,
	n = CASE WHEN CASE WHEN settle_rows.sighting = excluded.sighting THEN settle_rows.sighted ELSE 0 END + excluded.sighted > settle_rows.n
		THEN CASE WHEN settle_rows.sighting = excluded.sighting THEN settle_rows.sighted ELSE 0 END + excluded.sighted ELSE settle_rows.n END,
	sighting = excluded.sighting
	RETURNING statement, line`

// put writes rows and counts those that nobody had told.
func (i *importing) put(ctx context.Context, tx *database.Tx, rows []*counted) (added int, err error) {
	var values []any
	mine := map[int]bool{}
	for _, c := range rows {
		r := c.row
		var fee any
		if r.Fee != nil {
			fee = int64(*r.Fee)
		}
		mine[r.Line] = true
		values = append(values, r.Acquirer, c.digest, c.times, i.sighting, c.times, i.id, r.Line, string(r.Kind), r.Transaction, r.Original, r.Reference,
			r.TerminalID, r.Trace, r.ReceiptNo, r.MerchantID, string(r.Tender), r.Brand, int64(r.Money.Amount), string(r.Money.Currency), fee, r.At, r.Day, r.Batch)
	}
	one := "(?" + strings.Repeat(",?", len(values)/len(rows)-1) + ")"
	result, err := tx.Query(ctx, putRows+one+strings.Repeat(","+one, len(rows)-1)+putAgain, values...)
	if err != nil {
		return 0, err
	}
	defer result.Close()
	for result.Next() {
		var statement string
		var line int
		if err := result.Scan(&statement, &line); err != nil {
			return 0, err
		}
		if statement == i.id && mine[line] {
			added++
		}
	}
	return added, result.Err()
}

// digestOf names a line by what it says.
func digestOf(r *reconcile.Row) string {
	fee := ""
	if r.Fee != nil {
		fee = strconv.FormatInt(int64(*r.Fee), 10)
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{string(r.Kind), r.Transaction, r.Original, r.Reference, r.TerminalID, r.Trace, r.ReceiptNo, r.MerchantID,
		string(r.Tender), r.Brand, strconv.FormatInt(int64(r.Money.Amount), 10), string(r.Money.Currency), fee, strconv.FormatInt(r.At, 10), r.Day, r.Batch}, "\x00")))
	return hex.EncodeToString(sum[:])
}
