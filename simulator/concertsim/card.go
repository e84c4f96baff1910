package concertsim

import "time"

// Do is what happens with the next card.
type Do string

// The behaviours.
const (
	Approve       Do = "approve"
	Decline       Do = "decline"        // E+ state 7; V3 AE 01 with Reason (04 when empty)
	CustomerAbort Do = "customer_abort" // the red key: E+ state 7; V3 AE 01, AF 06
	NotVerified   Do = "not_verified"   // the money is taken and the terminal does not know it: E+ state 9; V3 no AE
	TakenOn       Do = "taken_on"       // V3: AE 11, and the money is taken without another word; E+ as NotVerified
	Silent        Do = "silent"         // the money is taken and nothing is told
	Contradict    Do = "contradict"     // V3: AE 10 with AF 04, the money is not taken; E+ as Decline
)

// Card is the next card and its holder, and how the terminal talks about it. The zero value is a card that is approved after 300 ms.
type Card struct {
	Do     Do            // Approve when empty
	After  time.Duration // how long the customer takes; Options.CardAfter when 0
	Brand  string        // visa when empty; amex, diners, jcb
	Last4  string        // 1111 when empty
	Reason string        // AF of a decline, two digits
	Quirks Quirks
}

// Quirks are the oddities of one transaction on the line. Those of ENQ strike at the till's next sessions, until the card is used.
type Quirks struct {
	IgnoreENQ int           // so many ENQ of the till are not answered
	RefuseENQ int           // then so many are answered with NAK
	LateENQ   time.Duration // ACK to ENQ takes that long
	Collide   bool          // the till's first ENQ meets one of the terminal, which has an old answer to tell

	RefuseFrame int  // so many sends of the till's frame are answered with NAK
	LoseACK     bool // the frame is taken and its ACK is lost

	Bare       bool          // the answer comes without ENQ
	CheckAfter time.Duration // pause before the check byte of the answer
	DamageSum  int           // so many sends of the answer have a wrong check byte
	Parity     int           // so many sends of the answer have two characters as 00 each, so that the check byte is right
	Repeat     bool          // the answer is told again although it was acknowledged, as after a lost ACK
	NoEOT      bool          // the terminal does not end its session

	Short        bool // E+: 25 characters, whatever was asked for
	Full         bool // E+: 80 characters with the card's report, whatever was asked for
	OtherAmount  bool // the answer is over one minor unit more
	OtherPrivate bool // the answer carries somebody else's private field
	NoPrivate    bool // the private field is not echoed
	PadAmount    bool // V3: CB has twelve digits
	NoAmount     bool // V3: CB is missing
	MoreTags     bool // V3: tags that nobody knows
	InPieces     bool // the answer comes byte by byte, 50 ms apart
}

// withDefaults fills what was left empty.
func (c Card) withDefaults(after time.Duration) Card {
	if c.Do == "" {
		c.Do = Approve
	}
	if c.After == 0 {
		c.After = after
	}
	if c.Brand == "" {
		c.Brand = "visa"
	}
	if c.Last4 == "" {
		c.Last4 = "1111"
	}
	if c.Reason == "" {
		c.Reason = "04"
	}
	return c
}

// takes says whether the money moves.
func (d Do) takes() bool { return d != Decline && d != CustomerAbort && d != Contradict }
