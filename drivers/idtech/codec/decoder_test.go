package codec

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// golden is a swipe of a well-known test number by a reader with the public test key, computed by hand from the papers.
const golden = "027C00801700250082923B3431313131312A2A2A2A2A2A313131313D333031322A2A2A2A2A2A2A2A2A2A2A2A2A3F2A" +
	"4BA6C791EB7DC3EFBFDF8F6924F4572796CE359AE95FFEE014746B2227017F8F141D43165369FDBB" +
	"FAA2690A0556629F18196A05D38DBFAA77701DE5" + "53494D30303030303031" + "FFFF9876543210E00001" + "692D03"

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// events feeds bytes and puts what they complete into words.
func events(d *Decoder, input []byte) string {
	var words []string
	tell := func(e Event) {
		switch e.Kind {
		case 0:
		case Swipe:
			words = append(words, fmt.Sprintf("swipe of %d", len(e.Data)))
		case Reply:
			words = append(words, fmt.Sprintf("reply %x", e.Data))
		case Done:
			words = append(words, "done")
		case Refusal:
			words = append(words, fmt.Sprintf("refusal %x", e.Code))
		case InClear:
			words = append(words, "in clear")
		case Bad:
			words = append(words, fmt.Sprint("bad: ", e.Err))
		}
	}
	for _, b := range input {
		tell(d.Feed(b))
	}
	tell(d.Quiet())
	return strings.Join(words, ", ")
}

func TestDecoder(t *testing.T) {
	swipe := string(unhex(t, golden))
	reply := "\x06\x02\x4C\x01\x31\x03\x7D"
	for _, c := range []struct {
		name, input, want string
		asked             bool
	}{
		{"swipe", swipe, "swipe of 124", false},
		{"two", swipe + swipe, "swipe of 124, swipe of 124", false},
		{"reply before a swipe", reply + swipe, "reply 4c0131, swipe of 124", true},
		{"done before a swipe", "\x06" + swipe, "done, swipe of 124", false},
		{"two settings", "\x06\x02\x4C\x01\x31\x7E\x01\x33\x03\x31", "reply 4c01317e0133", true},
		{"03 as a value", "\x06\x02\x49\x01\x03\x03\x4A", "reply 490103", true},
		{"06 that answers nothing", "\x06\x15", "refusal 15", true},
		{"refusals", "\x15\x16\x17\x18", "refusal 15, refusal 16, refusal 17, refusal 18", false},
		{"junk before a swipe", "\xFF\x00\x03" + swipe, "swipe of 124", false},
		{"a 02 too much", "\x02" + swipe, "swipe of 124", false},
		{"two of them", "\x02\x02" + swipe, "bad: " + ErrTruncated.Error(), false}, // 02 02 02 is a swipe of 514 bytes, which never come
		{"wrong LRC", swipe[:127] + "\x68" + swipe[128:], "bad: " + ErrCheck.Error(), false},
		{"wrong sum", swipe[:128] + "\x2C" + swipe[129:], "bad: " + ErrCheck.Error(), false},
		{"wrong end", swipe[:129] + "\x04", "bad: " + ErrCheck.Error(), false},
		{"behind a bad one", swipe[:129] + "\x04" + swipe, "bad: " + ErrCheck.Error(), false},
		{"wrong check of a reply", "\x06\x02\x4C\x01\x31\x03\x7E", "bad: " + ErrReply.Error(), true},
		{"endless reply", "\x06\x02" + strings.Repeat("\x4C\xFF"+strings.Repeat("1", 255), 3), "bad: " + ErrReply.Error(), true},
		{"cut", swipe[:50], "bad: " + ErrTruncated.Error(), false},
		{"without its begin", swipe[1:], "refusal 17, refusal 16, refusal 18", false},
		{"tracks in clear", "%B4111111111111111^DOE/JANE^3012?;4111111111111111=3012?\r", "in clear", false},
		{"track 2 in clear", ";4111111111111111=30121010000000000?\r", "in clear", false},
		{"a short one in clear", ";0042=9912?\r", "in clear", false},
		{"one without an end", ";4111111111111111=3012\r", "in clear", false},
		{"one that is cut", ";41111111111111", "in clear", false},
		{"masked", ";411111******1111=3012****?*\r", "", false},
		{"not read", "%E?;E?\r", "bad: <nil>, bad: <nil>", false},
		{"a swipe behind half a text", ";41" + swipe, "swipe of 124", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &Decoder{Asked: c.asked}
			if got := events(d, []byte(c.input)); got != c.want {
				t.Errorf("%s\nnot\n%s", got, c.want)
			}
			if d.Partial() {
				t.Error("something is left")
			}
		})
	}
}

