package zvtsim

import (
	"errors"
	"strconv"
	"time"

	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"github.com/tillproof/tillproof/pos"
)

// order is what 06 01, 06 30 or 06 31 asks for.
type order struct {
	kind     Kind
	paid     Transaction // that a reversal takes back, or the reservation that is booked
	books    bool        // a reservation
	frees    bool        // the result tells what it frees of that
	told     bool        // the till has sent an amount
	amount   pos.Minor
	answer   time.Duration // BMP 01: how long the till may take to answer 04 0F
	repeats  int           // BMP 02: how often 04 0F is repeated after 84 9C
	currency bool          // the till sent one, so the result carries one
}

// payment answers 06 01 and plays the sale to its end.
func (s *session) payment(data []byte) error {
	o, code := s.order(Payment, data)
	if code != codeOK {
		return s.send(refused(code))
	}
	return s.deal(o)
}

// deal plays a payment, reversal or refund to its end.
func (s *session) deal(o order) error {
	card := s.t.card()
	if card.Do == Refuse {
		return s.send(refused(max(card.Code, 1)))
	}
	if err := s.send(accepted()); err != nil {
		return err
	}
	if err := s.present(o, card); err != nil {
		return err
	}
	switch {
	case s.aborted:
		return s.unpaid(o, codeAborted)
	case card.Do.approves():
		return s.approve(o, card)
	case card.Do == Contradict:
		return s.contradict(o, card)
	case card.Do == Overclaim:
		return s.overclaim(o)
	}
	return s.unpaid(o, card.failure())
}

// order reads the fields of 06 01 and 06 31. An unknown BMP is answered with 83.
func (s *session) order(kind Kind, data []byte) (order, byte) {
	if _, ok := s.registration(); !ok {
		return order{}, codeUnregistered
	}
	if code := s.state(); code != codeOK {
		return order{}, code
	}
	fields, rest, err := codec.ParseFields(data)
	amount, ok := fields.Number(codec.Amount)
	if err != nil || len(rest) > 0 || !ok {
		return order{}, codeImpossible
	}
	if amount == 0 {
		return order{}, codeTooSmall
	}
	o := order{kind: kind, amount: pos.Minor(amount), answer: answerTime}
	if n, ok := fields.Number(codec.CurrencyCode); ok {
		if o.currency = true; int(n) != s.t.Memory().Currency.Numeric() {
			return order{}, codeCurrency
		}
	}
	if n, ok := fields.Byte(codec.Timeout); ok && n > 0 {
		o.answer = time.Duration(n) * time.Second
	}
	if err := s.compare(fields); err != nil {
		return order{}, codeFailure
	}
	n, _ := fields.Byte(codec.MaxStatus)
	o.repeats = int(n)
	return o, codeOK
}

// present is the customer with the card: the time until the terminal decides, in which the till may still abort.
func (s *session) present(o order, c Card) error {
	s.abortable = true
	defer func() { s.abortable = false }()
	if o.kind != Reversal && !o.books {
		if err := s.show(showInsert, ""); err != nil {
			return err
		}
	}
	if c.Do == SlowPIN {
		return s.slowPIN(c.After)
	}
	if err := s.pause(c.After); err != nil || s.aborted || c.Do == PINTimeout {
		return err
	}
	return s.show(showWait, "Bitte warten")
}

// slowPIN shows every five seconds that the customer is still there.
func (s *session) slowPIN(d time.Duration) error {
	for until := time.Now().Add(d); time.Now().Before(until) && !s.aborted; {
		if err := s.show(showPIN, ""); err != nil {
			return err
		}
		if err := s.pause(min(5*time.Second, time.Until(until))); err != nil {
			return err
		}
	}
	return nil
}

// show sends an intermediate status, if the till wants any; a text needs a till that understands TLV, and comes with T4 (3
// minutes).
func (s *session) show(code byte, text string) error {
	r, _ := s.registration()
	if r.Config&wantsProgress == 0 {
		return nil
	}
	b := codec.Build(0x04, 0xFF).Raw(code)
	if text != "" && r.TLV && !s.t.options.PlainStatus {
		line := codec.AppendTLV(nil, codec.TagTextLine, codec.EncodeText(text))
		b.Raw(0x03).TLV(codec.AppendTLV(nil, codec.TagDisplayTexts, line))
	}
	a, err := b.APDU()
	if err != nil {
		return err
	}
	err = s.call(a, commandTime)
	return ignoreQuiet(err)
}

// unpaid ends a sale without money: 04 0F and 06 1E with the code.
func (s *session) unpaid(o order, code byte) error {
	b := codec.Build(0x04, 0x0F).Field(codec.ResultCode, code).Number(codec.TerminalID, number(s.t.Memory().TerminalID))
	a, err := b.APDU()
	if err != nil {
		return err
	}
	if err := s.call(a, o.answer); ignoreQuiet(err) != nil {
		return err
	}
	return s.fail(code)
}

// overclaim sends a result whose length nothing follows. No till can take it, so no money moves.
func (s *session) overclaim(o order) error {
	if err := ignoreQuiet(s.deliver("04 0f", []byte{0x04, 0x0F, 0xFF, 0xFF, 0xFF, byte(codec.ResultCode), codeOK})); err != nil {
		return err
	}
	return s.takenBack(o)
}

