package zvt

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"github.com/tillproof/tillproof/pos"
)

// Registrations with and without the wish for message ids, and the completion that echoes it.
const (
	wishesIDs = "06 00 16 00 00 00 BE 09 78 03 01 06 0C 26 04 0A 02 06 D3 1F 73 03 00 00 00"
	noIDs     = "06 00 10 00 00 00 BE 09 78 03 01 06 06 26 04 0A 02 06 D3"
	echoes    = "06 0F 0B 49 09 78 06 06 1F 73 03 00 00 00"
)

// agrees plays a registration with ids.
func (d *device) agrees() {
	d.takes(wishesIDs)
	d.says(okay)
	d.asks(echoes, okay)
}

// okayID is 80 00 with an id of up to two digits.
func okayID(id int) string { return fmt.Sprintf("80 00 08 06 06 1F 73 03 00 00 %02d", id) }

// numberedSale plays a sale whose command has the id 1.
func (d *device) numberedSale(result func()) {
	d.takes("06 01 14 04 00 00 00 00 10 23 49 09 78 19 40 06 06 1F 73 03 00 00 01")
	d.says(okayID(1))
	d.asks("04 FF 0A 0A 03 06 06 1F 73 03 00 00 02", okayID(2))
	result()
	d.asks("06 D1 0B 81 5A 5A 06 06 1F 73 03 00 00 04", okayID(4))
	d.asks("06 0F 0A 27 00 06 06 1F 73 03 00 00 05", okayID(5))
}

const numberedResult = "04 0F 1B 27 00 04 00 00 00 00 10 23 0B 00 01 24 87 00 24 49 09 78 06 06 1F 73 03 00 00 03"

