package settle

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/answer"
	"github.com/tillproof/tillproof/sync/platform/database"
)

// closed is a row of settle_closed.
type closed struct {
	version int
	at      int64
	by      string
	hash    string
	body    []byte
}

func scanClosed(row database.Scanner) (c closed, err error) {
	return c, row.Scan(&c.version, &c.at, &c.by, &c.hash, &c.body)
}

const closedColumns = "SELECT version, closed_at, closed_by, hash, body FROM settle_closed WHERE merchant = ? AND day = ?"

// Close closes the settlement of a merchant's day as it is now, and returns it. A day that is closed stays as it is: when nothing has changed since, the closed one
// is returned; else a new version is kept that names the one before by its number and hash.
func (s *Source) Close(ctx context.Context, merchant pos.MerchantID, day, by string) (*Settlement, error) {
	now, err := s.Settle(ctx, merchant, day)
	if err != nil {
		return nil, err
	}
	err = s.Statements.db.Transact(ctx, func(tx *database.Tx) error {
		if err := tx.Lock(ctx, "settle "+string(merchant)+" "+day); err != nil {
			return err
		}
		last, found, err := database.One(tx.Row(ctx, closedColumns+" ORDER BY version DESC LIMIT 1", string(merchant), day), scanClosed)
		if err != nil {
			return err
		}
		if found {
			before := &Settlement{}
			if err := json.Unmarshal(last.body, before); err != nil || before.equal(now) {
				now = before
				return err
			}
			now.Previous = &Previous{last.version, last.hash}
		}
		at := time.Now().UnixMilli()
		now.Closed, now.Version, now.ClosedAt, now.ClosedBy = true, last.version+1, answer.Stamp(at), by
		body, err := json.Marshal(now)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "INSERT INTO settle_closed (merchant, day, version, closed_at, closed_by, hash, body) VALUES (?,?,?,?,?,?,?)",
			string(merchant), day, now.Version, at, by, hashOf(body), body)
		return err
	})
	return now, err
}

// Read is the settlement of a merchant's day: the closed version that is asked for (0: the last one), with what it would be now when that differs; or, of a day
// that was never closed, what it is now. A version that is not there, and one whose bytes were changed, are errors.
func (s *Source) Read(ctx context.Context, merchant pos.MerchantID, day string, version int) (*Settlement, error) {
	text, args := closedColumns+" ORDER BY version DESC LIMIT 1", []any{string(merchant), day}
	if version > 0 {
		text, args = closedColumns+" AND version = ?", append(args, version)
	}
	kept, found, err := database.One(s.Statements.db.Row(ctx, text, args...), scanClosed)
	switch {
	case err != nil:
		return nil, errUnusable(err)
	case !found && version > 0:
		return nil, pos.NewError("not_found", pos.Permanent, pos.NoneMoved, "The day has no such version.", "Ask without a version for the last one.")
	case !found:
		return s.Settle(ctx, merchant, day)
	case hashOf(kept.body) != kept.hash:
		return nil, pos.NewError("statement_changed", pos.Permanent, pos.NoneMoved, "The closed statement in the database is not what was closed.",
			"It was changed behind the platform's back: restore it from a backup.")
	}
	out := &Settlement{}
	if err := json.Unmarshal(kept.body, out); err != nil {
		return nil, err
	}
	now, err := s.Settle(ctx, merchant, day)
	if err == nil && !out.equal(now) {
		out.Correction = now
	}
	return out, err
}

// equal says whether two settlements tell the same of the money.
func (s *Settlement) equal(o *Settlement) bool { return s.content() == o.content() }

func (s *Settlement) content() string {
	bare := *s
	bare.Closed, bare.Version, bare.Previous, bare.ClosedAt, bare.ClosedBy, bare.Correction = false, 0, nil, "", "", nil
	text, err := json.Marshal(bare)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func hashOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}
