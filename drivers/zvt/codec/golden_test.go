package codec

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
)

// unhex reads bytes as the papers write them.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatalf("hex %q: %v", s, err)
	}
	return b
}

func TestCRCIsKermit(t *testing.T) {
	if got := kermit([]byte("123456789")); got != 0x2189 {
		t.Fatalf("check value %04x, want 2189 (the classic XMODEM would be 31c3)", got)
	}
}

// goldens are frames worked out by hand from the rules of the sheet; the CRCs of the last ones hold control bytes.
func goldens() []struct {
	name  string
	build *Builder
	wire  string
} {
	support := AppendTLV(nil, TagCommands, AppendTLV(nil, TagCommand, []byte{0x06, 0xD3}))
	return []struct {
		name  string
		build *Builder
		wire  string
	}{
		{
			"sale of 10.23 EUR, byte 10 in the amount", Build(0x06, 0x01).Number(Amount, 1023).Number(CurrencyCode, 978),
			"10 02 06 01 0A 04 00 00 00 00 10 10 23 49 09 78 10 03 7A 1D",
		},
		{
			"registration, length byte 10", Build(0x06, 0x00).Digits(0, 3).Raw(0xBE).Digits(978, 2).Field(Service, 1).TLV(support),
			"10 02 06 00 10 10 00 00 00 BE 09 78 03 01 06 06 26 04 0A 02 06 D3 10 03 D7 DE",
		},
		{
			"repeat receipt", Build(0x06, 0x20).Digits(0, 3).Field(Service, 3),
			"10 02 06 20 05 00 00 00 03 03 10 03 DB 15",
		},
		{"positive reply", Build(0x80, 0x00), "10 02 80 00 00 10 03 F5 1F"},
		{"not supported", Build(0x84, 0x83), "10 02 84 83 00 10 03 91 8E"},
		{"completion", Build(0x06, 0x0F), "10 02 06 0F 00 10 03 C6 33"},
		{"aborted", Build(0x06, 0x1E).Raw(0x6C), "10 02 06 1E 01 6C 10 03 C9 F2"},
		{"abort", Build(0x06, 0xB0), "10 02 06 B0 00 10 03 43 F3"},
		{
			"reversal of receipt 24 over 10.23 EUR, length byte 10",
			Build(0x06, 0x30).Digits(0, 3).Number(ReceiptNo, 24).Number(Amount, 1023).Number(CurrencyCode, 978),
			"10 02 06 30 10 10 00 00 00 87 00 24 04 00 00 00 00 10 10 23 49 09 78 10 03 30 67",
		},
		{
			"refund of 10.23 EUR", Build(0x06, 0x31).Digits(0, 3).Number(Amount, 1023).Number(CurrencyCode, 978),
			"10 02 06 31 0D 00 00 00 04 00 00 00 00 10 10 23 49 09 78 10 03 B7 2B",
		},
		{
			"reservation of 10.23 EUR", Build(0x06, 0x22).Number(Amount, 1023).Number(CurrencyCode, 978).Field(PaymentType, 0x40),
			"10 02 06 22 0C 04 00 00 00 00 10 10 23 49 09 78 19 40 10 03 08 DF",
		},
		{
			"booking of 7.50 EUR out of receipt 24", Build(0x06, 0x24).Number(ReceiptNo, 24).Number(Amount, 750).Number(CurrencyCode, 978),
			"10 02 06 24 0D 87 00 24 04 00 00 00 00 07 50 49 09 78 10 03 8C A2",
		},
		{
			"booking that leaves 2.73 EUR of receipt 24", Build(0x06, 0x23).Number(ReceiptNo, 24).Number(Amount, 273).Number(CurrencyCode, 978),
			"10 02 06 23 0D 87 00 24 04 00 00 00 00 02 73 49 09 78 10 03 15 79",
		},
		{
			"release of receipt 24", Build(0x06, 0x25).Number(ReceiptNo, 24).Number(Amount, 1023).Number(CurrencyCode, 978),
			"10 02 06 25 0D 87 00 24 04 00 00 00 00 10 10 23 49 09 78 10 03 C2 7A",
		},
		{"question for open reservations", Build(0x06, 0x23).Field(ReceiptNo, 0xFF, 0xFF), "10 02 06 23 03 87 FF FF 10 03 FB BD"},
		{"no open reservations", Build(0x06, 0x1E).Raw(0xB8).Field(ReceiptNo, 0xFF, 0xFF), "10 02 06 1E 04 B8 87 FF FF 10 03 B6 4B"},
		{
			"three open reservations", Build(0x06, 0x1E).Raw(0xB8).Number(ReceiptNo, 3).TLV(AppendTLV(nil, TagOpenReservations,
				AppendTLV(AppendTLV(AppendTLV(nil, TagReceiptNo, []byte{0, 3}), TagReceiptNo, []byte{0, 4}), TagReceiptNo, []byte{0, 0x10}))),
			"10 02 06 1E 14 B8 87 00 03 06 0E 23 0C 08 02 00 03 08 02 00 04 08 02 00 10 10 10 03 C8 EC",
		},
		{
			"reply with message id 1006, 10 and 06 in it", Build(0x80, 0x00).TLV(AppendTLV(nil, TagMessageID, []byte{0, 0x10, 0x06})),
			"10 02 80 00 08 06 06 1F 73 03 00 10 10 06 10 03 14 E5",
		},
		{"end of day", Build(0x06, 0x50).Digits(0, 3), "10 02 06 50 03 00 00 00 10 03 FB 37"},
		{"already reversed", Build(0x84, 0xB4), "10 02 84 B4 00 10 03 3A 84"},
		{"reversal not possible", Build(0x06, 0x1E).Raw(0xB5), "10 02 06 1E 01 B5 10 03 EA 7A"},
		{"end of day not possible", Build(0x06, 0x1E).Raw(0x77), "10 02 06 1E 01 77 10 03 F0 83"},
		{
			"result with masked card number, 10 in four places",
			Build(0x04, 0x0F).Field(ResultCode, 0).Number(Amount, 1023).Number(CurrencyCode, 978).Number(Trace, 123).
				Number(TimeOfDay, 101530).Number(MonthDay, 1122).Field(PAN, 0x47, 0x61, 0x73, 0xEE, 0xEE, 0xEE, 0x01, 0x19).
				Number(ReceiptNo, 1010),
			"10 02 04 0F 25 27 00 04 00 00 00 00 10 10 23 49 09 78 0B 00 01 23 0C 10 10 15 30 0D 11 22 " +
				"22 F0 F8 47 61 73 EE EE EE 01 19 87 10 10 10 10 10 03 35 B6",
		},
	}
}

