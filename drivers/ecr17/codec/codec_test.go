package codec

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/drivers/stx"
)

// The frames of the family's worked examples, byte by byte.
func TestGoldenBytes(t *testing.T) {
	status := New('s', AnyTerminal, 10)
	last := New('G', AnyTerminal, 22)
	last.Number(11, 18, 1)
	for _, c := range []struct {
		message Message
		scope   stx.Scope
		want    string
	}{
		{status, stx.PayloadETX, "02 30303030303030303073 03 3f"},
		{status, stx.STXPayloadETX, "02 30303030303030303073 03 3d"},
		{status, stx.PayloadOnly, "02 30303030303030303073 03 3c"},
		{status, stx.STXPayload, "02 30303030303030303073 03 3e"},
		{last, stx.PayloadETX, "02 303030303030303030473030303030303031 30303030 03 0a"},
	} {
		rules := Rules()
		rules.Scope = c.scope
		want, err := hex.DecodeString(strings.ReplaceAll(c.want, " ", ""))
		if got := rules.Frame(c.message); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %x, want %x", c.message, got, want)
		}
	}
}

func TestFields(t *testing.T) {
	m := New('X', "12345678", 40)
	if !m.Number(24, 31, 1023) || m.Number(24, 31, 1_000_000_00) || m.Number(38, 41, 1) {
		t.Error("a number that does not fit was taken, or one that fits was not")
	}
	m.Text(32, 37, "Li\xE8\x02e and more")
	if want := "123456780X000000000000000001023Li..e 000"; string(m) != want {
		t.Errorf("%s", m)
	}
	if got := m.At(32, 37); got != "Li..e " {
		t.Errorf("%q", got)
	}
	if got := m.At(24, 31); got != "00001023" {
		t.Errorf("%q", got)
	}
	if !m.Whole() || m.Code() != 'X' || m.At(39, 50) != "00" || m.At(41, 50) != "" {
		t.Errorf("%s", m)
	}
}
