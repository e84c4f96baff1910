package concertsim

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/tillproof/tillproof/drivers/concert/codec"
	"github.com/tillproof/tillproof/pos"
)

// testPAN is a well-known test number, all but the last four digits.
const testPAN = "411111111111"

func threeDigits(n int) string { return fmt.Sprintf("%03d", n) }

// answer is what the terminal says at the end of a course.
func (t *Terminal) answer(c *course) []byte {
	if t.options.Generation == V3 {
		return t.tagged(c)
	}
	return t.fixed(c)
}

// echo is the private field as the terminal tells it again.
func (t *Terminal) echo(c *course) string {
	switch q := c.card.Quirks; {
	case q.OtherPrivate:
		return "SOMEBODY99"
	case q.NoPrivate || t.options.NoEcho:
		return ""
	}
	return c.request.private
}

// fixed is an answer of E+.
func (t *Terminal) fixed(c *course) []byte {
	r, q, v := c.request, c.card.Quirks, c.verdict
	state := "7"
	switch {
	case v.silent:
		state = "9"
	case v.good:
		state = "0"
	}
	amount := r.amount
	if q.OtherAmount {
		amount++
	}
	report := ""
	if (r.answer == '1' || q.Full) && !q.Short {
		report = fmt.Sprintf("%-*s", codec.ReportLength, testPAN+c.card.Last4+" 1299")
	}
	return fmt.Appendf(nil, "%s%s%08d%s%s%s%-10s", r.register, state, int64(amount), r.means, report, r.currency, t.echo(c))
}

// tagged is an answer of V3.
func (t *Terminal) tagged(c *course) []byte {
	r, v, q := c.request, c.verdict, c.card.Quirks
	b := codec.AppendTag(nil, "CZ", r.tags["CZ"])
	b = codec.AppendTag(b, "CJ", r.tags["CJ"])
	b = codec.AppendTag(b, "CA", r.register)
	if q.MoreTags {
		b = codec.AppendTag(codec.AppendTag(b, "ZZ", "0123456789"), "Q1", "")
	}
	b = t.state(b, c)
	b = codec.AppendTag(b, "CD", r.action)
	b = codec.AppendTag(b, "CE", r.currency)
	b = amountTag(b, c)
	if private := t.echo(c); private != "" {
		b = codec.AppendTag(b, "CF", private)
	}
	if r.external != "" && !q.OtherPrivate && !t.options.NoEcho {
		b = codec.AppendTag(b, "CH", r.external)
	}
	if v.good && v.tx.Kind != "" {
		b = t.card(b, c)
	}
	return b
}

// state appends AE and AF.
func (t *Terminal) state(b []byte, c *course) []byte {
	switch {
	case c.card.Do == NotVerified:
		return b
	case c.card.Do == TakenOn:
		return codec.AppendTag(b, "AE", "11")
	case c.verdict.good || c.card.Do == Contradict:
		b = codec.AppendTag(b, "AE", "10")
	default:
		b = codec.AppendTag(b, "AE", "01")
	}
	return codec.AppendTag(b, "AF", c.verdict.reason)
}

// amountTag appends CB, which a question has of the transaction that it is about.
func amountTag(b []byte, c *course) []byte {
	amount, q := c.request.amount, c.card.Quirks
	if c.request.kind == "" {
		amount = c.verdict.tx.Amount
	}
	switch {
	case q.NoAmount || c.request.kind == "" && amount == 0:
		return b
	case q.OtherAmount:
		amount++
	}
	digits := "%02d"
	if q.PadAmount {
		digits = "%012d"
	}
	return codec.AppendTag(b, "CB", fmt.Sprintf(digits, int64(amount)))
}

// card appends what was read of the card, and the customer's ticket.
func (t *Terminal) card(b []byte, c *course) []byte {
	tx := c.verdict.tx
	b = codec.AppendTag(b, "CC", "001")
	b = codec.AppendTag(b, "CG", t.Memory().Contract)
	b = codec.AppendTag(b, "AA", strings.Repeat("*", len(testPAN))+tx.Last4)
	b = codec.AppendTag(b, "AL", "1")
	b = codec.AppendTag(b, "AC", fmt.Sprintf("%06d", tx.Number%1_000_000))
	b = codec.AppendTag(b, "AI", aid(tx.Brand))
	if t.options.NoTicket {
		return b
	}
	ticket := base64.StdEncoding.EncodeToString([]byte(ticketText(tx)))
	return codec.AppendTag(b, "ZT", string(codec.AppendTag(codec.AppendTag(nil, "CK", "100"), "AK", ticket)))
}

func ticketText(tx Transaction) string {
	return fmt.Sprintf("CARTE BANCAIRE\nLE %s\n%s\nMONTANT %s\nTICKET CLIENT\n", tx.At.Local().Format("02/01/06 15:04:05"),
		strings.Repeat("#", len(testPAN))+tx.Last4, pos.Money{Amount: tx.Amount, Currency: tx.Currency})
}

func aid(brand string) string {
	switch brand {
	case "amex":
		return "A00000002501"
	case "diners":
		return "A0000001523010"
	case "jcb":
		return "A0000000651010"
	case "mastercard":
		return "A0000000041010"
	}
	return "A0000000031010"
}

// stale is the answer to a command that nobody waits for any more.
func (t *Terminal) stale() []byte {
	old := &course{decided: true, verdict: verdict{good: true, reason: "01"}, card: Card{}.withDefaults(time.Second),
		request: request{kind: Debit, action: "0", register: "01", amount: 100, means: "1", currency: number(t.options.Currency), private: "STALE00001",
			tags: map[string]string{"CZ": "0300", "CJ": "012345678901"}}}
	return t.answer(old)
}