// TestMessageIDs counts through a sale, a status enquiry and the log-off: the answer repeats the id, the next command of either side has the next one.
func TestMessageIDs(t *testing.T) {
	for _, stream := range []bool{false, true} {
		play(t, stream, func(d *device) {
			d.agrees()
			d.numberedSale(func() { d.asks(numberedResult, okayID(3)) })
			d.takes("05 01 08 06 06 1F 73 03 00 00 06")
			d.says(okayID(6))
			d.asks("06 0F 08 06 06 1F 73 03 00 00 07", okayID(7)) // nothing to complain of
			d.takes("06 02 08 06 06 1F 73 03 00 00 08")
			d.says(okayID(8))
			d.takes("05 01 00")
			d.says(okay)
			d.asks(idleStatus, okay)
		}, func(s *saleTest) {
			s.terminal.registered = false
			out, err := s.sell()
			if err != nil || out.Result.Decision != drivers.Approved || len(s.stored) != 1 || len(out.Receipts) != 1 || out.Receipts[0].Lines[0] != "ZZ" || s.shown[0] != "0a insert card" {
				t.Errorf("%+v, %v; shown %q", out, err, s.shown)
			}
			for _, log := range []bool{true, false} {
				if state, err := s.terminal.Status(context.Background()); err != nil || !state.Ready {
					t.Errorf("%+v, %v", state, err)
				}
				if !log {
					continue
				}
				if err := s.terminal.Close(context.Background()); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestARepeatedIDIsAnsweredAgain and told once, even when the terminal's link had our answer.
func TestARepeatedIDIsAnsweredAgain(t *testing.T) {
	for _, stream := range []bool{false, true} {
		play(t, stream, func(d *device) {
			d.agrees()
			d.numberedSale(func() {
				for range 3 {
					d.asks(numberedResult, okayID(3))
				}
			})
		}, func(s *saleTest) {
			s.terminal.registered = false
			if out, err := s.sell(); err != nil || out.Result.Decision != drivers.Approved || len(s.stored) != 1 {
				t.Errorf("%+v, %v; stored %+v", out, err, s.stored)
			}
		})
	}
}

// TestAnIDForEverything is a terminal that gives all its commands the id of ours: nothing of what it tells is lost.
func TestAnIDForEverything(t *testing.T) {
	play(t, false, func(d *device) {
		d.agrees()
		d.takes("06 01")
		d.says(okayID(1))
		d.asks("04 FF 0A 0A 03 06 06 1F 73 03 00 00 01", okayID(1))
		d.asks("04 FF 0A CC 03 06 06 1F 73 03 00 00 01", okayID(1))
		d.asks("04 0F 1B 27 00 04 00 00 00 00 10 23 0B 00 01 24 87 00 24 49 09 78 06 06 1F 73 03 00 00 01", okayID(1))
		d.asks("06 0F 0A 27 00 06 06 1F 73 03 00 00 01", okayID(1))
	}, func(s *saleTest) {
		s.terminal.registered = false
		if out, err := s.sell(); err != nil || out.Result.Decision != drivers.Approved || len(s.shown) != 2 {
			t.Errorf("%+v, %v; shown %q", out, err, s.shown)
		}
	})
}

// TestAReplyToAnEarlierCommandIsNobodys: a doubled 80 00 of the status enquiry comes where that of the sale is awaited, and the sale is refused.
func TestAReplyToAnEarlierCommandIsNobodys(t *testing.T) {
	play(t, true, func(d *device) {
		d.agrees()
		d.takes("05 01 08 06 06 1F 73 03 00 00 01")
		d.says(okayID(1))
		d.asks("06 0F 09 00 06 06 1F 73 03 00 00 02", okayID(2))
		d.takes("06 01 14 04 00 00 00 00 10 23 49 09 78 19 40 06 06 1F 73 03 00 00 03")
		d.says(okayID(1))
		d.says("84 B1 08 06 06 1F 73 03 00 00 03")
	}, func(s *saleTest) {
		if err := s.terminal.register(context.Background()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.terminal.Status(context.Background()); err != nil {
			t.Fatal(err)
		}
		_, err := s.sell()
		s.wantClass(err, pos.Transient, pos.NoneMoved)
	})
}

// TestIDsWrap after 999999; 0 is none.
func TestIDsWrap(t *testing.T) {
	play(t, false, func(d *device) {
		d.takes("05 01 08 06 06 1F 73 03 99 99 98")
		d.says("80 00 08 06 06 1F 73 03 99 99 98")
		d.asks("06 0F 09 00 06 06 1F 73 03 99 99 99", "80 00 08 06 06 1F 73 03 99 99 99")
		d.takes("05 01 08 06 06 1F 73 03 00 00 01")
		d.says("80 00 08 06 06 1F 73 03 99 99 98") // of the one before
		d.says(okay)                               // the terminal forgets it once
		d.asks(idleStatus, okay)
		d.takes("05 01 08 06 06 1F 73 03 00 00 02")
		d.says(okayID(2))
		d.asks("06 0F 09 00 06 06 1F 73 03 00 00 03", okayID(3))
	}, func(s *saleTest) {
		s.terminal.ids.on, s.terminal.ids.id = true, 999_997
		for range 3 {
			if state, err := s.terminal.Status(context.Background()); err != nil || !state.Ready {
				t.Errorf("%+v, %v", state, err)
			}
		}
	})
}

// TestIDsNotAgreed are not used: not echoed, not wished for, or refused with the registration.
func TestIDsNotAgreed(t *testing.T) {
	for _, c := range []struct {
		name   string
		off    bool
		script func(d *device)
	}{
		{"not echoed", false, func(d *device) { d.takes(wishesIDs); d.says(okay); d.asks("06 0F 03 49 09 78", okay) }},
		{"not wished for", true, func(d *device) { d.takes(noIDs); d.says(okay); d.asks(echoes, okay) }},
		{"refused", false, func(d *device) {
			d.takes(wishesIDs)
			d.says("84 83 00")
			d.takes(noIDs)
			d.says(okay)
			d.asks("06 0F 03 49 09 78", okay)
		}},
	} {
		play(t, false, func(d *device) {
			c.script(d)
			d.takes("06 01 0C 04 00 00 00 00 10 23 49 09 78 19 40")
			d.says(okay)
			d.finish()
		}, func(s *saleTest) {
			s.terminal.registered, s.terminal.ids.off = false, c.off
			if out, err := s.sell(); err != nil || out.Result.Decision != drivers.Approved {
				t.Errorf("%s: %+v, %v", c.name, out, err)
			}
		})
	}
	play(t, false, func(d *device) { d.takes(wishesIDs); d.says("84 37 00") }, func(s *saleTest) {
		s.terminal.registered = false
		_, err := s.sell() // a wrong password is no matter of ids
		s.wantClass(err, pos.Permanent, pos.NoneMoved)
	})
}

// TestIDsOfAnEarlierTill are repeated before a registration: the terminal has not forgotten that it agreed to them.
func TestIDsOfAnEarlierTill(t *testing.T) {
	play(t, true, func(d *device) {
		d.takes("05 01 00")
		d.asks("04 0F 1B 27 00 04 00 00 00 00 10 23 0B 00 01 24 87 00 24 49 09 78 06 06 1F 73 03 00 00 17", "84 FF 08 06 06 1F 73 03 00 00 17")
		d.says(okay)
		d.asks(idleStatus, okay)
	}, func(s *saleTest) {
		if state, err := s.terminal.Status(context.Background()); err != nil || !state.Ready {
			t.Errorf("%+v, %v", state, err)
		}
	})
}

// TestIDsInMessages takes the id out of each form of message.
func TestIDsInMessages(t *testing.T) {
	for _, c := range []struct {
		in, want string
		id       uint64
	}{
		{"80 00 08 06 06 1F 73 03 12 34 56", "80 00 00", 123456},
		{"80 00 08 06 06 1F 73 03 00 00 00", "80 00 08 06 06 1F 73 03 00 00 00", 0},
		{"80 00 08 06 06 1F 73 03 00 0A 00", "80 00 08 06 06 1F 73 03 00 0A 00", 0},
		{"06 0F 08 06 06 1F 73 03 00 00 09", "06 0F 00", 9},
		{"06 0F 0C F0 F0 F1 41 00 06 06 1F 73 03 00 00 09", "06 0F 05 F0 F0 F1 41 00", 0}, // LEN is wrong: not a whole one
		{"06 0F 0D F0 F0 F1 41 00 06 06 1F 73 03 00 00 09", "06 0F 05 F0 F0 F1 41 00", 9},
		{"06 1E 0C B8 87 00 03 06 06 1F 73 03 00 00 09", "06 1E 04 B8 87 00 03", 9},
		{"06 D1 0A 00 5A 06 06 1F 73 03 00 00 09", "06 D1 02 00 5A", 9},
		{"06 D1 08 00 5A 1F 73 03 00 00 09", "06 D1 08 00 5A 1F 73 03 00 00 09", 0},
		{"06 D1 06 1F 73 03 00 00 09", "06 D1 06 1F 73 03 00 00 09", 0},
		{"04 FF 09 0A 06 06 1F 73 03 00 00 09", "04 FF 01 0A", 9},
		{"04 FF 0A 0A 06 06 06 1F 73 03 00 00 09", "04 FF 02 0A 06", 9},
		{"06 D3 15 06 13 1F 07 01 01 25 03 07 01 5A 1F 73 03 00 00 09 14 01 FE", "06 D3 0E 06 0C 1F 07 01 01 25 03 07 01 5A 14 01 FE", 9},
		{"04 0F 0B 27 00 B7 06 06 1F 73 03 00 00 09", "04 0F 0B 27 00 B7 06 06 1F 73 03 00 00 09", 9}, // behind a BMP of unknown length
	} {
		a, err := codec.Parse(plain(c.in))
		if err != nil {
			continue
		}
		id, bare := withoutID(a)
		if got, _ := bare.Marshal(); id != c.id || !bytes.Equal(got, plain(c.want)) {
			t.Errorf("%s: %d, % x", c.in, id, got)
		}
	}
}

// FuzzMessageIDs takes an id out of any message, and out of what ours become with one.
func FuzzMessageIDs(f *testing.F) {
	for _, seed := range []string{numberedResult, okayID(3), "06 D1 0B 81 5A 5A 06 06 1F 73 03 00 00 04", "06 01 0A 04 00 00 00 00 10 23 49 09 78",
		"06 0F 0D F0 F0 F1 41 00 06 06 1F 73 03 00 00 09", "04 0F 0B 27 00 B7 06 06 1F 73 03 00 00 09", "06 01 0F 04 00 00 00 00 10 23 06 06 1F 70 01 01 1F 73 00",
		"06 01 0F 04 30 30 30 30 30 30 06 06 30 30 30 30 30 30"} {
		f.Add(plain(seed), uint64(7))
	}
	f.Fuzz(func(t *testing.T, b []byte, id uint64) {
		a, err := codec.Parse(b)
		if err != nil {
			return
		}
		before := bytes.Clone(a.Data)
		if got, bare := withoutID(a); got > lastID || len(bare.Data) > len(before) || !bytes.Equal(a.Data, before) {
			t.Errorf("% x: %d, % x", b, got, bare.Data)
		}
		id = id%lastID + 1
		fields, rest, err := codec.ParseFields(a.Data)
		if _, full := fields.Find(codec.Container); full || !a.Is(0x06, 0x01) || err != nil || len(rest) > 0 || bytes.Contains(a.Data, idMark()) {
			return // not what we send, or with objects that need not make sense
		}
		if got, bare := withoutID(withID(a, id)); got != id || !bytes.Equal(bare.Data, a.Data) {
			t.Errorf("% x with %d: %d, % x", b, id, got, bare.Data)
		}
	})
}

// TestNumberedWaits ends at the caller's deadline although repetitions keep coming.
func TestNumberedWaits(t *testing.T) {
	play(t, true, func(d *device) {
		defer quietWire(d)
		for range 25 {
			d.writes("04 FF 0A 0A 03 06 06 1F 73 03 00 00 02")
			time.Sleep(100 * time.Millisecond)
		}
	}, func(s *saleTest) {
		begun := time.Now()
		n := 0
		for time.Since(begun) < 3*time.Second {
			m, err := s.terminal.receive(begun.Add(3 * time.Second))
			if err != nil {
				break
			}
			if n++; !m.Reply() {
				if err := s.terminal.reply(accepted()); err != nil {
					t.Fatal(err)
				}
			}
		}
		if took := time.Since(begun); n != 1 || took != 3*time.Second {
			t.Errorf("%d messages in %v", n, took)
		}
	})
}
