package acquirer

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// Wrong is what is the matter with one answer. The call itself is carried out, unless the name says otherwise.
type Wrong string

// The wrong answers.
const (
	OtherAmount   Wrong = "other_amount"   // one minor unit more than it is, where there is an amount
	OtherCurrency Wrong = "other_currency" // XAU instead, where there is a currency
	OtherRef      Wrong = "other_ref"      // under the name of another payment
	OtherCall     Wrong = "other_call"     // the call is lost, and the answer to an earlier one comes once more: reordered, or duplicated on the way
	OddState      Wrong = "odd_state"      // a state that the protocol does not have
	Malformed     Wrong = "malformed"      // a web page with status 200
	Half          Wrong = "half"           // the line breaks in the middle of the answer
	Bloated       Wrong = "bloated"        // larger than any answer may be
	ServerError   Wrong = "server_error"   // status 500
	Moved         Wrong = "moved"          // status 307, to the same place: who follows it makes the call again
	Unavailable   Wrong = "unavailable"    // status 503, and nothing was carried out
	Twice         Wrong = "twice"          // carried out two times, as if sent twice; the answer is right
)

// Wrongs lists all kinds of wrong answer.
func Wrongs() []Wrong {
	return []Wrong{OtherAmount, OtherCurrency, OtherRef, OtherCall, OddState, Malformed, Half, Bloated, ServerError, Moved, Unavailable, Twice}
}

// Moment is the moment at which an answer goes wrong.
func (w Wrong) Moment() Moment { return Moment("wrong_" + w) }

// send lets an answer leave, spoilt. before is an earlier answer.
func (w *written) send(to http.ResponseWriter, wrong Wrong, before []byte) {
	body, status := w.body.Bytes(), w.status
	switch wrong {
	case OtherAmount, OtherCurrency, OtherRef, OddState:
		body = lie(body, wrong)
	case OtherCall:
		body, status = before, http.StatusOK
	case Malformed:
		body, status = []byte("<html><title>Please log in</title></html>"), http.StatusOK
	case Bloated:
		body = append([]byte(strings.Repeat(" ", maxRequest)), body...)
	case ServerError:
		body, status = []byte("internal error"), http.StatusInternalServerError
	case Moved:
		to.Header().Set("Location", "/v1/authorise")
		status = http.StatusTemporaryRedirect
	}
	to.Header().Set("Content-Type", "application/json")
	to.Header().Set("Content-Length", strconv.Itoa(len(body)))
	to.WriteHeader(status)
	if wrong == Half {
		_, _ = to.Write(body[:len(body)/2])
		panic(http.ErrAbortHandler)
	}
	_, _ = to.Write(body) // who asked has gone if this fails
}

// lie changes one thing in an answer, and leaves alone what has no such thing.
func lie(body []byte, wrong Wrong) []byte {
	var m map[string]any
	if json.Unmarshal(body, &m) != nil {
		return body
	}
	answer, _ := m["answer"].(map[string]any)
	amount, hasAmount := answer["amount"].(float64)
	switch {
	case wrong == OtherRef:
		m["ref"] = strings.Repeat("e", 32)
	case wrong == OtherAmount && hasAmount:
		answer["amount"] = amount + 1
	case wrong == OtherCurrency && hasAmount:
		answer["currency"] = "XAU"
	case wrong == OddState && answer != nil:
		answer["state"] = "perhaps"
	}
	if spoilt, err := json.Marshal(m); err == nil {
		return spoilt
	}
	return body
}
