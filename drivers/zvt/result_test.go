package zvt

import (
	"slices"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"github.com/tillproof/tillproof/pos"
)

func parse(t *testing.T, data string) report {
	t.Helper()
	fields, _, err := codec.ParseFields(plain(data))
	if err != nil {
		t.Fatal(err)
	}
	return newReport(fields)
}

func TestResult(t *testing.T) {
	full := "27 00 04 00 00 00 00 11 23 49 09 78 0B 00 00 00 87 00 24 29 12 34 56 78 2A " + strings.Repeat("31 ", 13) + "20 20 " +
		"3B 41 31 42 32 00 00 00 00 22 F0 F8 47 61 73 90 01 01 01 19 8A 0A 8B F0 F5 56 49 53 41 00 AA 26 11 22 0C 10 15 30 " +
		"06 1A 1F 2B 04 12 34 56 78 1F 36 06 00 00 00 00 01 00 2F 08 1F 11 01 00 1F 12 01 02"
	got, ok := parse(t, full).result(eur(1023))
	want := drivers.Result{
		Decision: drivers.ApprovedOffline, Amount: eur(1123), Tip: 100, Code: "00", Text: "successful", Trace: "12345678", ReceiptNo: "0024",
		TerminalID: "12345678", MerchantID: "1111111111111", AuthCode: "A1B2", Brand: "visa", CardName: "VISA", Last4: "0119", Entry: "contactless",
		Date: "2026-11-22", Time: "10:15:30",
	}
	if !ok || got != want {
		t.Errorf("%+v\nwant %+v", got, want)
	}
}

func TestResultOfLittle(t *testing.T) {
	for _, c := range []struct {
		name, data string
		want       drivers.Result
	}{
		{"code only", "27 00", drivers.Result{Decision: drivers.Approved, Amount: eur(1023), Code: "00", Text: "successful"}},
		{"acquirer's text wins", "27 05 3C F0 F0 F3 6E 0A 6F", drivers.Result{Decision: drivers.Declined, Amount: eur(1023), Code: "05", Text: "n o"}},
		{"the display's text where there is none", "27 6C 06 0D 24 0B 07 03 5A 65 69 07 04 20 61 75 73", drivers.Result{
			Decision: drivers.Cancelled, Amount: eur(1023), Code: "6c", Text: "Zei aus",
		}},
		{"no year", "27 6C 0D 11 22", drivers.Result{Decision: drivers.Cancelled, Amount: eur(1023), Code: "6c", Text: "aborted by key or timeout", Date: "--11-22"}},
		{"other currency", "27 00 49 07 56", drivers.Result{Decision: drivers.Approved, Amount: pos.Money{Amount: 1023, Currency: "CHF"}, Code: "00", Text: "successful"}},
		{"unknown currency, broken digits", "27 00 49 00 00 0C AA AA AA 0D BB BB 87 FF FF", drivers.Result{Decision: drivers.Approved, Amount: eur(1023), Code: "00", Text: "successful"}},
		{"brand in the long form", "27 00 8A FF 06 04 41 02 01 04", drivers.Result{Decision: drivers.Approved, Amount: eur(1023), Code: "00", Text: "successful", Brand: "bluecode"}},
		{"numbers that are none", "27 00 0B 00 00 00 87 00 00", drivers.Result{Decision: drivers.Approved, Amount: eur(1023), Code: "00", Text: "successful"}},
		{"a long trace that is none", "27 00 0B 00 00 00 87 00 24 06 05 1F 2B 02 00 00", drivers.Result{
			Decision: drivers.Approved, Amount: eur(1023), Code: "00", Text: "successful", ReceiptNo: "0024",
		}},
		{"long terminal id", "27 00 06 07 1F 44 04 87 65 43 21", drivers.Result{Decision: drivers.Approved, Amount: eur(1023), Code: "00", Text: "successful", TerminalID: "87654321"}},
		{"masked to the end", "27 00 22 F0 F8 EE EE EE EE EE EE EE EE", drivers.Result{Decision: drivers.Approved, Amount: eur(1023), Code: "00", Text: "successful"}},
	} {
		if got, ok := parse(t, c.data).result(eur(1023)); !ok || got != c.want {
			t.Errorf("%s: %+v\nwant %+v", c.name, got, c.want)
		}
	}
	if _, ok := parse(t, "04 00 00 00 00 10 23").result(eur(1023)); ok {
		t.Error("a result without a code")
	}
}

