package neo2

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const head = "5669564F746563683200"

// TestGolden checks frames that the papers give whole, in both orders of the CRC.
func TestGolden(t *testing.T) {
	for text, want := range map[string]struct {
		built []byte
		frame string
	}{
		head + "18010000B3CD":     {RequestFrame(Ping, PingSub), "request 18 01 []"},
		head + "18000000FA83":     {ReplyFrame(Ping, OK), "reply 18 00 []"},
		head + "83500000CD7C":     {RequestFrame(0x83, 0x50), "request 83 50 []"},
		head + "83000002E1010D25": {ReplyFrame(0x83, OK, 0xE1, 0x01), "reply 83 00 [e101]"},
	} {
		raw := unhex(t, text)
		if !bytes.Equal(raw, want.built) {
			t.Errorf("built %x, not %x", want.built, raw)
		}
		f, n, err := Split(raw)
		if err != nil || n != len(raw) || words(&f) != want.frame {
			t.Errorf("%s: %s of %d, %v", text, words(&f), n, err)
		}
	}
}

func words(f *Frame) string {
	if f.Request {
		return fmt.Sprintf("request %02x %02x [%x]", f.Command, f.Sub, f.Data)
	}
	return fmt.Sprintf("reply %02x %02x [%x]", f.Command, f.Status, f.Data)
}

