package codec

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/drivers/stx"
)

func ecuador() Form { return Form{Frame: stx.BCD, Field: stx.Binary, Open: true} }

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The first two are the worked examples of the protocol's description; the others were computed by hand from its rules.
func TestGoldenFrames(t *testing.T) {
	for _, c := range []struct {
		form    Form
		message Message
		frame   string
	}{
		{Usual(), Message{Direction: Request, Code: "20", Fields: []Field{Text("40", Amount(1990))}},
			"02 0035 36303030303030303030 31303230303030 1C 3430 0012 303030303030303031393930 1C 03 14"},
		{Usual(), Message{Direction: Request, Code: "26", Fields: []Field{Text("65", "000417")}},
			"02 0029 36303030303030303030 31303236303030 1C 3635 0006 303030343137 1C 03 1E"},
		{Usual(), Message{Direction: Answer, Code: "FF", Response: "CP"},
			"02 0018 36303030303030303030 31314646435030 1C 03 22"},
		{ecuador(), Message{Direction: Request, Code: "20", Fields: []Field{Text("40", Amount(1990)), Text("09", "1")}},
			"02 0040 36303030303030303030 31303230303030 1C 3430 000C 303030303030303031393930 1C 3039 0001 31 03 46"},
		{Usual(), Message{Destination: "0001", Source: "0002", Direction: Notice, Code: "61", More: true, Fields: []Field{Text("62", "")}},
			"02 0023 36303030303130303032 31323631303031 1C 3632 0000 1C 03 14"},
	} {
		payload := c.form.Payload(c.message)
		want := unhex(t, c.frame)
		if got := c.form.Rules().Frame(payload); !bytes.Equal(got, want) {
			t.Errorf("%+v: % x, not % x", c.message, got, want)
		}
		back, err := c.form.Parse(want[3 : len(want)-2])
		if err != nil || !bytes.Equal(c.form.Payload(back), payload) {
			t.Errorf("% x: %+v, %v", want, back, err)
		}
	}
}

// body is headers and what follows them.
func body(rest string) []byte { return []byte("6000000000" + "1120000" + "\x1C" + rest) }

func TestParseKeepsWhatItCanRead(t *testing.T) {
	for _, c := range []struct {
		name, rest string
		form       Form
		err        error
		fields     string
	}{
		{"a field", "40\x00\x12000000001990\x1C", Usual(), nil, `40="000000001990"`},
		{"separators and control bytes inside", "19\x00\x06\x02\x03\x1C\x06\x15\x1C\x1C65\x00\x06000417\x1C", Usual(), nil,
			`19="\x02\x03\x1c\x06\x15\x1c" 65="000417"`},
		{"an empty field", "19\x00\x00\x1C39\x00\x0200\x1C", Usual(), nil, `19="" 39="00"`},
		{"nothing behind the last one", "39\x00\x0200", Usual(), nil, `39="00"`},
		{"repeated ones keep their order", "D3\x00\x01A\x1C16\x00\x011\x1CD3\x00\x01B\x1C16\x00\x012\x1C", Usual(), nil, `D3="A" 16="1" D3="B" 16="2"`},
		{"a length beyond the body", "39\x00\x0200\x1C65\x00\x99000417\x1C", Usual(), ErrField, `39="00"`},
		{"a length that is no number", "39\x00\x0200\x1C65\x00\x0A0004170000\x1C", Usual(), ErrLength, `39="00"`},
		{"a length too short", "39\x00\x0200\x1C65\x00\x04000417\x1C40\x00\x12000000001990\x1C", Usual(), ErrSplit, `39="00"`},
		{"a cut field", "39\x00\x0200\x1C65\x00", Usual(), ErrField, `39="00"`},
		{"binary lengths", "D0\x00\x0Aabcdefghij\x1C39\x00\x0200", ecuador(), nil, `D0="abcdefghij" 39="00"`},
	} {
		payload := body(c.rest)
		m, err := c.form.Parse(payload)
		var fields []string
		for _, f := range m.Fields {
			fields = append(fields, fmt.Sprintf("%s=%q", f.Code, f.Data))
			if !bytes.Equal(payload[f.At:f.At+len(f.Data)], f.Data) {
				t.Errorf("%s: field %s does not stand at %d", c.name, f.Code, f.At)
			}
		}
		if got := strings.Join(fields, " "); !errors.Is(err, c.err) || got != c.fields || m.Code != "20" || m.Response != "00" || m.Direction != Answer {
			t.Errorf("%s: %s, %v", c.name, got, err)
		}
	}
}

