package ecr17sim

import (
	"fmt"

	"github.com/tillproof/tillproof/drivers/ecr17/codec"
)

// The marks within a receipt.
const (
	newLine      = "\x7D"
	bold         = "\x7F"
	endOfReceipt = "\x7D\x7D\x7D\x7D\x7D\x7D\x1B"
)

// mostText is the longest text of a frame of a receipt.
const mostText = 200

// print prints the receipt of what was just done, or sends it to the till that wanted it.
func (s *session) print(e Event) error {
	s.t.mu.Lock()
	wanted := s.t.toECR
	s.t.mu.Unlock()
	if !wanted {
		s.t.tell(Event{Moment: Printed, Stan: e.Stan, Amount: e.Amount})
		return nil
	}
	return s.frames(s.receipt(e))
}

// frames sends a text.
func (s *session) frames(text string) error {
	for len(text) > 0 {
		n := min(mostText, len(text))
		m := codec.New('S', s.t.Memory().TerminalID, 10)
		if err := s.rest(s.t.options.ReceiptPause); err != nil {
			return err
		}
		if err := s.deliver(append(m, text[:n]...), Event{}); err != nil {
			return err
		}
		text = text[n:]
	}
	return nil
}

// receipt is long enough for three frames, with a line that goes on in the next, a bold one and an empty one.
func (s *session) receipt(e Event) string {
	if own := s.t.options.Receipt; own != "" {
		return own + endOfReceipt
	}
	number := "************1111"
	if s.t.options.Unmasked {
		number = "4111 1111 1111 1111"
	}
	text := "BAR CENTRALE" + newLine + "VIA ROMA 1, MILANO" + newLine + newLine + bold + "ACQUISTO" + newLine
	text += "Esercente che ha un nome molto lungo e va a capo" + newLine
	text += "PAN " + number + newLine + fmt.Sprintf("STAN %06d", e.Stan) + newLine
	text += bold + fmt.Sprintf("IMPORTO EUR %d,%02d", e.Amount/100, e.Amount%100) + newLine
	for i := range 12 {
		text += fmt.Sprintf("RIGA DI CORTESIA %02d ....", i) + newLine
	}
	return text + "TRANSAZIONE APPROVATA" + endOfReceipt
}

// reprint answers R.
func (s *session) reprint(m codec.Message) error {
	memory := s.t.Memory()
	last := memory.last()
	if last == nil {
		s.nak()
		return nil
	}
	s.ack(m)
	if m.At(11, 11) != "1" {
		s.t.tell(Event{Moment: Printed, Stan: last.Stan, Amount: last.Amount})
		return nil
	}
	return s.frames(s.receipt(Event{Stan: last.Stan, Amount: last.Amount}))
}
