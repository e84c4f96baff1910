package payload_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/qr/payload"
)

// What real codes do and a strict reader would refuse.
func TestAccepted(t *testing.T) {
	for _, c := range []struct{ name, text, scheme, path, value string }{
		{"00 = 02, one decimal missing, hash in 82", "00020201021126520014A00000061500010106564162022020812345678901234567520458125303458540155802MY5912KEDAI CONTOH6012KUALA LUMPUR62200516T7K20250102A000182640000000000A1B2C3A1B2C3A1B2C3A1B2C3A1B2C3A1B2C3A1B2C3A1B2C3A1B2C36304BC9D", "duitnow", "62-05", reference},
		{"no 01, 52, 59, 60; 58 before 53", "00020130480016A00000067701011201150994000123456780205SHOP75802TH530376463047833", "promptpay_bill", "30-02", "SHOP7"},
		{"12 without amount", sealed("00020101021226180014BR.GOV.BCB.PIX5303986"), "pix", "26-00", "BR.GOV.BCB.PIX"},
		{"11 with amount", sealed("00020101021126180014br.gov.bcb.pix530398654045.00"), "pix", "54", "5.00"},
		{"lower-case CRC", "00020101021138540010A00000072701240006970436011001234567890208QRIBFTTA53037045802VN63046a15", "vietqr", "38-01-01", "0123456789"},
		{"account after the amount", sealed("000201530376454045.0029370016A00000067701011101130066812345678"), "promptpay", "29-01", "0066812345678"},
		{"city of 16, primitive account, amount with a bare point", "00020115313125034400000344BBBBBBBBBBBBBBB520458125303156540398.5802CN5904SHOP6016SHANGHAI PUDONG162060102B163048BF1", "unionpay", "60", "SHANGHAI PUDONG1"},
		{"62 primitive inside: JomPAY", "00020162139004JP209101x6304EA92", "emvco", "62-90", "JP20"},
		{"62-00 is a GUID", "00020101021128500011ph.ppmi.p2m0111ABCDPHMMXXX0302M1040312305030015204581253036085802PH5904SHOP6006MANILA62360012ph.ppmi.qrph0516T7K20250102A000188160012ph.ppmi.qrph63042E5C", "qrph", "62-00", "ph.ppmi.qrph"},
		{"Bakong id", "00020101021229230009shop@bank0106855123520459995303116540440005802KH5904SHOP6010PHNOM PENH62200116T7K20250102A000199170013170000000000063044B60", "khqr", "99-00", "1700000000000"},
		{"nested account", "00020131340016A00000067701200601100001X0101Y53037645802TH63048AED", "thai_cross_border", "31-01-01", "Y"},
		{"lengths in bytes", "00020126230014br.gov.bcb.pix0101k53039865802BR5906AÇAÍ6004SÃO63040ACD", "pix", "59", "AÇAÍ"},
		{"lengths in characters", "0002015902茶楼64180002ZH0102茶楼0202香港63041392", "emvco", "64-02", "香港"},
		{"hash that begins like a template with an ID twice", sealed("00020182120001a0001b00"), "emvco", "82", "0001a0001b00"},
		{"unreserved object that only looks like one twice", "00020180100101A0101B630458F6", "emvco", "80", "0101A0101B"},
		{"Visa", sealed("00020102164111111111111111"), "visa", "02", "4111111111111111"},
		{"a national scheme stands before a card network", sealed("0002010216411111111111111126180014br.gov.bcb.pix"), "pix", "02", "4111111111111111"},
		{"template inside 62", sealed("000201622350190005owner0106secret"), "emvco", "62-50-01", "secret"},
		{"unknown account", sealed("00020126080004some"), "emvco", "26-00", "some"},
	} {
		tree, err := payload.Parse("\n " + c.text + "\r\n")
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := tree.Encode(); got != c.text {
			t.Errorf("%s: encodes to %q", c.name, got)
		}
		if got := tree.Text(c.path); got != c.value {
			t.Errorf("%s: %s is %q", c.name, c.path, got)
		}
		if got := tree.Summary().Scheme; got != c.scheme {
			t.Errorf("%s: scheme %s", c.name, got)
		}
	}
}

// sealed appends the CRC.
func sealed(text string) string {
	crc := uint16(0xFFFF)
	for _, b := range []byte(text + "6304") {
		for bit := 7; bit >= 0; bit-- {
			high := crc>>15 ^ uint16(b>>bit&1)
			crc = crc<<1 ^ high*0x1021
		}
	}
	const hex = "0123456789ABCDEF"
	return text + "6304" + string([]byte{hex[crc>>12], hex[crc>>8&15], hex[crc>>4&15], hex[crc&15]})
}