// contradict reports success and then ends the sale as failed; the money is not taken.
func (s *session) contradict(o order, c Card) error {
	tx := s.transaction(o, c)
	tx.Open = true
	if err := s.store(tx); err != nil {
		return err
	}
	a, err := s.result(tx, o, c)
	if err != nil {
		return err
	}
	err = s.call(a, o.answer)
	return errors.Join(s.t.conclude(tx.Trace, true), ignoreQuiet(err), s.fail(codeAborted))
}

// approve takes the money: stored first, told second, final when the till has answered everything.
func (s *session) approve(o order, c Card) error {
	tx := s.transaction(o, c)
	if err := s.store(tx); err != nil {
		return err
	}
	if c.Do == LoseResult {
		s.broken = true
		return errLost
	}
	kept, refusedBy, err := s.agree(tx, o, c)
	s.wake()
	switch {
	case !tx.Open:
	case s.broken && !kept:
		err = errors.Join(err, s.t.leave(tx.Trace))
	default:
		err = errors.Join(err, s.t.conclude(tx.Trace, !kept))
	}
	switch {
	case err != nil || s.broken:
		return errors.Join(err, s.lost())
	case kept || !tx.Open:
		return s.finish([]byte{byte(codec.ResultCode), codeOK})
	case refusedBy:
		return s.takenBack(o)
	}
	return nil
}

// wake ends the silence of LoseBeforeAck: what came meanwhile was not heard.
func (s *session) wake() {
	if s.mute {
		s.mute, s.inbox, s.decoder, s.splitter = false, nil, codec.Decoder{}, codec.Splitter{}
	}
}

// lost is errLost once the wire is gone.
func (s *session) lost() error {
	if s.broken {
		return s.why()
	}
	return nil
}

// takenBack tells the till that has refused a result that the money was taken back.
func (s *session) takenBack(o order) error {
	if err := s.show(showReversal, ""); err != nil {
		return err
	}
	return s.unpaid(o, codeAborted)
}

// agree tells the till the result and the receipts. kept is true when it answered all of them in time; refusedBy when the till
// is there and did not, or refused one.
func (s *session) agree(tx Transaction, o order, c Card) (kept, refusedBy bool, err error) {
	a, err := s.result(tx, o, c)
	if err != nil {
		return false, false, err
	}
	reply, err := s.tellResult(a, o, c)
	switch {
	case errors.Is(err, errQuiet):
		return false, c.Do != LoseBeforeAck, nil
	case err != nil:
		return false, false, ignoreQuiet(err)
	case reply.Is(0x84, codePartial):
		s.partly(tx.Trace, reply.Data)
	case !reply.Accepts():
		return false, true, nil
	}
	accepted := tx.event(Accepted)
	accepted.Command = "04 0f"
	s.t.tell(accepted)
	ok, err := s.printReceipts(tx, time.Now().Add(o.answer))
	return ok, !ok && (err == nil || errors.Is(err, errQuiet)), ignoreQuiet(err)
}

// tellResult sends 04 0F, again when the till asks for that.
func (s *session) tellResult(a codec.APDU, o order, c Card) (reply codec.APDU, err error) {
	for try := 0; ; try++ {
		if c.Do == LoseBeforeAck {
			return s.lastWord(a, o)
		}
		until := time.Now().Add(o.answer)
		err = s.say(a, c)
		if err == nil {
			reply, err = s.reply(until)
		}
		if errors.Is(err, errTransfer) {
			_, err = s.reply(until) // it may still come to life within BMP 01, but then it has not seen the result
			return codec.APDU{}, errors.Join(err, errTransfer)
		}
		if err != nil || !reply.Is(0x84, codeBusy) || try >= o.repeats {
			return reply, err
		}
		if err := s.pause(repeatResult); err != nil {
			return reply, err
		}
	}
}

// say sends the result, in the long form of the length for a strange one.
func (s *session) say(a codec.APDU, c Card) error {
	if c.Do != Strange {
		return s.send(a)
	}
	a, err := s.number(a)
	if err != nil {
		return err
	}
	raw, err := a.MarshalLong()
	if err != nil {
		return err
	}
	return s.deliver(name(a), raw)
}

// lastWord sends the result once and then falls silent until the time for the answer is over.
func (s *session) lastWord(a codec.APDU, o order) (codec.APDU, error) {
	a, err := s.number(a)
	if err != nil {
		return codec.APDU{}, err
	}
	raw, err := a.Marshal()
	if err != nil {
		return codec.APDU{}, err
	}
	if !s.t.options.Stream {
		raw = codec.Frame(raw)
	}
	s.t.tell(Event{Moment: Sending, Command: name(a)})
	s.write(raw)
	s.mute = true
	_, err = s.receive(time.Now().Add(o.answer))
	return codec.APDU{}, err
}

// number reads digits that were checked when the terminal was switched on.
func number(digits string) uint64 {
	n, _ := strconv.ParseUint(digits, 10, 64)
	return n
}
