package acquirer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/tillproof/tillproof/pos"
)

// maxBody bounds a body either way, in bytes.
const maxBody = 16 << 10

// request is the body of every call; each path uses its own part.
type request struct {
	Request   string        `json:"request"`
	Order     *orderMessage `json:"order,omitempty"`
	Code      string        `json:"code,omitempty"`
	TTL       int64         `json:"ttl_ms,omitempty"`
	Reference string        `json:"reference,omitempty"`
	Ref       string        `json:"ref,omitempty"`
	Refund    string        `json:"refund,omitempty"`
	Capture   string        `json:"capture,omitempty"`
	Card      *cardMessage  `json:"card,omitempty"`
	moneyMessage
}

// response is the body of every 200.
type response struct {
	Request string         `json:"request"`
	Ref     string         `json:"ref"`
	Answer  *answerMessage `json:"answer,omitempty"`
	Issued  *issuedMessage `json:"issued,omitempty"`
}

type moneyMessage struct {
	Amount   pos.Minor    `json:"amount,omitempty"`
	Currency pos.Currency `json:"currency,omitempty"`
}

type orderMessage struct {
	Ref    string       `json:"ref"`
	Till   pos.TillID   `json:"till"`
	Order  pos.OrderRef `json:"order"`
	Scheme string       `json:"scheme,omitempty"`
	moneyMessage
}

type answerMessage struct {
	State State `json:"state"`
	moneyMessage
	Transaction string `json:"transaction,omitempty"`
	Code        string `json:"code,omitempty"`
	Text        string `json:"text,omitempty"`
	At          int64  `json:"at,omitempty"`
}

type issuedMessage struct {
	Payload   string `json:"payload"`
	ExpiresAt int64  `json:"expires_at"`
}

func moneyOf(m pos.Money) moneyMessage { return moneyMessage{m.Amount, m.Currency} }

func (m moneyMessage) money() pos.Money { return pos.Money{Amount: m.Amount, Currency: m.Currency} }

func orderOf(o Order) *orderMessage {
	return &orderMessage{Ref: o.Ref, Till: o.Till, Order: o.OrderRef, Scheme: o.Scheme, moneyMessage: moneyOf(o.Amount)}
}

// check refuses an order that nothing may be asked for.
func (o *orderMessage) check() error {
	switch {
	case o == nil:
		return errors.New("order is missing")
	case !refSpelled(o.Ref):
		return errors.New("ref is not 32 hex digits")
	case o.Amount <= 0:
		return errors.New("amount is not above 0")
	}
	return o.money().CheckPayable()
}

func (o *orderMessage) order() Order {
	return Order{Ref: o.Ref, Till: o.Till, OrderRef: o.Order, Amount: o.money(), Scheme: o.Scheme}
}

func answerOf(a Answer) *answerMessage {
	m := &answerMessage{State: a.State, Transaction: a.Transaction, Code: a.Code, Text: a.Text, At: a.At}
	if a.State.HasMoney() {
		m.moneyMessage = moneyOf(a.Amount)
	}
	return m
}

// answer checks what can be checked without knowing the call.
func (m *answerMessage) answer() (Answer, error) {
	switch {
	case m == nil:
		return Answer{}, errors.New("answer is missing")
	case !m.State.Known():
		return Answer{}, fmt.Errorf("state %q is not known", string(m.State))
	case m.State.HasMoney() && (m.Amount <= 0 || !m.Currency.Known()):
		return Answer{}, fmt.Errorf("%s without an amount", m.State)
	}
	return Answer{State: m.State, Amount: m.money(), Transaction: m.Transaction, Code: m.Code, Text: m.Text, At: m.At}, nil
}

// refSpelled says whether s is 32 lower-case hex digits.
func refSpelled(s string) bool {
	if len(s) != 32 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// readBody reads one JSON value of bounded size with nothing behind it. Its errors do not quote what was read.
func readBody(from io.Reader, into any) error {
	raw, err := io.ReadAll(io.LimitReader(from, maxBody+1))
	switch {
	case err != nil:
		return errors.New("the body broke off")
	case len(raw) > maxBody:
		return fmt.Errorf("the body is larger than %d bytes", maxBody)
	case json.Unmarshal(raw, into) != nil:
		return errors.New("the body is not the JSON that was expected")
	}
	return nil
}
