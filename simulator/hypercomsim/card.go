package hypercomsim

import (
	"time"

	"github.com/tillproof/tillproof/pos"
)

// Do is what happens with the next card.
type Do string

// The behaviours. Abort and NoCard never reach the host.
const (
	Approve    Do = "approve"
	Decline    Do = "decline"     // by the host: Card.Code
	Abort      Do = "abort"       // the red key
	NoCard     Do = "no_card"     // nobody comes: ended after a minute
	SlowPIN    Do = "slow_pin"    // approved after a minute and a half
	Wallet     Do = "wallet"      // paid by a wallet, whose answer has a field of fields
	Refuse     Do = "refuse"      // NAK, three times
	LoseResult Do = "lose_result" // approved, and the line is cut before the answer leaves
	Swallow    Do = "swallow"     // approved, and the answer never leaves; the line stays
)

// Card is the next card, its holder and the course of the line. The zero value is a Visa that is approved after 300 ms. A void, a refund and a settlement go
// as it says, too.
type Card struct {
	Do     Do            // Approve when empty
	After  time.Duration // how long the customer takes; 300 ms when 0 (a minute for NoCard, a minute and a half for SlowPIN)
	Read   time.Duration // until the card is read, which the till's cancel can come before; half of After when 0
	Number string        // 4111111111111111 when empty
	Scheme string        // VISA when empty, at most ten letters
	Entry  string        // two digits as ISO 8583 has them: 05 (chip) when empty, 07 contactless, 90 stripe, 01 manual
	Code   string        // for Decline; 51 when empty
	Host   int           // which of the terminal's hosts counts it
	Booked pos.Minor     // by the host instead of what was asked, 0 for the same
	Link   Link
}

// Link is what goes wrong, or unusually, on the line of one command.
type Link struct {
	NAKs      int    // so often the command is found damaged before it is taken
	Junk      bool   // three stray bytes before the ACK, and before the answer
	NoACK     bool   // the command is not acknowledged: the answer stands for that
	Glue      bool   // ACK and answer come as one piece
	Repeat    bool   // the answer is sent once more, as if its ACK had been lost
	Stale     bool   // the answer to the transaction before is told once more, behind the ACK
	Damaged   int    // so many sends of the answer have a wrong LRC
	BadLength int    // so many sends of the answer have no digits in their length
	Overrun   string // the length of this field of the answer points beyond the end
}

// withDefaults fills what was left empty.
func (c Card) withDefaults(after time.Duration) Card {
	if c.Do == "" {
		c.Do = Approve
	}
	if c.After == 0 {
		c.After = c.Do.takes(after)
	}
	if c.Read == 0 {
		c.Read = c.After / 2
	}
	if c.Number == "" {
		c.Number = "4111111111111111"
	}
	if c.Scheme == "" {
		c.Scheme = "VISA"
	}
	if c.Entry == "" {
		c.Entry = "05"
	}
	if c.Do == NoCard {
		c.Read = c.After
	}
	return c
}

// takes is how long a customer takes who was not told.
func (d Do) takes(usual time.Duration) time.Duration {
	switch {
	case d == NoCard:
		return time.Minute
	case d == SlowPIN:
		return 90 * time.Second
	case usual > 0:
		return usual
	}
	return 300 * time.Millisecond
}

// approves says whether the money moves.
func (d Do) approves() bool {
	return d == Approve || d == SlowPIN || d == Wallet || d == LoseResult || d == Swallow
}

// online says whether the host was asked, which takes a trace.
func (d Do) online() bool { return d.approves() || d == Decline }
