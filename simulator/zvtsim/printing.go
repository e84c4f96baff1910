package zvtsim

import (
	"errors"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"github.com/tillproof/tillproof/pos"
)

// Types of a receipt (TLV 1F07), and the print attribute of its last line.
const (
	forMerchant byte = 0x01
	forCustomer byte = 0x02
	forOffice   byte = 0x03

	plainLine   byte = 0x00
	centredLine byte = 0x40
	lastLine    byte = 0x81
)

// printReceipts sends the merchant's and the customer's receipt through the till, if it prints from our text. It says whether
// the till answered every line or block without a refusal until the deadline.
func (s *session) printReceipts(tx Transaction, until time.Time) (bool, error) {
	r, _ := s.registration()
	if r.Config&printsOurLines == 0 || r.Config&printPayments == 0 {
		return true, nil
	}
	for _, reader := range []byte{forMerchant, forCustomer} {
		if ok, err := s.printOne(reader, tx.receipt(reader), until); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

// printOne sends one receipt, as a block (06 D3) or line by line (06 D1).
func (s *session) printOne(reader byte, lines []string, until time.Time) (bool, error) {
	if r, _ := s.registration(); r.Blocks && !s.t.options.PlainLines {
		return s.printed(block(reader, lines), until)
	}
	for i, line := range lines {
		if ok, err := s.printed(single(line, attribute(i, len(lines))), until); !ok || err != nil {
			return ok, err
		}
	}
	return true, nil
}

// printed sends one print command and says whether the till accepted it.
func (s *session) printed(m codec.APDU, until time.Time) (bool, error) {
	err := s.send(m)
	if err != nil {
		return false, err
	}
	reply, err := s.reply(until)
	if errors.Is(err, errQuiet) {
		return false, err
	}
	return reply.Accepts(), err
}

func single(line string, attr byte) codec.APDU {
	return codec.APDU{Class: 0x06, Instr: 0xD1, Data: append([]byte{attr}, codec.EncodeText(line)...)}
}

// block is 06 D3: the receipt's type and its lines, each with its attribute.
func block(reader byte, lines []string) codec.APDU {
	var texts []byte
	for i, line := range lines {
		texts = codec.AppendTLV(texts, codec.TagAttribute, []byte{attribute(i, len(lines))})
		texts = codec.AppendTLV(texts, codec.TagTextLine, codec.EncodeText(line))
	}
	objects := codec.AppendTLV(nil, codec.TagReceiptType, []byte{reader})
	objects = codec.AppendTLV(objects, codec.TagPrintTexts, texts)
	// The length of a container of text never leaves what an APDU can carry, so building cannot fail.
	a, _ := codec.Build(0x06, 0xD3).TLV(objects).APDU()
	return a
}

// attribute centres the first line and marks the last one.
func attribute(i, n int) byte {
	switch i {
	case n - 1:
		return lastLine
	case 0:
		return centredLine
	}
	return plainLine
}

// receipt is the text of a transaction for one reader.
func (t Transaction) receipt(reader byte) []string {
	_, brand := t.typeID()
	title, done, entry, copyFor := "Kartenzahlung", "Zahlung erfolgt", "Chip", "Haendlerbeleg"
	switch t.Kind {
	case Reversal:
		title, done = "Storno", fmt.Sprintf("Storno von Trace-Nr. %06d erfolgt", t.ReversalOf)
	case Refund:
		title, done = "Gutschrift", "Gutschrift erfolgt"
	case Reservation:
		title, done = "Reservierung", "Betrag reserviert"
	}
	if t.Books > 0 {
		title, done = "Buchung", fmt.Sprintf("Reservierung Trace-Nr. %06d gebucht", t.Books)
	}
	if t.Entry == 2 {
		entry = "Kontaktlos"
	}
	if reader == forCustomer {
		copyFor = "Kundenbeleg"
	}
	lines := []string{title, copyFor, brand + " " + entry, "############" + t.Last4,
		"Betrag " + pos.Money{Amount: t.Amount, Currency: t.Currency}.String(),
		t.At.Local().Format("02.01.2006 15:04:05"),
		fmt.Sprintf("Trace-Nr. %06d", t.Trace), fmt.Sprintf("Beleg-Nr. %04d", t.ReceiptNo),
		fmt.Sprintf("AS-Proc-Code 00 Genehmigungs-Nr. %06d", t.Trace)}
	if t.Offline {
		lines = append(lines, "Offline genehmigt")
	}
	return append(lines, done, "BITTE BELEG AUFBEWAHREN")
}
