package zvtsim

import (
	"time"

	"github.com/tillproof/tillproof/pos"
)

// Do is what happens with the next card.
type Do string

// The behaviours (in brackets the case of a certification plan that they play).
const (
	Approve        Do = "approve"         // (S1)
	Decline        Do = "decline"         // 04 0F 27 05, 06 1E 05
	CustomerAbort  Do = "customer_abort"  // the stop key: 27 6C (S5)
	SlowPIN        Do = "slow_pin"        // 04 FF every five seconds for After, then approval (S8)
	LoseResult     Do = "lose_result"     // the money is taken for good and the line is cut before 04 0F gets through
	LoseBeforeAck  Do = "lose_before_ack" // the line falls silent right after 04 0F was sent, until the terminal has taken the money back
	OfflineApprove Do = "offline_approve" // approved by the terminal alone: TLV 1F11 is 0
	HostLost       Do = "host_lost"       // 04 0F 27 9B, 06 1E 9B (S4)
	PINTimeout     Do = "pin_timeout"     // silence for After, then 27 6C (S6)
	Refuse         Do = "refuse"          // 84 with Code instead of 80 00 (S13)
	Strange        Do = "strange"         // approval with an unknown BMP and TLV tag, and a long length for short data (S15)
	Maintain       Do = "maintain"        // an end of day: 06 0F 27 E0, silence for half of After, status E0 for the other half (S12)
	Overclaim      Do = "overclaim"       // 04 0F names FFFF bytes and has a few: the money is not taken (S15)
	Contradict     Do = "contradict"      // 04 0F 27 00, then 06 1E: the money is not taken
)

// Card is the next card and its holder, and for a reversal, which needs no card, how it goes. The zero value is a chip card that is approved
// after 300 ms.
type Card struct {
	Do          Do            // Approve when empty
	After       time.Duration // how long the customer takes; 300 ms when 0 (95 s for PINTimeout, four minutes for SlowPIN)
	Tip         pos.Minor     // added to the amount of a payment
	TipUntold   bool          // the result does not tell the tip apart, as some terminals do not
	Brand       string        // visa when empty; mastercard, girocard, amex
	Last4       string        // 1111 when empty
	Contactless bool
	Code        byte // for Decline (05 when 0) and Refuse (9C when 0)
}

// withDefaults fills what was left empty.
func (c Card) withDefaults() Card {
	if c.Do == "" {
		c.Do = Approve
	}
	if c.After == 0 {
		c.After = c.Do.usual()
	}
	if c.Brand == "" {
		c.Brand = "visa"
	}
	if c.Last4 == "" {
		c.Last4 = "1111"
	}
	return c
}

// usual is how long a behaviour takes by itself.
func (d Do) usual() time.Duration {
	switch d {
	case PINTimeout:
		return 95 * time.Second
	case SlowPIN, Maintain:
		return 4 * time.Minute
	}
	return 300 * time.Millisecond
}

// approves says whether the money is taken.
func (d Do) approves() bool {
	switch d {
	case Decline, CustomerAbort, HostLost, PINTimeout, Refuse, Contradict, Overclaim:
		return false
	}
	return true
}

// failure is the result code of a behaviour that does not approve.
func (c Card) failure() byte {
	switch {
	case c.Do == HostLost:
		return codeHostLost
	case c.Do != Decline:
		return codeAborted
	case c.Code != 0:
		return c.Code
	}
	return 0x05
}

// typeID is the card type (BMP 8A) and the name on the receipt (BMP 8B).
func (t Transaction) typeID() (id byte, name string) {
	switch t.Brand {
	case "girocard":
		return 5, "girocard"
	case "mastercard":
		return 6, "Mastercard"
	case "amex":
		return 8, "American Express"
	case "visa":
		return 10, "VISA"
	}
	return 255, t.Brand
}
