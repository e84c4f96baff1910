package codec

import (
	"bytes"
	"errors"
	"testing"
)

func TestAPDU(t *testing.T) {
	long := make([]byte, 255)
	for _, c := range []struct {
		name string
		in   APDU
		want []byte
	}{
		{"empty", APDU{0x80, 0x00, nil}, []byte{0x80, 0, 0}},
		{"254 bytes are short", APDU{6, 0xD1, long[:254]}, append([]byte{6, 0xD1, 0xFE}, long[:254]...)},
		{"255 bytes are long, low byte first", APDU{6, 0xD3, long}, append([]byte{6, 0xD3, 0xFF, 0xFF, 0x00}, long...)},
	} {
		got, err := c.in.Marshal()
		if err != nil || !bytes.Equal(got, c.want) {
			t.Errorf("%s: % x, %v", c.name, got, err)
		}
		back, err := Parse(got)
		if err != nil || back.Class != c.in.Class || back.Instr != c.in.Instr || !bytes.Equal(back.Data, c.in.Data) {
			t.Errorf("%s: parsed %+v, %v", c.name, back, err)
		}
	}
	if _, err := (APDU{Data: make([]byte, MaxData+1)}).Marshal(); !errors.Is(err, ErrTooLong) {
		t.Errorf("too long: %v", err)
	}
	if _, err := (APDU{Data: make([]byte, MaxData+1)}).MarshalLong(); !errors.Is(err, ErrTooLong) {
		t.Errorf("too long: %v", err)
	}
	if b, err := (APDU{0x84, 0x83, []byte{1}}).MarshalLong(); err != nil || !bytes.Equal(b, []byte{0x84, 0x83, 0xFF, 1, 0, 1}) {
		t.Errorf("long form of short data: % x, %v", b, err)
	}
}

func TestAPDUMeaning(t *testing.T) {
	for _, c := range []struct {
		a                       APDU
		reply, accepts, refuses bool
	}{
		{APDU{0x80, 0x00, nil}, true, true, false},
		{APDU{0x84, 0x00, nil}, true, true, false},
		{APDU{0x84, 0x9C, nil}, true, false, true},
		{APDU{0x80, 0x01, nil}, true, false, false},
		{APDU{0x06, 0x0F, nil}, false, false, false},
	} {
		if c.a.Reply() != c.reply || c.a.Accepts() != c.accepts || c.a.Refuses() != c.refuses {
			t.Errorf("%02x %02x: %v %v %v", c.a.Class, c.a.Instr, c.a.Reply(), c.a.Accepts(), c.a.Refuses())
		}
	}
}

func TestBCD(t *testing.T) {
	if b, err := BCD(1023, 6); err != nil || !bytes.Equal(b, []byte{0, 0, 0, 0, 0x10, 0x23}) {
		t.Errorf("% x, %v", b, err)
	}
	if _, err := BCD(1_000_000_000_000, 6); err == nil {
		t.Error("thirteen digits fit into six bytes")
	}
	if n, err := ParseBCD([]byte{0x99, 0x99, 0x99, 0x99, 0x99, 0x99}); err != nil || n != 999_999_999_999 {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := ParseBCD([]byte{0x1A}); !errors.Is(err, ErrBCD) {
		t.Errorf("digit A: %v", err)
	}
	if _, err := ParseBCD(make([]byte, 10)); !errors.Is(err, ErrTooLong) {
		t.Errorf("ten bytes: %v", err)
	}
}

func TestParseFields(t *testing.T) {
	cases := []struct {
		name, data string
		tags       []BMP
		rest       string
		err        error
	}{
		{"every format", "04 000000001023 22 F0F2 12EE 3C F0F0F1 41 06 03 1F1201 27 00", []BMP{Amount, PAN, AdditionalText, Container, ResultCode}, "", nil},
		{"unknown BMP keeps the rest", "27 00 B7 01 02 04", []BMP{ResultCode}, "b7010204", nil},
		{"cut off fixed", "27 6C 04 00 00", []BMP{ResultCode}, "040000", ErrTruncated},
		{"cut off LLVAR", "22 F0 F4 12", nil, "22f0f412", ErrTruncated},
		{"cut off LLVAR length", "22 F0", nil, "22f0", ErrTruncated},
		{"high nibble not F", "22 10 F1 00", nil, "2210f100", ErrBCD},
		{"low nibble not a digit", "3C F0 F0 FA", nil, "3cf0f0fa", ErrBCD},
		{"length form 80", "06 80 00", nil, "068000", ErrTLV},
		{"length form 83", "06 83 000001 00", nil, "068300000100", ErrTLV},
		{"length form 82 cut off", "06 82 00", nil, "068200", ErrTruncated},
		{"no data", "", nil, "", nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			fields, rest, err := ParseFields(unhex(t, c.data))
			if !errors.Is(err, c.err) || !bytes.Equal(rest, unhex(t, c.rest)) || len(fields) != len(c.tags) {
				t.Fatalf("%+v, rest % x, %v", fields, rest, err)
			}
			for i, f := range fields {
				if f.BMP != c.tags[i] {
					t.Errorf("field %d is %02x", i, f.BMP)
				}
			}
		})
	}
}

