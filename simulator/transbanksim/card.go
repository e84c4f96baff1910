package transbanksim

import (
	"time"

	"github.com/tillproof/tillproof/pos"
)

// Do is what happens at the next money command.
type Do string

// The behaviours. A void or an end of day needs no card; it goes as the card says all the same.
const (
	Approve Do = "approve"
	Decline Do = "decline" // with Code
	Abort   Do = "abort"   // the red key: 07, with four fields
	Wait    Do = "wait"    // a customer who does nothing: 07 after a minute
	Refuse  Do = "refuse"  // NAK to every frame
)

// Card is the next card, its holder and the course of the line. The zero value is a Visa that is approved after 300 ms.
type Card struct {
	Do    Do            // Approve when empty
	After time.Duration // how long the customer takes; 300 ms when 0
	Tip   pos.Minor     // added to the amount of a sale
	Brand string        // two letters; VI when empty
	Last4 string        // 1111 when empty
	Debit bool          // a debit card: its sale cannot be voided
	Code  string        // for Decline; 01 when empty (02 for an end of day)
	Link  Link
}

// Link is what goes wrong, or unusually, on the line of one command.
type Link struct {
	AckAfter time.Duration // the terminal thinks so long before its ACK
	NAKs     int           // so often it finds the command damaged first
	LoseAck  bool          // its ACK does not arrive
	Glue     bool          // its ACK comes together with the first frame
	Split    bool          // its frames come in single bytes
	Damaged  int           // so many sends of its result have a wrong check
	Repeat   int           // so often it sends its result again after the till's ACK
	Bare     bool          // its 0900 have no final bar
	Silent   bool          // it does what it does and says nothing of it
}

func (c Card) withDefaults(after time.Duration) Card {
	if c.Do == "" {
		c.Do = Approve
	}
	if c.After == 0 {
		c.After = after
	}
	if c.Brand == "" {
		c.Brand = "VI"
	}
	if c.Last4 == "" {
		c.Last4 = "1111"
	}
	return c
}

// failure is the response code of what is not approved.
func (c Card) failure(usual string) string {
	switch {
	case c.Do == Abort || c.Do == Wait:
		return codeCancelled
	case c.Code != "":
		return c.Code
	}
	return usual
}

// The response codes that the terminal gives by itself.
const (
	codeApproved  = "00"
	codeDeclined  = "01"
	codeSilent    = "02"
	codeVoided    = "04"
	codeNotHeld   = "05"
	codeCancelled = "07"
	codeDebit     = "08"
	codeNoSale    = "11"
	codeClose     = "13"
	codeKeys      = "26"
	codeAmount    = "68"
	codeTicket    = "70"
	codeZero      = "72"
)