func TestGoldenFrames(t *testing.T) {
	for _, g := range goldens() {
		t.Run(g.name, func(t *testing.T) {
			apdu, err := g.build.APDU()
			if err != nil {
				t.Fatal(err)
			}
			plain, err := apdu.Marshal()
			if err != nil {
				t.Fatal(err)
			}
			if got, want := Frame(plain), unhex(t, g.wire); !bytes.Equal(got, want) {
				t.Errorf("frame % x\nwant  % x", got, want)
			}
			var d Decoder
			events := feed(&d, unhex(t, g.wire))
			if len(events) != 1 || events[0].Kind != GotFrame || !bytes.Equal(events[0].APDU, plain) {
				t.Fatalf("decoded %+v", events)
			}
		})
	}
}

// TestControlBytesInCRC finds for each control byte a sale whose CRC holds it in either place, and takes it through the decoder.
func TestControlBytesInCRC(t *testing.T) {
	for _, control := range []byte{0x10, 0x03, 0x02, 0x06, 0x15} {
		for place := range 2 {
			frame := frameWithCRC(t, control, place)
			var d Decoder
			events := feed(&d, append(frame, ACK))
			if len(events) != 2 || events[0].Kind != GotFrame || events[1].Kind != GotACK {
				t.Errorf("CRC % x: %+v", frame[len(frame)-2:], events)
			}
		}
	}
}

func frameWithCRC(t *testing.T, control byte, place int) []byte {
	t.Helper()
	for cents := uint64(1); cents < 10000; cents++ {
		apdu, err := Build(0x06, 0x01).Number(Amount, cents).APDU()
		if err != nil {
			t.Fatal(err)
		}
		plain, err := apdu.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if f := Frame(plain); f[len(f)-2+place] == control {
			return f
		}
	}
	t.Fatalf("no amount gives a CRC with %02x", control)
	return nil
}

// feed gives all bytes to the decoder and collects the events.
func feed(d *Decoder, b []byte) []Event {
	var events []Event
	for _, c := range b {
		events = append(events, d.Feed(c)...)
	}
	return events
}
