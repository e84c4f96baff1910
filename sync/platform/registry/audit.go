package registry

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"math"

	"github.com/tillproof/tillproof/sync/platform/database"
)

// Entry is a line of the audit log. Each names the hash of the one before it, so that a line that was changed, taken out or put in breaks the chain.
type Entry struct {
	N      int64           `json:"n"`                // from 1, without gaps
	At     string          `json:"at"`               // RFC 3339, UTC
	Actor  string          `json:"actor"`            // user:NAME, command:NAME, configuration, platform, open (nobody has to log in yet)
	Action string          `json:"action"`           // add, change, enable, disable, token, login, logout, refused, request
	Target string          `json:"target"`           // KIND/ID, or method and path of a request
	Status int             `json:"status,omitempty"` // of a request's answer
	Before json.RawMessage `json:"before,omitempty"` // the thing as it was
	After  json.RawMessage `json:"after,omitempty"`  // the thing as it is
	Prev   string          `json:"prev"`             // SHA-256 of the entry before, hex; 64 zeros for the first
}

// Log writes an entry of its own: its action, target and status; the rest is filled in. It is on disk when it returns.
func (r *Registry) Log(ctx context.Context, entry Entry) error {
	return r.change(ctx, func(e *edit) error { return e.log(ctx, entry) })
}

// log appends within a change.
func (e *edit) log(ctx context.Context, entry Entry) error {
	var last int64
	var hash []byte
	if err := e.Row(ctx, "SELECT n, hash FROM registry_state WHERE name = 'audit'").Scan(&last, &hash); err != nil {
		return err
	}
	if last == 0 {
		hash = make([]byte, sha256.Size)
	}
	entry.N, entry.At, entry.Actor, entry.Prev = last+1, stamp(e.now), e.actor, hex.EncodeToString(hash)
	text, err := json.Marshal(entry)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	if _, err := e.Exec(ctx, "INSERT INTO registry_audit (n, hash, entry) VALUES (?, ?, ?)", entry.N, sum[:], text); err != nil {
		return err
	}
	_, err = e.Exec(ctx, "UPDATE registry_state SET n = ?, hash = ? WHERE name = 'audit'", entry.N, sum[:])
	return err
}

// row is an entry as it is stored.
type row struct {
	n          int64
	hash, text []byte
}

func scanRow(s database.Scanner) (r row, err error) { return r, s.Scan(&r.n, &r.hash, &r.text) }

// Audit iterates over the entries above a number, in their order, at most limit (0 for all). An error ends it.
func (r *Registry) Audit(ctx context.Context, after int64, limit int) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if limit <= 0 {
			limit = math.MaxInt32
		}
		for one, err := range database.Each(ctx, r.db, scanRow, "SELECT n, hash, entry FROM registry_audit WHERE n > ? ORDER BY n LIMIT ?", after, limit) {
			var entry Entry
			if err == nil {
				err = json.Unmarshal(one.text, &entry)
			}
			if !yield(entry, err) || err != nil {
				return
			}
		}
	}
}

// Verdict is what [Registry.VerifyAudit] finds.
type Verdict struct {
	OK      bool     `json:"ok"`
	Entries int64    `json:"entries"`
	Head    string   `json:"head"` // SHA-256 of the last entry, hex. Written down elsewhere it proves later that nothing before it was changed
	Faults  []string `json:"problems"`
}

// mostFaults bounds what a verdict tells.
const mostFaults = 100

// VerifyAudit follows the chain of the whole log. A head that was written down earlier, "" for none, must still stand in it: whoever can write the database
// could chain the whole log anew, and only such a head shows that.
func (r *Registry) VerifyAudit(ctx context.Context, head string) (Verdict, error) {
	v := Verdict{Faults: []string{}}
	prev, seen := make([]byte, sha256.Size), head == ""
	for one, err := range database.Each(ctx, r.db, scanRow, "SELECT n, hash, entry FROM registry_audit ORDER BY n") {
		if err != nil {
			return v, err
		}
		if fault := one.fault(v.Entries+1, prev); fault != "" && len(v.Faults) < mostFaults {
			v.Faults = append(v.Faults, fault)
		}
		v.Entries, prev = one.n, one.hash
		seen = seen || hex.EncodeToString(one.hash) == head
	}
	v.Head = hex.EncodeToString(prev)
	var last int64
	if err := r.db.Row(ctx, "SELECT n FROM registry_state WHERE name = 'audit'").Scan(&last); err != nil {
		return v, err
	}
	if last != v.Entries {
		v.Faults = append(v.Faults, fmt.Sprintf("the log ends at entry %d, and %d were written", v.Entries, last))
	}
	if !seen {
		v.Faults = append(v.Faults, "the head that was written down does not stand in the log: it was made anew, or is another one")
	}
	v.OK = len(v.Faults) == 0
	return v, nil
}

// fault says what is wrong with an entry, "" for nothing.
func (r *row) fault(want int64, prev []byte) string {
	var entry Entry
	sum := sha256.Sum256(r.text)
	switch {
	case r.n != want:
		return fmt.Sprintf("entry %d stands where %d should: something is missing", r.n, want)
	case !bytes.Equal(sum[:], r.hash):
		return fmt.Sprintf("entry %d was changed", r.n)
	case json.Unmarshal(r.text, &entry) != nil || entry.N != r.n:
		return fmt.Sprintf("entry %d cannot be read, or has another number", r.n)
	case entry.Prev != hex.EncodeToString(prev):
		return fmt.Sprintf("entry %d does not follow the one before it", r.n)
	}
	return ""
}
