package payload_test

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/qr/payload"
)

// roots draws objects of a root in any order, without those that Parse reads itself.
func roots(t *rapid.T) []payload.Object {
	taken := map[string]bool{}
	var objects []payload.Object
	for range rapid.IntRange(0, 12).Draw(t, "objects") {
		n := rapid.IntRange(1, 99).Filter(func(n int) bool { return n < 53 || n > 57 && n != 63 }).Draw(t, "id")
		id := strconv.Itoa(n/10) + strconv.Itoa(n%10)
		if taken[id] {
			continue
		}
		taken[id] = true
		if n >= 26 && n <= 51 || n == 62 {
			objects = append(objects, payload.Template(id, payload.Of("00", text(t, 20)), payload.Of("05", text(t, 20)), payload.Of("99", text(t, 40))))
		} else {
			objects = append(objects, payload.Of(id, text(t, 99)))
		}
	}
	return objects
}

func text(t *rapid.T, most int) string {
	return rapid.StringOfN(rapid.Rune().Filter(func(r rune) bool { return r != 0xFFFD }), 1, most, -1).Draw(t, "text")
}

func TestWhatIsEncodedIsParsed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		objects := roots(t)
		encoded, err := payload.Encode(append([]payload.Object{payload.Of("00", "01")}, objects...)...)
		if err != nil {
			t.Skip("values that walk as objects by chance, one of them twice")
		}
		tree, err := payload.Parse(encoded)
		if err != nil {
			t.Fatal(err)
		}
		if tree.Unit != payload.Characters || tree.Encode() != encoded || len(tree.Objects) != len(objects)+2 {
			t.Fatalf("%q became %q", encoded, tree.Encode())
		}
		at := 0
		for i, o := range tree.Objects {
			if o.Offset != at || encoded[at:at+2] != o.ID || encoded[at+2:at+4] != o.Length {
				t.Fatalf("object %d at %d: %+v", i, at, o)
			}
			at += 4 + len(o.Value)
			if i > 0 && i <= len(objects) && objects[i-1].Value != "" && o.Value != objects[i-1].Value {
				t.Fatalf("object %s: %q became %q", o.ID, objects[i-1].Value, o.Value)
			}
			if inner, ok := o.Children(); ok {
				checkInner(t, o, inner)
			}
		}
	})
}

// checkInner holds the offsets of a template's objects against its own.
func checkInner(t *rapid.T, o payload.Object, inner []payload.Object) {
	at := o.Offset + 4
	for _, c := range inner {
		if c.Offset != at || !strings.HasPrefix(c.Path, o.ID+"-") {
			t.Fatalf("in %s: %+v stands at %d", o.ID, c, at)
		}
		at += 4 + len(c.Value)
	}
	if at != o.Offset+4+len(o.Value) {
		t.Fatalf("in %s: %d bytes are lost", o.ID, o.Offset+4+len(o.Value)-at)
	}
}

// Any change of one byte of a payload is seen, or changes nothing.
func TestAnyChangedByteIsSeen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := rapid.SampledFrom(slices.DeleteFunc(goldens(), func(g golden) bool { return g.want[:2] != "00" })).Draw(t, "code")
		changed := []byte(g.want)
		at := rapid.IntRange(0, len(changed)-1).Draw(t, "at")
		changed[at] ^= byte(rapid.IntRange(1, 255).Draw(t, "bits"))
		tree, err := payload.Parse(string(changed))
		if err == nil && !strings.EqualFold(tree.Encode(), g.want) {
			t.Fatalf("%q passed for %q", changed, g.want)
		}
	})
}

// Whatever the money, a code asks for exactly that.
func TestEveryAmountComesBack(t *testing.T) {
	examples := map[string]golden{}
	for _, g := range goldens() {
		examples[g.name] = g
	}
	rapid.Check(t, func(t *rapid.T) {
		g := rapid.SampledFrom(goldens()).Draw(t, "scheme")
		g.amount.Amount = pos.Minor(rapid.Int64Range(1, 99_999_999_999).Draw(t, "amount"))
		if g.reference == reference {
			g.reference = payload.Reference("till-1", rapid.Uint64().Draw(t, "counter"))
		}
		s, _ := payload.Find(g.scheme)
		encoded, err := s.Encode(g.values, g.amount, g.reference)
		if err != nil {
			t.Fatal(err)
		}
		sum, err := payload.Read(encoded)
		if err != nil || *sum.Amount != g.amount.Amount || sum.Currency != g.amount.Currency || !strings.HasSuffix(sum.Reference, g.reference) && g.scheme != "swiss" {
			t.Fatalf("%q: %+v, %v", encoded, sum, err)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, g := range goldens() {
		f.Add([]byte(g.want))
	}
	for _, seed := range []string{"", "00020", "000201590063041D0F", sealed("00020162050501A"), sealed("000201800400AB"), "|1\r2\r3\r4", "weixin://x", "BCD\n", "SPC\n", "upi://pay?"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		tree, err := payload.Parse(string(in))
		if trimmed := strings.Trim(string(in), " \t\r\n"); err == nil && tree.Encode() != trimmed {
			t.Errorf("%q encodes to %q", trimmed, tree.Encode())
		}
		for _, d := range payload.Decode(in) {
			if d.OK == (d.Error != "") || d.OK == (d.Name == "") || d.Frame != hex.EncodeToString(in) {
				t.Errorf("%+v", d)
			}
		}
		rewriteNeverChangesMore(t, in)
	})
}

// rewriteNeverChangesMore lets any input be a template.
func rewriteNeverChangesMore(t *testing.T, in []byte) {
	s, _ := payload.Find("template")
	for _, c := range []pos.Currency{"THB", "HKD", "BRL"} {
		out, err := s.Encode(map[string]string{"template": string(in)}, pos.Money{Amount: 1, Currency: c}, reference)
		if err == nil && !bytes.Contains([]byte(out), []byte("54040.01")) {
			t.Errorf("%q became %q", in, out)
		}
	}
}