func TestPANEnd(t *testing.T) {
	for in, want := range map[string]string{
		"47 61 73 90 01 01 01 19": "0119", "47 61 73 EE EE EE 01 19": "0119", "37 82 82 24 63 10 00 5F": "0005", "47 61 73 90 01 01 01 19 D2 71 2F": "0119",
		"": "", "01 19": "", "EE EE EE EE": "",
	} {
		if got := panEnd(plain(in)); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

func TestMaskText(t *testing.T) {
	for in, want := range map[string]string{
		"Karte 4761739001010119":               "Karte ************0119",
		"4761 7390 0101 0119":                  "**** **** **** 0119",
		"3782-822463-10005":                    "****-******-*0005",
		"4761739001010118":                     "4761739001010118",
		"Beleg 12345 Betrag 10,23":             "Beleg 12345 Betrag 10,23",
		"1022 4761739001010119 12:30":          "1022 ************0119 12:30",
		"0000000000000000000000000":            "0000000000000000000000000",
		"Übertrag 4761739001010119 für 10,23€": "Übertrag ************0119 für 10,23€",
	} {
		if got := maskText(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestReceiptLines(t *testing.T) {
	var r receipts
	r.line(nil)
	r.line(plain("03 41"))          // indented by three
	r.line(plain("45 42"))          // centred: no indent by the low nibble
	r.line(plain("FF 02"))          // two line feeds
	r.line(plain("FF"))             // one
	r.line(plain("81 43"))          // the last line
	r.line(plain("FF 05"))          // feeds alone are no receipt
	r.line([]byte("\x81"))          // nor is an empty last line
	r.line([]byte("\x00\x81 \x84")) // CP437
	want := []drivers.Receipt{
		{For: drivers.ForAnyone, Lines: []string{"   A", "B", "", "", "", "C"}},
		{For: drivers.ForAnyone, Lines: []string{"ü ä"}},
	}
	if got := r.all(); !slices.EqualFunc(got, want, sameReceipt) {
		t.Errorf("%q", got)
	}
}

func TestReceiptBlocks(t *testing.T) {
	var r receipts
	r.block(plain("06 11 1F 07 01 01 25 0B 09 01 40 07 01 41 07 01 42 07 00"))
	r.block(plain("06 0F 1F 07 01 02 25 09 07 01 44 09 01 FF 07 01 41"))             // another reader; a feed inside
	r.block(plain("06 08 25 06 09 01 81 07 01 45"))                                  // the last line
	r.block(plain("06 13 25 11 09 01 FF 07 04 54 65 78 74 07 06 47 65 73 65 74 7A")) // a feed whose text is more than a number of feeds
	r.block(plain("06 80"))                                                          // broken
	want := []drivers.Receipt{
		{For: drivers.ForMerchant, Lines: []string{"A", "B", ""}},
		{For: drivers.ForCustomer, Lines: []string{"D", "", "E"}},
		{For: drivers.ForAnyone, Lines: []string{"Text", "Gesetz"}},
	}
	if got := r.all(); !slices.EqualFunc(got, want, sameReceipt) {
		t.Errorf("%q", got)
	}
}

func TestReceiptsAreBounded(t *testing.T) {
	var r receipts
	for range 100 {
		r.line(plain("FF FF"))
		r.line(plain("00 41"))
	}
	if n := len(r.all()[0].Lines); n != maxLines {
		t.Errorf("%d lines", n)
	}
}

func TestWordsCoverTheCodes(t *testing.T) {
	for code, want := range map[byte]string{
		0x0A: "insert card", 0x4B: "remove the card", 0x44: "waits for the host, remove the card", 0x66: "enter the mobile number, remove the card", 0xF1: "offline", 0x99: "status 99",
	} {
		if got := intermediateText(code); got != want {
			t.Errorf("%02x: %q, want %q", code, got, want)
		}
	}
	for code := range 256 {
		c := byte(code)
		if resultText(c) == "" || statusText(c) == "" || remedy(c) == "" || intermediateText(c) == "" {
			t.Errorf("code %02x has no words", c)
		}
	}
}

// TestResultInLongAndNestedTLV reads a result whose container is longer than 255 bytes, with tags that nobody knows, of one to three bytes and constructed,
// before, between and around those that count.
func TestResultInLongAndNestedTLV(t *testing.T) {
	unknown := codec.AppendTLV(nil, 0xDF8123, make([]byte, 300))
	unknown = codec.AppendTLV(unknown, 0xEE, codec.AppendTLV(nil, 0x1F7E, []byte("strange")))
	inner := codec.AppendTLV(codec.AppendTLV(nil, 0x1F7D, []byte{9}), codec.TagOnline, []byte{0})
	inner = codec.AppendTLV(inner, codec.TagEntry, []byte{2})
	objects := append(unknown, codec.AppendTLV(nil, 0xE4, codec.AppendTLV(nil, codec.TagTransaction, inner))...)
	objects = codec.AppendTLV(objects, codec.TagTip, []byte{0, 0, 0, 0, 1, 0})
	objects = codec.AppendTLV(objects, codec.TagLongTrace, []byte{0x12, 0x34, 0x56, 0x78, 0x90})
	a, err := codec.Build(0x04, 0x0F).Field(codec.ResultCode, 0).Number(codec.Amount, 1123).Number(codec.Trace, 0).TLV(objects).APDU()
	if err != nil || len(a.Data) < 350 {
		t.Fatal(err)
	}
	raw, err := a.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	scrub(raw) // what the link does to it must leave what counts
	a, err = codec.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	fields, _, err := codec.ParseFields(a.Data)
	if err != nil {
		t.Fatal(err)
	}
	got, ok := newReport(fields).result(eur(1023))
	if !ok || got.Decision != drivers.ApprovedOffline || got.Entry != "contactless" || got.Tip != 100 || got.Amount != eur(1123) || got.Trace != "1234567890" {
		t.Errorf("%+v", got)
	}
}
