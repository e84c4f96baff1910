package ecr17

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/ecr17/codec"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/pos"
)

// noStan is the STAN of a result that has none, such as a refusal before the host was asked.
const noStan = "000000"

// reply is what a result message (E, V, and of G also e, i, c, v) says.
type reply struct {
	outcome  string // 00, 01, 05, 09
	stan     string // six digits, "" when it is missing
	priced   bool   // it names the amount that the host has booked
	reversal bool   // it is an approved reversal
	foreign  bool   // it is of a pre-authorisation, which is none of the till's commands
	moment   string // DDDHHMM of an approval
	result   drivers.Result
}

// readResult understands a result message. The amount that was asked for stands where the message has none; now completes its date. Nothing of the
// card but its last four digits is kept.
func readResult(m codec.Message, asked pos.Money, now time.Time) reply {
	t := reply{outcome: m.At(11, 12), foreign: m.Code() != 'E' && m.Code() != 'V'}
	t.stan = stan(m.At(stanPlace(m.Code())))
	t.result = drivers.Result{Code: t.outcome, Trace: t.stan, TerminalID: terminalID(m.At(1, 8)), Amount: asked}
	what, known := meaningOf(t.outcome)
	if !known || t.foreign {
		return t
	}
	t.result.Decision, t.result.Text = what.decision, what.text
	t.result.CardName = cardName(m.At(48, 48))
	if t.outcome != resultOK {
		t.refused(m)
		return t
	}
	t.approved(m, now)
	t.exchanged(m)
	return t
}

// refused reads the reason of a refusal: the terminal's text and the host's action code.
func (t *reply) refused(m codec.Message) {
	if text := stx.SafeText(m.Bytes(13, 36)); text != "" {
		t.result.Text = text
	}
	if action := m.At(72, 74); digits(action) && strings.Trim(action, "0") != "" {
		t.result.Text += " (action code " + action + ")"
	}
}

// approved reads what only approvals have. A reversal has zeros for the authorisation and for the amount.
func (t *reply) approved(m codec.Message, now time.Time) {
	r := &t.result
	r.Last4, r.Brand = card(m)
	r.Entry = entry(m.At(32, 34))
	r.AuthCode = stx.Printable([]byte(m.At(35, 40)))
	t.moment = m.At(41, 47)
	if at, ok := nearest(t.moment, now); ok {
		r.DateGuessed = true
		r.Date, r.Time = at.Format(time.DateOnly), at.Format(time.TimeOnly)
	}
	if cents, err := strconv.ParseInt(m.At(75, 82), 10, 64); err == nil && cents > 0 && len(m.At(75, 82)) == 8 {
		r.Amount.Amount, t.priced = pos.Minor(cents), true
	}
	t.reversal = !t.priced && strings.Trim(r.AuthCode, "0") == ""
	if t.reversal {
		r.AuthCode = ""
	}
}

// exchanged says what a customer pays whose card is charged in its own currency (V with the flag 1).
func (t *reply) exchanged(m codec.Message) {
	cents, err := strconv.ParseInt(m.At(95, 106), 10, 64)
	decimals, bad := strconv.Atoi(m.At(107, 107))
	rate := m.At(84, 91)
	if m.Code() != 'V' || m.At(83, 83) != "1" || err != nil || bad != nil || len(rate) != 8 || !digits(rate) {
		return
	}
	amount := strconv.FormatInt(cents, 10)
	if decimals > 0 {
		amount = strings.Repeat("0", max(0, decimals+1-len(amount))) + amount
		amount = amount[:len(amount)-decimals] + "." + amount[len(amount)-decimals:]
	}
	whole := strings.TrimLeft(rate[:4], "0")
	if whole == "" {
		whole = "0"
	}
	t.result.Text = "The card is charged " + amount + " " + stx.Printable([]byte(m.At(92, 94))) + " at the rate " + whole + "." + rate[4:] + "."
}

// last names the result's transaction.
func (t reply) last() drivers.Last { return drivers.Last{Trace: t.stan, Untold: t.stan == ""} }

// stanPlace is where a result message has its STAN.
func stanPlace(code byte) (from, to int) {
	switch code {
	case 'e':
		return 83, 88
	case 'i':
		return 52, 57
	}
	return 60, 65
}

func stan(s string) string {
	if len(s) != len(noStan) || !digits(s) {
		return ""
	}
	return s
}

// terminalID is "" for the id that stands for any terminal.
func terminalID(id string) string {
	if id == codec.AnyTerminal {
		return ""
	}
	return stx.Printable([]byte(id))
}

// card gives the last four digits of the card's number, and its brand where the digits before them are not masked.
func card(m codec.Message) (last4, brand string) {
	number := bytes.TrimLeft(bytes.Trim(m.Bytes(13, 31), " "), "0") // zeros fill it up
	if n := len(number); n >= 4 && digits(string(number[n-4:])) {
		last4 = string(number[n-4:])
	}
	if m.At(48, 48) == "1" {
		return last4, "bancomat"
	}
	if len(number) >= 6 {
		brand = drivers.BrandOf(string(number[:6]))
	}
	return last4, brand
}

func cardName(kind string) string {
	switch kind {
	case "1":
		return "Bancomat"
	case "2":
		return "credit card"
	}
	return ""
}
