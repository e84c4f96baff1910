package zvtsim

import "testing"

// TestMessageIDs counts with a scripted till: its commands and ours have one counter, answers repeat, and what comes again is answered again.
func TestMessageIDs(t *testing.T) {
	play(t, Options{MessageIDs: true, Stream: true}, func(c *till) {
		c.says("06 00 12 00 00 00 08 09 78 03 01 06 08 1F 73 03 00 00 00 14 00")
		c.expects("80 00 00")
		m := c.hears()
		if raw, _ := m.Marshal(); string(raw[len(raw)-8:]) != string(unhex("06 06 1F 73 03 00 00 00")) {
			t.Fatalf("the completion is % x", raw)
		}
		c.says("80 00 00")
		c.says("05 01 08 06 06 1F 73 03 00 00 01")
		c.numbered(0x80, 1)
		c.numbered(0x06, 2)
		c.says("05 01 08 06 06 1F 73 03 00 00 01") // the same again: the same answer, and no second end
		c.numbered(0x80, 1)
		c.says("80 00 08 06 06 1F 73 03 00 00 02")
		c.says("06 01 12 04 00 00 00 00 10 23 49 09 78 06 06 1F 73 03 00 00 03")
		c.numbered(0x80, 3)
		for id := byte(4); ; id++ {
			m := c.hears()
			if got := m.Data[len(m.Data)-1]; got != id {
				t.Fatalf("% x has id %d, want %d", m.Data, got, id)
			}
			c.says("80 00 08 06 06 1F 73 03 00 00 02") // an old answer
			c.says("80 00 08 06 06 1F 73 03 00 00 0" + string('0'+id))
			if m.Is(0x06, 0x0F) {
				break
			}
		}
		c.holds(1, 1023)
	})
}

// numbered hears a message of a class with an id at its end.
func (c *till) numbered(class, id byte) {
	c.t.Helper()
	m := c.hears()
	if n := len(m.Data); m.Class != class || n < 8 || string(m.Data[n-8:n-1]) != string(unhex("06 06 1F 73 03 00 00")) || m.Data[n-1] != id {
		c.t.Fatalf("the terminal sent %s % x, want id %d", name(m), m.Data, id)
	}
}
