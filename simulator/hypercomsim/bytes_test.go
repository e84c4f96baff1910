package hypercomsim_test

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers/hypercom/codec"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/simulator/hypercomsim"
)

// The worked examples of the papers, byte by byte, and the bytes of an answer that were computed by hand.
func TestWorkedExamples(t *testing.T) {
	sale, _ := hex.DecodeString("020035" + "36303030303030303030" + "31303230303030" + "1c" + "34300012303030303030303031393930" + "1c" + "0314")
	void, _ := hex.DecodeString("020029" + "36303030303030303030" + "31303236303030" + "1c" + "36350006303030343137" + "1c" + "031e")
	rawly(t, hypercomsim.Options{Profile: hypercomsim.LinkPOS, FirstInvoice: 416}, func(r *raw) {
		r.write(sale...)
		r.says(stx.ACK)
		r.wants(r.answer(), "00", "65", "000417", "64", "000001", "40", "000000001990", "30", "************1111")
		r.write(void...)
		r.says(stx.ACK)
		r.wants(r.answer(), "00", "65", "000417", "64", "000002", "40", "000000001990")
		if m := r.pt.Memory(); len(m.Totals()) != 0 || len(m.Transactions) != 2 || !m.Transactions[0].Voided {
			t.Errorf("%+v", m)
		}
	})
	rawly(t, hypercomsim.Options{}, func(r *raw) {
		ping, _ := hex.DecodeString("020018" + "36303030303030303030" + "31304646303030" + "1c" + "0300")
		ping[len(ping)-1] = stx.ETX
		for _, b := range ping[1 : len(ping)-2] {
			ping[len(ping)-1] ^= b
		}
		r.write(ping...)
		r.says(stx.ACK)
		r.answer()
		want := "06" + "020070" + "36303030303030303030" + "31314646435030" + "1c" + "30320040" + hex.EncodeToString([]byte("READY"+strings.Repeat(" ", 35))) + "1c" +
			"33390002" + "4350" + "1c" + "03"
		if got := hex.EncodeToString(r.all[:len(r.all)-1]); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	})
}

func TestPing(t *testing.T) {
	rawly(t, hypercomsim.Options{}, func(r *raw) { r.wants(r.ask("FF"), "CP", "02", "READY") })
	rawly(t, hypercomsim.Options{Profile: hypercomsim.LinkPOS}, func(r *raw) { r.wants(r.ask("FF"), "12") })
	rawly(t, hypercomsim.Options{NoLink: true}, func(r *raw) {
		r.write(r.frame(codec.Request, "FF")...)
		if e := r.hear(time.Minute); e.Kind != 0 {
			t.Errorf("%+v", e)
		}
	})
}

func TestJunkBeforeTheFrame(t *testing.T) {
	rawly(t, hypercomsim.Options{}, func(r *raw) {
		r.pt.Next(hypercomsim.Card{Link: hypercomsim.Link{Junk: true}})
		r.write(append([]byte{0x00, 'x', stx.ETX}, r.frame(codec.Request, "20", amount(100))...)...)
		for _, want := range []stx.Kind{stx.GotJunk, stx.GotControl, stx.GotJunk, stx.GotFrame} {
			if e := r.hear(5 * time.Second); e.Kind != want || want == stx.GotJunk && e.Count != 3 {
				t.Fatalf("%+v, want kind %d", e, want)
			}
		}
	})
}

func TestControlBytesInTheBody(t *testing.T) {
	rawly(t, hypercomsim.Options{}, func(r *raw) {
		m := r.ask("20", codec.Text("66", "A\x02\x03\x1C\x06\x15"), amount(0x02030615))
		if b := m.Get("19"); bytes.IndexByte(b, stx.STX) < 0 || bytes.IndexByte(b, stx.ETX) < 0 || bytes.IndexByte(b, codec.Separator) < 0 {
			t.Errorf("receipt %q", b)
		}
		r.wants(m, "00", "66", "A\x02\x03\x1C\x06\x15")
	})
}

func TestBothLengths(t *testing.T) {
	for _, p := range hypercomsim.Profiles() {
		rawly(t, hypercomsim.Options{Profile: p}, func(r *raw) {
			m := r.ask("20", amount(1023))
			r.wants(m, "00", "40", "000000001023")
			// 40 characters of text are 00 40 where lengths are decimal, and 00 28 where they are binary.
			at := bytes.Index(r.all, []byte("02\x00\x40APPROVED"))
			if p == hypercomsim.Ecuador {
				at = bytes.Index(r.all, []byte("02\x00\x28APPROVED"))
			}
			if open := r.all[len(r.all)-3] != codec.Separator; at < 0 || open != (p == hypercomsim.Ecuador) {
				t.Errorf("%s: %x", p, r.all)
			}
		})
	}
}