// TestDecoderWipes looks into the buffer: what was handed out is gone with the next byte, and what is given up at once.
func TestDecoderWipes(t *testing.T) {
	swipe := unhex(t, golden)
	d := &Decoder{}
	var got Event
	for _, b := range swipe {
		got = d.Feed(b)
	}
	if got.Kind != Swipe || !bytes.Equal(got.Data, swipe[3:127]) {
		t.Fatalf("%+v", got)
	}
	d.Feed(0)
	if bytes.Contains(d.buf[:], []byte("411111")) || bytes.Contains(got.Data, []byte("411111")) {
		t.Error("a swipe stays in the buffer")
	}
	for _, input := range []string{string(swipe[:60]), ";4111111111111111=3012?", ";4111111111111111=30", string(swipe[:127]) + "\x00\x00\x00"} {
		d := &Decoder{}
		for _, b := range []byte(input) {
			d.Feed(b)
		}
		if d.Quiet(); strings.Trim(string(d.buf[:]), "\x00") != "" {
			t.Errorf("%.10q stays", input)
		}
	}
}

// TestCardDataIsTheReverse puts cards together again that were cut into fields.
func TestCardDataIsTheReverse(t *testing.T) {
	data := unhex(t, golden)[3:127]
	card, err := ParseCard(data)
	if err != nil {
		t.Fatal(err)
	}
	if got := CardData(&card, [3]int{0, 37, 0}); !bytes.Equal(got, data) {
		t.Errorf("%x\nnot\n%x", got, data)
	}
}

// TestFields cuts cards of all forms, whose fields are told by their bytes alone, and refuses each when a byte is missing or too much.
func TestFields(t *testing.T) {
	field := func(c byte, n int) []byte { return bytes.Repeat([]byte{c}, n) }
	three := [3]int{9, 17, 3}
	for name, want := range map[string]Card{
		"all three, TDES": {Type: 0x80, Status: 0x3F, F8: 0x87, F9: 0xBF, Shown: [3][]byte{field('a', 9), field('b', 17), field('c', 3)},
			Encrypted: [3][]byte{field('A', 16), field('B', 24), field('C', 8)}, Hash: [3][]byte{field('1', 20), field('2', 20), field('3', 20)},
			Serial: field('s', 10), KSN: field('k', 10)},
		"AES with a session": {Type: 0x80, Status: 0x3F, F8: 0x90, F9: 0xC7, Encrypted: [3][]byte{field('A', 16), field('B', 32), field('C', 16)},
			Session: field('x', 8), Serial: field('s', 10), KSN: field('k', 10)},
		"with options": {Type: 0x83, Status: 0x7F, F8: 0x02, F9: 0x82, Options: []byte{0, 7}, Shown: [3][]byte{1: field('b', 17)},
			Encrypted: [3][]byte{1: field('B', 24)}, KSN: field('k', 10)},
		"hashes by SHA-256": {Type: 0x80, Status: 0x57, F8: 0x82, F9: 0x92, Options: []byte{1}, Shown: [3][]byte{1: field('b', 17)},
			Encrypted: [3][]byte{1: field('B', 24)}, Hash: [3][]byte{1: field('2', 32)}, Serial: field('s', 10), KSN: field('k', 10)},
		"SHA-256 in twenty bytes": {Type: 0x80, Status: 0x57, F8: 0x82, F9: 0x92, Options: []byte{1}, Shown: [3][]byte{1: field('b', 17)},
			Encrypted: [3][]byte{1: field('B', 24)}, Hash: [3][]byte{1: field('2', 20)}, Serial: field('s', 10), KSN: field('k', 10)},
		"original": {Type: 0x00, Status: 0x3F, Shown: [3][]byte{field('a', 9), field('b', 17), field('c', 3)}, Both: field('B', 32),
			Hash: [3][]byte{field('1', 20), field('2', 20)}, KSN: field('k', 10)},
	} {
		t.Run(name, func(t *testing.T) {
			data := CardData(&want, three)
			got, err := ParseCard(data)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%+v, %v\nnot\n%+v", got, err, want)
			}
			if _, err := ParseCard(append(bytes.Clone(data), 0)); !errors.Is(err, ErrFields) {
				t.Errorf("a byte too much: %v", err)
			}
			for n := range data {
				inClear := want.Type == 0 && n == 34 // an original card without ciphertext
				shortHash := len(want.Hash[1]) == longHash && n == len(data)-longHash+hashSize
				if _, err := ParseCard(data[:n]); err == nil && !inClear && !shortHash {
					t.Errorf("%d of %d bytes are taken", n, len(data))
				}
			}
		})
	}
}