func TestRefused(t *testing.T) {
	pix := "00020126420014BR.GOV.BCB.PIX0120loja7@exemplo.com.br520400005303986540512.345802BR5912LOJA EXEMPLO6008CURITIBA62200516T7K20250102A0001630462D2"
	for _, c := range []struct {
		name, text string
		kind       error
		says       string
	}{
		{"wrong CRC", pix[:len(pix)-1] + "3", payload.ErrCRC, "object 63"},
		{"changed amount", strings.Replace(pix, "12.34", "12.35", 1), payload.ErrCRC, "object 63"},
		{"no CRC", pix[:len(pix)-8], payload.ErrTruncated, "object 63"},
		{"63 not last", sealed("0002016304ABCD"), payload.ErrDuplicate, "object 63"},
		{"63 in the middle", "0002016304ABCD5802BR", payload.ErrSyntax, "object 63"},
		{"CRC of five digits", "0002016305ABCDE", payload.ErrSyntax, "object 63"},
		{"cut", pix[:58], payload.ErrTruncated, "offset 52, object 52"},
		{"cut inside a length", "0002015", payload.ErrTruncated, "offset 6"},
		{"cut behind an ID", "00020152", payload.ErrTruncated, "object 52"},
		{"length past the end", sealed("000201") + "5999X", payload.ErrTruncated, "offset 14, object 59"},
		{"length 00", sealed("0002015900"), payload.ErrSyntax, "object 59"},
		{"length no digits", sealed("00020159 1A"), payload.ErrSyntax, "object 59"},
		{"ID no digits", sealed("000201A901X"), payload.ErrSyntax, "offset 6"},
		{"twice", "00020162050501A62050501B6304F340", payload.ErrDuplicate, "offset 15, object 62"},
		{"twice inside", "00020162100501A0501B63048279", payload.ErrDuplicate, "offset 15, object 62-05"},
		{"twice in an unreserved template", "00020180100001A0001B63045A46", payload.ErrDuplicate, "object 80-00"},
		{"twice in the account inside VietQR", sealed("00020138330010A00000072701150101A0101B0101C"), payload.ErrDuplicate, "object 38-01-01"},
		{"twice in a template of 62", sealed("000201622150170003a.b0101A0101B"), payload.ErrDuplicate, "object 62-50-01"},
		{"amount zero", sealed("000201530398654040.00"), payload.ErrAmount, "object 54"},
		{"amount with comma", sealed("000201530398654041,00"), payload.ErrAmount, "object 54"},
		{"two points", sealed("000201530398654051.2.3"), payload.ErrAmount, "object 54"},
		{"point first", sealed("00020153039865403.50"), payload.ErrAmount, "object 54"},
		{"negative", sealed("00020153039865402-1"), payload.ErrAmount, "object 54"},
		{"too many decimals", sealed("000201530398654051.234"), payload.ErrAmount, "object 54"},
		{"decimals of dong", sealed("000201530370454041.50"), payload.ErrAmount, "object 54"},
		{"too long", sealed("0002015303986541412345678901234"), payload.ErrAmount, "object 54"},
		{"bad amount, no currency", sealed("0002015401x"), payload.ErrAmount, "object 54"},
		{"fixed tip zero", sealed("000201530398655020256010"), payload.ErrAmount, "object 56"},
		{"percentage", sealed("00020153039865502035703100"), payload.ErrAmount, "object 57"},
		{"slip", "002500060000010103014020401235102TH91047364", payload.ErrSyntax, "slip"},
		{"00 not first", sealed("5802BR000201"), payload.ErrSyntax, "object 58"},
		{"00 no digits", sealed("0002AB"), payload.ErrSyntax, "object 00"},
		{"empty", " \n", payload.ErrTruncated, "nothing"},
		{"broken whatever lengths count", "0002015906\xc3\x87A", payload.ErrTruncated, "object 59"},
	} {
		_, err := payload.Parse(c.text)
		var e *payload.Error
		if !errors.Is(err, c.kind) || !errors.As(err, &e) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestAmountsAreExact(t *testing.T) {
	for _, c := range []struct {
		currency, text string
		want           int64
	}{
		{"702", "50.5", 5050}, {"702", "100", 10000}, {"344", "5000.00", 500000}, {"156", "98.", 9800}, {"704", "10000", 10000},
		{"986", "9999999999.99", 999999999999}, {"986", "0.01", 1}, {"986", "0000001.10", 110}, {"414", "1.234", 1234},
	} {
		n := "0" + string(rune('0'+len(c.text)))
		if len(c.text) > 9 {
			n = "1" + string(rune('0'+len(c.text)-10))
		}
		tree, err := payload.Parse(sealed("0002015303" + c.currency + "54" + n + c.text))
		if err != nil || int64(*tree.Summary().Amount) != c.want {
			t.Errorf("%s %s: %v", c.currency, c.text, err)
		}
	}
	for _, text := range []string{sealed("00020154041.00"), sealed("000201530399954041.00"), sealed("0002015302AB54041.00")} {
		tree, err := payload.Parse(text)
		if err != nil || tree.Summary().Amount != nil || tree.Summary().Currency != "" {
			t.Errorf("%s: an amount without a currency has minor units: %v", text, err)
		}
	}
}

func TestSummaryOfAllObjects(t *testing.T) {
	tree, err := payload.Parse(sealed("00020101021152045812530398655020256041.505802BR5904SHOP6004CITY62160503***0705TILL1"))
	if err != nil {
		t.Fatal(err)
	}
	s := tree.Summary()
	if s.Merchant != "SHOP" || s.City != "CITY" || s.Country != "BR" || s.MCC != "5812" || s.Initiation != payload.Fixed || s.Tip != payload.FixedTip ||
		*s.TipFixed != 150 || s.Reference != "" || s.Terminal != "TILL1" || s.Amount != nil {
		t.Errorf("%+v", s)
	}
	for mode, want := range map[string]payload.Tip{"550201": payload.AskTip, "550203570512.50": payload.PercentTip} {
		tree, err := payload.Parse(sealed("000201" + mode))
		if err != nil || tree.Summary().Tip != want {
			t.Errorf("%s: %v", mode, err)
		}
	}
	if o, ok := tree.At("62-07-01"); ok {
		t.Errorf("an object in a primitive: %+v", o)
	}
	if _, ok := tree.Object("59"); !ok {
		t.Error("59 is not found")
	}
}
