package codec

import "testing"

func TestText(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"ASCII", "Betrag 10,23", "Betrag 10,23"},
		{"CP437", "Gr\x81\xe1e \x8e\x99\x9a", "Grüße ÄÖÜ"},
		{"Latin-1", "Gr\xfc\xdfe \xc4", "Grüße Ä"},
		{"Latin-1 with one letter that is mathematics in CP437", "ung\xfcltig", "ungültig"},
		{"sharp s alone stays CP437", "Stra\xe1e", "Straße"},
		{"a drawn line stays a line", "\xc4\xc4\xc4\xc4", "────"},
		{"CP437 where one byte is no letter in Latin-1", "\xc4 \x84", "─ ä"},
		{"control characters", "a\r\nb\nc\x00\x1b\td  ", "a b c d"},
		{"leading blanks stay", "   12,00", "   12,00"},
		{"nothing", "\x00\x00", ""},
	} {
		if got := Text([]byte(c.in)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestEncodeText(t *testing.T) {
	if got := string(EncodeText("Grüße € ÿ")); got != "Gr\x81\xe1e ? \x98" {
		t.Errorf("%q", got)
	}
	for c := 0x80; c < 0xFF; c++ {
		r := []rune(cp437)[c-0x80]
		if got := EncodeText(string(r)); got[0] != byte(c) {
			t.Errorf("%02x came back as %02x", c, got[0])
		}
	}
}

func TestCharsets(t *testing.T) {
	for _, c := range []struct {
		set      Charset
		in, want string
	}{
		{CP437, "Gr\x81\xe1e", "Grüße"}, {ASCII, "10,23 EUR", "10,23 EUR"}, {ASCII, "Gr\x81\xe1e", "Grüße"}, {Latin1, "\xc4\xc4\xc4\x9f", "ÄÄÄ"},
		{Latin9, "10 \xa4 \xa6\xa8\xb4\xb8\xbc\xbd\xbe\xfc", "10 € ŠšŽžŒœŸü"}, {UTF8, "10 €\r\n", "10 €"}, {UTF8, "Gr\xfc\xdfe", "Grüße"},
	} {
		if got := c.set.Text([]byte(c.in)); got != c.want {
			t.Errorf("set %d: %q, want %q", c.set, got, c.want)
		}
		if got, ok := CharsetOf(c.set.Code()); !ok || got != c.set {
			t.Errorf("set %d has the code of %d", c.set, got)
		}
	}
	if got, ok := CharsetOf(0x07); ok || got != CP437 {
		t.Errorf("a set that nobody reads is %d", got)
	}
}