func TestFieldsRead(t *testing.T) {

	fields, _, err := ParseFields(unhex(t, "04 000000001023 27 6C 0B AAAAAA 06 0A 2F 08 1F10 01 02 1F11 01 00 8A 02"))
	if err != nil {
		t.Fatal(err)
	}
	if n, ok := fields.Number(Amount); !ok || n != 1023 {
		t.Errorf("amount %d %v", n, ok)
	}
	if _, ok := fields.Number(Trace); ok {
		t.Error("a trace of letters is a number")
	}
	if _, ok := fields.Number(ReceiptNo); ok {
		t.Error("a missing field is a number")
	}
	if b, ok := fields.Byte(ResultCode); !ok || b != 0x6C {
		t.Errorf("result %02x %v", b, ok)
	}
	if b, ok := fields.TLV().Byte(TagOnline); !ok || b != 0 {
		t.Errorf("online %02x %v", b, ok)
	}
	if _, ok := fields.TLV().Find(TagEntry); ok {
		t.Error("found what is not there")
	}
}

func TestTLV(t *testing.T) {
	inner := AppendTLV(AppendTLV(nil, TagCardholder, []byte{2}), TagOnline, []byte{1})
	outer := AppendTLV(AppendTLV(nil, TagTextLine, []byte("hi")), TagTransaction, inner)
	if want := unhex(t, "07 02 6869 2F 08 1F10 01 02 1F11 01 01"); !bytes.Equal(outer, want) {
		t.Fatalf("% x\nwant % x", outer, want)
	}
	objects, err := ParseTLV(outer)
	if err != nil || len(objects) != 2 {
		t.Fatalf("%+v, %v", objects, err)
	}
	objects.Walk(func(o Object) bool {
		if !bytes.Equal(outer[o.At:o.At+len(o.Value)], o.Value) {
			t.Errorf("tag %x is not at %d", uint32(o.Tag), o.At)
		}
		return true
	})
	for _, n := range []int{0x7F, 0x80, 0xFF, 0x100, MaxData} {
		objects, err := ParseTLV(AppendTLV(nil, 0xDF01, make([]byte, n)))
		if err != nil || len(objects) != 1 || len(objects[0].Value) != n || objects[0].Tag != 0xDF01 {
			t.Errorf("length %d: %v", n, err)
		}
	}
	for _, bad := range []string{"1F", "1F 80 80 80 01", "07", "07 05 41", "07 80", "07 81", "07 83 00 00 01 00"} {
		if _, err := ParseTLV(unhex(t, bad)); !errors.Is(err, ErrTLV) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestTLVNestingIsBounded(t *testing.T) {
	var deep []byte
	for range 100 {
		deep = AppendTLV(nil, TagTransaction, deep)
	}
	objects, err := ParseTLV(deep)
	if err != nil {
		t.Fatal(err)
	}
	visits := 0
	objects.Walk(func(Object) bool { visits++; return true })
	if visits != maxDepth {
		t.Errorf("%d levels visited", visits)
	}
}

func TestBuilderErrors(t *testing.T) {
	for name, b := range map[string]*Builder{
		"amount of 13 digits": Build(6, 1).Number(Amount, 1_000_000_000_000),
		"fixed length":        Build(6, 1).Field(Amount, 1, 2),
		"LLVAR over 99":       Build(4, 0xF).Field(PAN, make([]byte, 100)...),
		"LLLVAR over 999":     Build(4, 0xF).Field(AdditionalText, make([]byte, 1000)...),
		"unknown BMP":         Build(4, 0xF).Field(0xB7, 1),
		"password":            Build(6, 0).Digits(1_000_000, 3),
		"container":           Build(6, 0xD3).TLV(make([]byte, MaxData+1)),
		"all in all":          Build(6, 0xD3).Raw(make([]byte, MaxData+1)...),
	} {
		if _, err := b.APDU(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestBuilderText(t *testing.T) {
	a, err := Build(4, 0xF).Text(AuthCode, "A1").Text(CardName, "Käse").Text(AdditionalText, "").APDU()
	if want := unhex(t, "3B 4131000000000000 8B F0F4 4B847365 3C F0F0F0"); err != nil || !bytes.Equal(a.Data, want) {
		t.Errorf("% x, %v", a.Data, err)
	}
}