// TestFixedKey knows readers with one key by their flag, and older ones by the serial number in the place of the key serial number.
func TestFixedKey(t *testing.T) {
	for ksn, want := range map[string]bool{"SIM00000\x00\x00": true, "SIM00001\x00\x00": false, "\xFF\xFF\x98\x76\x54\x32\x10\xE1\x00\x00": false, "": false} {
		if got := (&Card{Serial: []byte("SIM0000009"), KSN: []byte(ksn)}).FixedKey(); got != want {
			t.Errorf("%q: %v", ksn, got)
		}
	}
	if c := (Card{F8: 0x08}); !c.FixedKey() {
		t.Error("the flag does not count")
	}
}

func TestFrames(t *testing.T) {
	for want, got := range map[string][]byte{
		"02 52 7E 03 2D":       RequestFrame(Review, SecurityLevel),
		"02 49 03 48":          RequestFrame(Reset),
		"02 53 85 01 31 03 E7": SetFrame(Enhanced, '1'),
		"06 02 4C 01 31 03 7D": ReplyFrame(Setting{Encryption, []byte("1")}),
		golden:                 SwipeFrame(unhex(t, golden)[3:127]),
	} {
		if !bytes.Equal(got, unhex(t, want)) {
			t.Errorf("% X, want %s", got, want)
		}
	}
	for _, whole := range []string{"02 52 7E 03 2D", "02 53 85 01 31 03 E7"} {
		b := unhex(t, whole)
		if f, ok := WholeRequest(b); !ok || f.Code != b[1] {
			t.Errorf("%s: %+v", whole, f)
		}
		for n := range b {
			if _, ok := WholeRequest(b[:n]); ok {
				t.Errorf("%s is whole after %d bytes", whole, n)
			}
		}
	}
}

// FuzzDecoder feeds anything: no swipe is told whose checks are wrong, and it does not matter where the bytes were split.
func FuzzDecoder(f *testing.F) {
	f.Add(unhex(f, golden), false)
	f.Add([]byte("\x06\x02\x4C\x01\x31\x03\x7D"), true)
	f.Add([]byte("%B4111111111111111^DOE/JANE^3012?;4111111111111111=3012?\r"), false)
	f.Add([]byte("\x02\x07\x00\x80\x00\x00\x00\x00\x00\x00\x80\x80\x03"), false)
	f.Fuzz(func(t *testing.T, input []byte, asked bool) {
		d := &Decoder{Asked: asked}
		for i, b := range input {
			e := d.Feed(b)
			if e.Kind == Swipe && !bytes.HasSuffix(input[:i+1], SwipeFrame(e.Data)) {
				t.Errorf("a swipe that nobody sent: %x", e.Data)
			}
			if e.Kind == Swipe {
				_, _ = ParseCard(e.Data)
			}
			if e.Kind == Reply && !errors.Is(e.Err, nil) {
				t.Error(e.Err)
			}
		}
		if d.Quiet(); d.Partial() {
			t.Error("partial after silence")
		}
	})
}

func BenchmarkSwipe(b *testing.B) {
	frame := unhex(b, golden)
	d := &Decoder{}
	b.ReportAllocs()
	for b.Loop() {
		for _, c := range frame {
			if e := d.Feed(c); e.Kind == Swipe {
				if _, err := ParseCard(e.Data); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
}