func TestParseWantsHeaders(t *testing.T) {
	for _, bad := range []string{"", "60", "6000000000112000", "5000000000" + "1120000\x1C", "60000000\x00\x001120000\x1C", "0200|4990|K7Q2M9|||1|"} {
		if m, err := Usual().Parse([]byte(bad)); !errors.Is(err, ErrHeader) || m.Fields != nil {
			t.Errorf("%q: %+v, %v", bad, m, err)
		}
	}
	if m, err := Usual().Parse([]byte("6000000000" + "11FFCP0")); err != nil || m.Code != "FF" || m.Response != "CP" {
		t.Errorf("headers alone: %+v, %v", m, err)
	}
	if m, err := Usual().Parse([]byte("6000000000" + "11FFCP0" + "4")); !errors.Is(err, ErrSplit) || m.Code != "FF" {
		t.Errorf("no separator behind the headers: %+v, %v", m, err)
	}
}

func TestGroups(t *testing.T) {
	m, err := Usual().Parse(body("02\x00\x02OK\x1CD3\x00\x01A\x1C80\x00\x011\x1CD3\x00\x01B\x1C80\x00\x012\x1C81\x00\x013\x1C"))
	if err != nil {
		t.Fatal(err)
	}
	head, groups := m.Groups()
	if len(head) != 1 || head[0].Code != "02" || len(groups) != 2 || len(groups[0]) != 2 || len(groups[1]) != 3 || string(groups[1][0].Data) != "B" {
		t.Errorf("%+v; %+v", head, groups)
	}
	if head, groups := (Message{Fields: m.Fields[:3]}).Groups(); len(head) != 3 || groups != nil {
		t.Errorf("nothing repeats: %+v; %+v", head, groups)
	}
	if !m.Has("81") || m.Has("99") || m.Get("99") != nil || m.Text("02") != "OK" {
		t.Error("what is there is not found")
	}
}

func TestTotals(t *testing.T) {
	for _, c := range []struct {
		data  string
		count int
		minor int64
		ok    bool
	}{
		{"0003000000005970", 3, 5970, true},
		{"00030000000000005970", 3, 5970, true}, // the four digits more belong to the amount
		{"00000003000000005970", 3, 5970, true}, // or to the count
		{"00000000000000000000", 0, 0, true},
		{"00010001000000005970", 0, 0, false}, // nobody can tell
		{"000300000000597", 0, 0, false},
		{"0003 00000005970", 0, 0, false},
		{"", 0, 0, false},
	} {
		if count, minor, ok := ReadTotal([]byte(c.data)); count != c.count || minor != c.minor || ok != c.ok {
			t.Errorf("%q: %d, %d, %v", c.data, count, minor, ok)
		}
	}
	for _, width := range []int{ShortTotal, LongTotal} {
		if n, minor, ok := ReadTotal([]byte(Total(width, 12, 123456))); n != 12 || minor != 123456 || !ok {
			t.Errorf("%d: %d, %d, %v", width, n, minor, ok)
		}
		if got := Total(width, 1_000_000, 1<<60); len(got) != width {
			t.Errorf("%q does not fit", got)
		}
	}
}

func TestAmounts(t *testing.T) {
	if got := Amount(1990); got != "000000001990" {
		t.Error(got)
	}
	for data, want := range map[string]int64{"000000001990": 1990, "      001990": 1990, "0": 0} {
		if got, ok := ReadAmount([]byte(data)); !ok || got != want {
			t.Errorf("%q: %d, %v", data, got, ok)
		}
	}
	for _, data := range []string{"", "            ", "0000000001990", "00000000-990", "19.90"} {
		if _, ok := ReadAmount([]byte(data)); ok {
			t.Errorf("%q is an amount", data)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(body("40\x00\x12000000001990\x1C"), true)
	f.Add(body("40\x00\x0C000000001990"), false)
	f.Add(body("65\x00\x99000417\x1C"), true)
	f.Add([]byte("6000000000"), true)
	f.Fuzz(func(t *testing.T, payload []byte, usual bool) {
		form := Usual()
		if !usual {
			form = ecuador()
		}
		m, err := form.Parse(payload)
		if len(m.Fields) > len(payload) {
			t.Fatal("fields out of nothing")
		}
		m.Groups()
		for _, field := range m.Fields {
			_, _ = ReadAmount(field.Data)
			_, _, _ = ReadTotal(field.Data)
		}
		if again, other := form.Parse(form.Payload(m)); err == nil && (other != nil || len(again.Fields) != len(m.Fields)) {
			t.Fatalf("%+v is not %+v: %v", again, m, other)
		}
	})
}
