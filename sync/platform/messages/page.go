package messages

import (
	"encoding/hex"
	"net/http"
	"unicode/utf8"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/access"
	"github.com/tillproof/tillproof/sync/platform/answer"
	"github.com/tillproof/tillproof/sync/platform/database"
)

// line is a message as JSON. A body that is no text is in Bytes.
type line struct {
	N         int64  `json:"n"` // within the payment; numbers that are missing were not kept
	At        string `json:"at"`
	Acquirer  string `json:"acquirer"`
	Call      string `json:"call"`
	Direction string `json:"direction"`
	Status    int    `json:"status,omitempty"`
	Text      string `json:"text,omitempty"`
	Bytes     string `json:"bytes,omitempty"` // hex
}

// Routes offers what was said to acquirers, to operators: it holds more than the ledger's pages do.
func (m *Messages) Routes(mux *http.ServeMux, door access.Door) {
	mux.Handle("GET /v1/payments/{id}/messages", door.Let(access.Operator, func(w http.ResponseWriter, r *http.Request, _ access.Person) {
		payment, err := pos.ParsePaymentID(r.PathValue("id"))
		if err != nil {
			http.Error(w, "no payment id", http.StatusBadRequest)
			return
		}
		lines, err := database.All(r.Context(), m.db, scan,
			"SELECT n, at, acquirer, call, direction, status, bytes FROM acquirer_messages WHERE payment = ? ORDER BY n", payment.String())
		if err != nil {
			http.Error(w, "the ledger cannot be read", http.StatusServiceUnavailable)
			return
		}
		answer.JSON(w, http.StatusOK, map[string]any{"items": append([]line{}, lines...)})
	}))
}

func scan(row database.Scanner) (l line, err error) {
	var at int64
	var body []byte
	if err := row.Scan(&l.N, &at, &l.Acquirer, &l.Call, &l.Direction, &l.Status, &body); err != nil {
		return l, err
	}
	if l.At = answer.Stamp(at); utf8.Valid(body) {
		l.Text = string(body)
	} else {
		l.Bytes = hex.EncodeToString(body)
	}
	return l, nil
}