func TestDamagedCommands(t *testing.T) {
	rawly(t, hypercomsim.Options{}, func(r *raw) {
		sale := r.frame(codec.Request, "20", amount(1023))
		for name, damage := range map[string]func([]byte) []byte{
			"check byte":      func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
			"length":          func(b []byte) []byte { b[1] |= 0xF0; return b },
			"stops":           func(b []byte) []byte { return b[:20] },
			"transport type":  func(b []byte) []byte { b[3] ^= 3; b[len(b)-1] ^= 3; return b },
			"a byte is lost":  func(b []byte) []byte { return slices.Delete(b, 9, 10) },
			"a byte too many": func(b []byte) []byte { return slices.Insert(b, 9, '1') },
		} {
			r.write(damage(slices.Clone(sale))...)
			if e := r.hear(5 * time.Second); e.Kind != stx.GotControl || e.Payload[0] != stx.NAK {
				t.Errorf("%s: %+v", name, e)
			}
			for r.hear(time.Second).Kind != 0 { // nothing of it is taken
			}
		}
		if r.counted(hypercomsim.Received) != 0 || len(r.pt.Memory().Transactions) != 0 {
			t.Errorf("%+v", r.events)
		}
		r.wants(r.ask("20", amount(1023)), "00")
	})
}

func TestDamagedAnswers(t *testing.T) {
	rawly(t, hypercomsim.Options{}, func(r *raw) {
		r.pt.Next(hypercomsim.Card{Link: hypercomsim.Link{Damaged: 2}})
		r.write(r.frame(codec.Request, "20", amount(1023))...)
		r.says(stx.ACK)
		for range 2 {
			if e := r.hear(5 * time.Second); e.Kind != stx.GotBad {
				t.Fatalf("%+v", e)
			}
			r.write(stx.NAK)
		}
		r.wants(r.answer(), "00")
		if r.counted(hypercomsim.Sent) != 3 || r.counted(hypercomsim.Stored) != 1 {
			t.Errorf("%+v", r.events)
		}
	})
}

func TestALengthWithoutDigits(t *testing.T) {
	rawly(t, hypercomsim.Options{}, func(r *raw) {
		r.pt.Next(hypercomsim.Card{Link: hypercomsim.Link{BadLength: 1}})
		r.write(r.frame(codec.Request, "20", amount(1023))...)
		r.says(stx.ACK)
		for e := r.hear(time.Second); e.Kind != stx.GotBad; e = r.hear(time.Second) {
			if e.Kind == stx.GotFrame {
				t.Fatalf("%+v", e)
			}
		}
		r.write(stx.NAK)
		r.wants(r.answer(), "00")
	})
}

func TestALengthBeyondTheBody(t *testing.T) {
	for _, p := range hypercomsim.Profiles() {
		rawly(t, hypercomsim.Options{Profile: p}, func(r *raw) {
			r.pt.Next(hypercomsim.Card{Link: hypercomsim.Link{Overrun: "D2"}})
			r.write(r.frame(codec.Request, "20", amount(1023))...)
			r.says(stx.ACK)
			m, err := r.form.Parse(r.hear(5 * time.Second).Payload)
			if err == nil || !m.Has("40") || m.Has("D2") || m.Has("30") {
				t.Errorf("%s: %+v, %v", p, m, err)
			}
		})
	}
}

func TestAnAnswerGluedToItsAcknowledgement(t *testing.T) {
	rawly(t, hypercomsim.Options{}, func(r *raw) {
		r.pt.Next(hypercomsim.Card{After: 2 * time.Second, Link: hypercomsim.Link{Glue: true}})
		r.write(r.frame(codec.Request, "20", amount(1023))...)
		buf := make([]byte, 1000)
		if n, err := r.near.Read(buf); err != nil || n < 100 || buf[0] != stx.ACK || buf[1] != stx.STX {
			t.Errorf("%x, %v", buf[:n], err)
		}
	})
}

// What nobody acknowledges is sent three times, three seconds apart; what was approved stands.
func TestAnAnswerThatNobodyAcknowledges(t *testing.T) {
	rawly(t, hypercomsim.Options{}, func(r *raw) {
		r.write(r.frame(codec.Request, "20", amount(1023))...)
		r.says(stx.ACK)
		begun := time.Now()
		for range 3 {
			r.answered()
		}
		if e := r.hear(time.Minute); e.Kind != 0 || time.Since(begun) < 66*time.Second || r.counted(hypercomsim.Acknowledged) != 0 {
			t.Errorf("%+v after %v", e, time.Since(begun))
		}
		if held := r.pt.Memory().Totals()["card"]["MYR"]; held.Amount != 1023 || held.Count != 1 {
			t.Errorf("held %+v", held)
		}
		r.wants(r.ask("FF"), "CP")
	})
}

// The acknowledgement of a command is lost: the answer stands for it. An answer is told twice, as if its own had been lost.
func TestAcknowledgementsThatAreLost(t *testing.T) {
	rawly(t, hypercomsim.Options{}, func(r *raw) {
		r.pt.Next(hypercomsim.Card{Link: hypercomsim.Link{NoACK: true, Repeat: true}})
		r.write(r.frame(codec.Request, "20", amount(1023))...)
		first := r.answer()
		if second := r.answer(); second.Text("64") != first.Text("64") {
			t.Errorf("%+v, then %+v", first, second)
		}
		if r.counted(hypercomsim.Stored) != 1 {
			t.Errorf("%+v", r.events)
		}
	})
}