func TestSplitRefuses(t *testing.T) {
	for text, want := range map[string]error{
		head:                           ErrTruncated,
		head + "18000000FA":            ErrTruncated,
		head + "18000000FA84":          ErrCRC,
		head + "1800FFFF":              ErrLength,
		head + "1800000500":            ErrTruncated,
		head + "18010000CDB3":          nil, // the other order is a reply with status 01
		head[:6]:                       ErrTruncated,
		head + "18000000FA83" + "0102": nil,
	} {
		if _, _, err := Split(unhex(t, text)); !errors.Is(err, want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// feed gives bytes to a decoder and tells what they complete.
func feed(d *Decoder, input []byte) (told []string) {
	for _, b := range input {
		switch ev := d.Feed(b); ev.Kind {
		case Whole:
			told = append(told, words(&ev.Frame))
		case Bad:
			told = append(told, ev.Err.Error())
		}
	}
	return told
}

func TestDecoder(t *testing.T) {
	ping := string(ReplyFrame(Ping, OK))
	for name, c := range map[string]struct{ input, want string }{
		"one":             {ping, "[reply 18 00 []]"},
		"glued":           {ping + ping, "[reply 18 00 [] reply 18 00 []]"},
		"junk before":     {"\x02\x06ViVO" + ping, "[reply 18 00 []]"},
		"half a header":   {"ViViVOtech2\x00" + ping[len(Header):], "[reply 18 00 []]"},
		"wrong CRC":       {ping[:len(ping)-1] + "\x00" + ping, "[wrong CRC reply 18 00 []]"},
		"too long":        {Header + "\x18\x00\xff\xff" + ping, "[" + ErrLength.Error() + " reply 18 00 []]"},
		"junk inside":     {ping[:12] + "\x00" + ping[12:] + ping, "[wrong CRC reply 18 00 []]"},
		"nothing of ours": {"\x06\x02\x7e\x013\x03\x4d", "[]"},
	} {
		d := &Decoder{}
		if got := fmt.Sprint(feed(d, []byte(c.input))); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestQuiet(t *testing.T) {
	d := &Decoder{}
	if feed(d, ReplyFrame(Activate, OK, 1, 2, 3)[:15]); !d.Partial() || !d.Reading() {
		t.Error("a card is being read")
	}
	if ev := d.Quiet(); ev.Kind != Bad || d.Partial() {
		t.Errorf("%+v", ev)
	}
	feed(d, []byte("ViV"))
	if ev := d.Quiet(); ev.Kind != 0 || d.Skipped != 3 {
		t.Errorf("%+v, %d skipped", ev, d.Skipped)
	}
}

func TestTLV(t *testing.T) {
	long := bytes.Repeat([]byte{7}, 200)
	longer := bytes.Repeat([]byte{8}, 300)
	b := AppendTLV(AppendTLV(AppendTLV(nil, KSN, []byte{1, 2}), Track2, long), 0x9C, longer)
	b = append(AppendTLV(append(b, 0, 0), Expiry, nil), 0)
	all, err := ParseTLVs(b)
	if err != nil || len(all) != 4 || all[0].Tag != KSN || !bytes.Equal(all[1].Value, long) || !bytes.Equal(all[2].Value, longer) || all[3].Tag != Expiry {
		t.Errorf("%v, %v", all, err)
	}
	for _, bad := range []string{"57", "5702", "570201", "5780", "578101", "57820001", "5783000000", "DFFFFFFF01", "9F", "57A1"} {
		if _, err := ParseTLVs(unhex(t, bad)); !errors.Is(err, ErrTLV) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// result is a result with an attribution and objects.
func result(attribution byte, objects ...TLV) []byte {
	b := []byte{attribution}
	for _, o := range objects {
		b = AppendTLV(b, o.Tag, o.Value)
	}
	return b
}

func TestAttribution(t *testing.T) {
	for attribution, want := range map[byte]string{
		0xC0: "chip tdes marked", 0xC1: "contactless tdes marked", 0xD1: "contactless tdes marked", 0xC8: "stripe tdes marked", 0xC9: "stripe tdes marked",
		0x83: "contactless aes marked", 0x01: "contactless tdes", 0x40: "chip tdes marked",
		0xC4: "reserved", 0xD8: "reserved", 0xD0: "reserved", 0xC6: "reserved",
	} {
		r, err := ParseResult([]byte{attribution})
		got := "reserved"
		if err == nil {
			got = r.Entry() + map[bool]string{true: " aes", false: " tdes"}[r.AES()] + map[bool]string{true: " marked"}[r.Marked()]
		}
		if got != want {
			t.Errorf("%02x: %s, want %s", attribution, got, want)
		}
	}
}

// Values of a public test number.
const (
	packedTrack  = "4111111111111111D30121010000000000" // 17 bytes
	packedNumber = "4111111111111111"
	cipher24     = "A30B7C5E9142D8F60011223344556677DEADBEEF0BADF00D"
	cipher8      = "8091A2B3C4D5E6F7"
	maskedTrack  = "411111CCCCCC1111D3012CCCCCCCCCCCCC"
)

func TestClear(t *testing.T) {
	ksn := TLV{KSN, unhex(t, "FFFF9876543210E00001")}
	object := func(tag Tag, text string) TLV { return TLV{tag, unhex(t, text)} }
	for name, c := range map[string]struct {
		data []byte
		want bool
	}{
		"encrypted":               {result(0xC1, ksn, object(Track2, cipher24), object(PAN, cipher8), object(MaskedTrack2, maskedTrack)), false},
		"not marked":              {result(0x01, ksn, object(Track2, cipher24)), true},
		"masked, not marked":      {result(0x01, object(MaskedTrack2, maskedTrack)), true},
		"white-listed track":      {result(0xC1, ksn, object(Track2, packedTrack)), true},
		"track of whole blocks":   {result(0xC1, ksn, object(Track2, "4111111111111111D3012101000000000000FFFFFFFFFFFF")), true},
		"white-listed number":     {result(0xC1, ksn, object(Track2, cipher24), object(PAN, packedNumber)), true},
		"number, check digit":     {result(0xC1, ksn, object(PAN, packedNumber)), true},
		"number, shown":           {result(0xC1, ksn, object(PAN, packedNumber), object(MaskedPAN, "411111CCCCCC1111")), true},
		"number filled with F":    {result(0xC1, ksn, object(PAN, "341111597241002FFFFFFFFFFFFFFFFF")), true},
		"number filled with 0":    {result(0xC3, ksn, object(PAN, packedNumber+"0000000000000000"), object(MaskedPAN, "411111CCCCCC1111")), true},
		"number, F and 0":         {result(0xC1, ksn, object(PAN, "4111111111111111110F000000000000"), object(MaskedPAN, "411111CCCCCCCCC1110F")), true},
		"track of a short number": {result(0xC1, ksn, object(Track2, "98760017D3012101000FFFFFFFFFFFFF")), true},
		"chance of eight bytes":   {result(0xC1, ksn, object(Track2, "98760017D3012101")), false},
		"track, F and 0":          {result(0xC1, ksn, object(Track2, "411111111111111D3012101000000000F000000000000000")), true},
		"digits by chance":        {result(0xC1, ksn, object(PAN, packedNumber), object(MaskedPAN, "543210CCCCCC1111")), false},
		"digits, wrong check":     {result(0xC1, ksn, object(PAN, "4111111111111112")), false},
		"half a block":            {result(0xC1, ksn, object(PAN, cipher8+"00")), true},
		"half a block of AES":     {result(0xC3, ksn, object(PAN, cipher8)), true},
		"a stripe's track in MSD": {result(0xD1, ksn, object(StripeTrack2, "4111111111111111D301210100000000")), true},
		"a stripe's text in MSD":  {result(0xD1, ksn, object(Track1, hex.EncodeToString([]byte("B4111111111111111^DOE^3012")))), true},
	} {
		r, err := ParseResult(c.data)
		if err != nil || r.Clear() != c.want {
			t.Errorf("%s: clear %v, %v", name, r.Clear(), err)
		}
	}
}

func TestShown(t *testing.T) {
	for text, want := range map[string]string{
		maskedTrack:                          ";411111******1111=3012*************?",
		"411111CCCCCC1111D3012CCCCCCCCCCFFF": ";411111******1111=3012**********?",
		hex.EncodeToString([]byte(";411111******1111=3012****?")): ";411111******1111=3012****?",
		"EEEEEEEEEEEE1111": ";************1111?",
		"":                 "",
	} {
		r, err := ParseResult(result(0xC1, TLV{MaskedTrack2, unhex(t, text)}))
		if err != nil || r.Shown() != want {
			t.Errorf("%s: %s, %v", text, r.Shown(), err)
		}
	}
	r := Result{MaskedPAN: unhex(t, "411111CCCCCC1111")}
	if r.Shown() != ";411111******1111?" || r.Number() != "411111******1111" {
		t.Errorf("%s, %s", r.Shown(), r.Number())
	}
}

// TestExposed takes six and four digits and an expiry for masked, and one more for not.
func TestExposed(t *testing.T) {
	for text, want := range map[string]bool{
		maskedTrack:                        false,
		"4111111CCCCC1111D3012CCCCCCCCCCC": true,
		"411111CCCCCC1111D30121CCCCCCCCCC": true,
		packedTrack:                        true,
		packedNumber:                       true,
		"411111CCCCCC1111":                 false,
		hex.EncodeToString([]byte("411111******1111=3012****")):  false,
		hex.EncodeToString([]byte(";4111111111111111=3012***?")): true,
		"": false,
	} {
		for _, r := range []Result{{MaskedTrack2: unhex(t, text)}, {MaskedPAN: unhex(t, text)}} {
			if r.Exposed() != want || want && r.Shown() != "" {
				t.Errorf("%s: exposed %v, shown %s", text, r.Exposed(), r.Shown())
			}
		}
	}
}

// TestOpaque keeps neither name nor expiry, and what it keeps is a result again.
func TestOpaque(t *testing.T) {
	data := result(0xC1, TLV{KSN, make([]byte, 10)}, TLV{Track2, unhex(t, cipher24)}, TLV{Holder, []byte("DOE/JANE")}, TLV{Expiry, unhex(t, "301231")},
		TLV{MaskedTrack2, unhex(t, maskedTrack)}, TLV{0x9F26, []byte("ciphered")})
	r, err := ParseResult(data)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseResult(r.Opaque())
	if err != nil || !bytes.Equal(again.Track2, r.Track2) || again.Expiry != nil || bytes.Contains(r.Opaque(), []byte("DOE")) || !bytes.Equal(again.Opaque(), r.Opaque()) {
		t.Errorf("%x, %v", r.Opaque(), err)
	}
	for name, bad := range map[string]struct {
		data []byte
		want error
	}{"twice": {append(data, 0x57, 0), ErrTwice}, "cut": {data[:len(data)-1], ErrTLV}, "nothing": {nil, ErrTLV}} {
		if _, err := ParseResult(bad.data); !errors.Is(err, bad.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzDecoder sends anything, in one piece and cut anywhere, with junk before it: the same frames come, and nothing panics.
func FuzzDecoder(f *testing.F) {
	f.Add(append(ReplyFrame(Ping, OK), RequestFrame(Ping, PingSub)...), 3)
	f.Add(ReplyFrame(Activate, OK, result(0xC1, TLV{Track2, make([]byte, 24)})...), 20)
	f.Add([]byte("ViVOtech2\x00\x02\x00\xff\xff"), 1)
	f.Fuzz(func(t *testing.T, input []byte, at int) {
		whole, cut := &Decoder{}, &Decoder{}
		want := fmt.Sprint(feed(whole, input))
		at = max(0, min(len(input), at))
		if got := fmt.Sprint(append(feed(cut, input[:at]), feed(cut, input[at:])...)); got != want {
			t.Errorf("%s, cut %s", want, got)
		}
		whole.Quiet()
		if whole.Partial() {
			t.Error("something is left")
		}
		if Begins(input) && len(input) > 0 {
			f, n, err := Split(input)
			if n < 1 || n > len(input) || err == nil && len(f.Data) > MaxData {
				t.Errorf("%d of %d bytes, %v", n, len(input), err)
			}
		}
		if r, err := ParseResult(input); err == nil {
			_, _, _ = r.Shown(), r.Clear(), r.Entry()
			if again, err := ParseResult(r.Opaque()); err != nil || !bytes.Equal(again.Opaque(), r.Opaque()) {
				t.Errorf("what is kept reads otherwise: %v", err)
			}
		}
	})
}

// BenchmarkCard is what the answer with a card costs: its bytes one by one, its objects, and the look whether anything is in clear.
func BenchmarkCard(b *testing.B) {
	frame := ReplyFrame(Activate, OK, result(0xC1, TLV{KSN, make([]byte, 10)}, TLV{Track2, unhex(b, cipher24)}, TLV{PAN, unhex(b, cipher8)},
		TLV{MaskedTrack2, unhex(b, maskedTrack)}, TLV{Holder, []byte("DOE/JANE")}, TLV{Expiry, unhex(b, "301231")})...)
	var d Decoder
	b.ReportAllocs()
	b.SetBytes(int64(len(frame)))
	for b.Loop() {
		var ev Event
		for _, c := range frame {
			ev = d.Feed(c)
		}
		r, err := ParseResult(ev.Data)
		if err != nil || r.Clear() || r.Exposed() {
			b.Fatal(err)
		}
	}
}
