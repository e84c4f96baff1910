package zvtsim

import (
	"fmt"

	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

// result builds 04 0F of a transaction (PA00P015, status information).
func (s *session) result(tx Transaction, o order, c Card) (codec.APDU, error) {
	amount := tx.Amount
	if m := s.t.Memory(); s.t.options.TellsFreed && tx.Books > 0 && tx.Freed {
		amount = m.find(tx.Books).Amount - tx.Amount
	}
	b := codec.Build(0x04, 0x0F).Field(codec.ResultCode, codeOK).Number(codec.Amount, uint64(amount))
	if o.currency {
		b.Number(codec.CurrencyCode, uint64(tx.Currency.Numeric()))
	}
	id, brand := tx.typeID()
	at := tx.At.Local()
	b.Number(codec.Trace, uint64(tx.Trace)).Number(codec.ReceiptNo, uint64(tx.ReceiptNo)).
		Number(codec.TerminalID, number(s.t.Memory().TerminalID)).
		Number(codec.TimeOfDay, uint64(at.Hour()*10000+at.Minute()*100+at.Second())).
		Number(codec.MonthDay, uint64(int(at.Month())*100+at.Day())).
		Field(codec.PaymentType, tx.paymentType()).
		Field(codec.PAN, maskedPAN(tx.Last4)...).
		Text(codec.AuthCode, fmt.Sprintf("%06d", tx.Trace)).
		Text(codec.ContractNo, "TPSIM0000000001").
		Field(codec.CardType, id).Text(codec.CardName, brand+"\x00")
	if tx.ReversalOf > 0 && !s.t.options.TellsNoOrigin {
		b.Number(codec.OriginalTrace, uint64(tx.ReversalOf))
	}
	if r, _ := s.registration(); r.TLV {
		objects := tx.objects(c)
		if s.t.options.SyncIDs {
			objects = codec.AppendTLV(objects, codec.TagSyncID, tx.syncID())
		}
		b.TLV(objects)
	}
	if c.Do == Strange {
		b.Raw(0x99, 0x01, 0x02, 0x03) // a BMP that no table has
	}
	return b.APDU()
}

// paymentType is BMP 19 of a result: 40 offline, 70 online with PIN.
func (t Transaction) paymentType() byte {
	if t.Offline {
		return 0x40
	}
	return 0x70
}

// objects are the TLV objects of a result: verification, online or not, entry; and the tip.
func (t Transaction) objects(c Card) []byte {
	online := byte(1)
	if t.Offline {
		online = 0
	}
	inner := codec.AppendTLV(nil, codec.TagCardholder, []byte{0x02})
	inner = codec.AppendTLV(inner, codec.TagOnline, []byte{online})
	inner = codec.AppendTLV(inner, codec.TagEntry, []byte{t.Entry})
	out := codec.AppendTLV(nil, codec.TagTransaction, inner)
	if t.Tip > 0 && !t.TipUntold {
		tip, _ := codec.BCD(uint64(t.Tip), 6)
		out = codec.AppendTLV(out, codec.TagTip, tip)
	}
	if c.Do == Strange {
		out = codec.AppendTLV(out, 0x1F7E, []byte("strange")) // a tag that no table has
	}
	return out
}

// maskedPAN is BMP 22 of a 16-digit number of which only the last four are told.
func maskedPAN(last4 string) []byte {
	pan := []byte{0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE}
	end, err := codec.BCD(number(last4)%10000, 2)
	if err != nil {
		return pan
	}
	return append(pan, end...)
}
