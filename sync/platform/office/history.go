package office

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/platform/answer"
	"github.com/tillproof/tillproof/sync/platform/database"
)

// told is a record for people: what the till has written, and when the platform got it.
type told struct {
	Till       pos.TillID  `json:"till"`
	Epoch      pos.Epoch   `json:"epoch"`
	Seq        pos.Seq     `json:"seq"`
	Kind       string      `json:"kind"`
	At         string      `json:"at" doc:"The till's clock"`
	ReceivedAt string      `json:"received_at" doc:"The platform's clock"`
	Hash       string      `json:"hash" doc:"SHA-256 of the record's bytes"`
	Signed     bool        `json:"signed" doc:"It carries a signature of its own; the others rest on the next one that does"`
	Fork       bool        `json:"fork,omitempty" doc:"Of a branch that lost"`
	Held       string      `json:"held,omitempty" doc:"Why it was set aside"`
	Body       record.Body `json:"body,omitempty"`
	Raw        string      `json:"raw,omitempty" doc:"Hex, where this version cannot interpret it"`
}

// stored is a row of records or forks.
type stored struct {
	till      pos.TillID
	epoch     []byte
	seq       int64
	held      string
	received  int64
	signature []byte
	raw       []byte
	fork      int64
}

// recordColumns and forkColumns read alike.
const (
	recordColumns = `SELECT m.till, m.epoch, r.id & 1099511627775, coalesce(r.held, ''), r.received_at, r.signature, r.bytes, 0
		FROM marks m JOIN records r ON r.id BETWEEN m.id * 1099511627776 AND m.id * 1099511627776 + m.seq `
	forkColumns = `SELECT till, epoch, seq, coalesce(held, ''), received_at, signature, bytes, 1 FROM forks `
)

func scanStored(s database.Scanner) (r stored, err error) {
	return r, s.Scan(&r.till, &r.epoch, &r.seq, &r.held, &r.received, &r.signature, &r.raw, &r.fork)
}

// tell puts a stored record into words.
func (f *Office) tell(r *stored) told {
	sum := sha256.Sum256(r.raw)
	t := told{Till: r.till, Seq: pos.Seq(r.seq), Hash: hex.EncodeToString(sum[:]), Signed: len(r.signature) > 0, Fork: r.fork == 1, Held: r.held,
		ReceivedAt: answer.Stamp(r.received)}
	copy(t.Epoch[:], r.epoch)
	rec, _, err := f.records.Decode(r.raw)
	if err != nil {
		t.Kind, t.Raw = "unreadable", hex.EncodeToString(r.raw)
		return t
	}
	t.Kind, t.At = rec.Kind.String(), answer.Stamp(rec.Times.Wall)
	if t.Body, err = f.records.Body(&rec); err != nil {
		t.Body, t.Raw = nil, hex.EncodeToString(r.raw)
	}
	return t
}

// history is a payment and every record that speaks of it, in the order of tills, epochs and numbers.
type history struct {
	line
	Records []told `json:"records"`
}

// payment answers with one payment's whole history.
func (f *Office) payment(w http.ResponseWriter, r *http.Request) {
	id, err := pos.ParsePaymentID(r.PathValue("id"))
	if err != nil {
		f.refuse(w, orNotFound(nil))
		return
	}
	l, found, err := database.One(f.DB.Row(r.Context(), lineColumns+" WHERE payment = ?", id.String()), scanLine)
	if err == nil && !found {
		err = orNotFound(nil)
	}
	h := history{line: l}
	if err == nil {
		h.Records, err = f.recordsOf(r.Context(), id)
	}
	if err != nil {
		f.refuse(w, err)
		return
	}
	answer.JSON(w, http.StatusOK, h)
}

// recordsOf reads what every till has written of a payment.
func (f *Office) recordsOf(ctx context.Context, id pos.PaymentID) ([]told, error) {
	rows, err := database.All(ctx, f.DB, scanStored, recordColumns+`WHERE r.payment = ? AND m.till IN
		(SELECT till FROM payments WHERE payment = ? UNION SELECT till FROM foreign_pages WHERE payment = ?)`, id[:], id.String(), id.String())
	if err != nil {
		return nil, err
	}
	forks, err := database.All(ctx, f.DB, scanStored, forkColumns+"WHERE payment = ?", id[:])
	if err != nil {
		return nil, err
	}
	list := []told{}
	for _, row := range slices.Concat(rows, forks) {
		list = append(list, f.tell(&row))
	}
	slices.SortStableFunc(list, func(a, b told) int {
		return cmp.Or(cmp.Compare(a.Till, b.Till), bytes.Compare(a.Epoch[:], b.Epoch[:]), cmp.Compare(a.Seq, b.Seq))
	})
	return list, nil
}
