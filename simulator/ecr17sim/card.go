package ecr17sim

import (
	"time"

	"github.com/tillproof/tillproof/pos"
)

// Do is what happens with the next card.
type Do string

// The behaviours. Abort and NoCard never reach the host.
const (
	Approve    Do = "approve"
	Decline    Do = "decline"     // 01 with a text and an action code
	Abort      Do = "abort"       // the stop key: 01 without an action code
	NoCard     Do = "no_card"     // nobody comes: 05 after a minute
	BadField   Do = "bad_field"   // 09
	Strange    Do = "strange"     // a result that no paper knows: 77; nothing is booked
	Refuse     Do = "refuse"      // NAK, three times
	LoseResult Do = "lose_result" // approved, and the line is cut before the result leaves
	Swallow    Do = "swallow"     // approved, and the result never leaves; the line stays
)

// Exchange is a card that is charged in its own currency.
type Exchange struct {
	Currency string // three letters
	Rate     int    // with four decimals
	Amount   int
	Decimals int
}

// Card is the next card and its holder. The zero value is a chip card that is approved after 300 ms. A reversal wants the card too.
type Card struct {
	Do       Do            // Approve when empty
	After    time.Duration // how long the customer takes; 300 ms when 0 (a minute for NoCard)
	Progress []string      // texts that are shown meanwhile, at even times; one when nil
	Number   string        // 4111111111111111 when empty
	Entry    string        // ICC when empty; MAG, MAN, CLM, CLI
	Kind     byte          // '2' when 0: credit; '1' Bancomat, '3' other
	Booked   pos.Minor     // by the host instead of what was asked, 0 for the same
	Exchange *Exchange

	NAKs    int  // so often the command is found damaged before it is taken
	Junk    bool // noise, and a NAK with a wrong check, before the ACK
	NoACK   bool // the command is not acknowledged: the result stands for that
	Repeat  bool // the result is sent once more, as if its ACK had been lost
	NoPrice bool // the result to X names no amount
}

// withDefaults fills what was left empty.
func (c Card) withDefaults(after time.Duration) Card {
	if c.Do == "" {
		c.Do = Approve
	}
	switch {
	case c.After > 0:
	case c.Do == NoCard:
		c.After = time.Minute
	case after > 0:
		c.After = after
	default:
		c.After = 300 * time.Millisecond
	}
	if c.Progress == nil {
		c.Progress = []string{"ATTENDERE PREGO"}
	}
	if c.Number == "" {
		c.Number = "4111111111111111"
	}
	if c.Entry == "" {
		c.Entry = "ICC"
	}
	if c.Kind == 0 {
		c.Kind = '2'
	}
	return c
}

// approves says whether the money moves.
func (d Do) approves() bool { return d == Approve || d == LoseResult || d == Swallow }

// online says whether the host was asked, which takes a STAN.
func (d Do) online() bool { return d.approves() || d == Decline }

// refusal is result, text and action code of a behaviour that does not approve.
func (d Do) refusal() (code, text, action string) {
	switch d {
	case Abort:
		return "01", "OPERAZIONE ANNULLATA", "000"
	case NoCard:
		return "05", "CARTA NON PRESENTE", "000"
	case BadField:
		return "09", "TAG SCONOSCIUTO", "000"
	case Strange:
		return "77", "", "000"
	}
	return "01", "FONDI INSUFFICIENTI", "116"
}
