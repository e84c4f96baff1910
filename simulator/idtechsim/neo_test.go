package idtechsim

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/drivers/idtech/neo2"
)

// goldenTap is the first card at a reader of contactless cards with the public test key: each value a CBC run of its own, checked with OpenSSL.
const goldenTap = "5669564f7465636832000200005e" + "c1" + "dfee120affff9876543210e00001" +
	"5718dccd4e096ccd9a4fd455123c63ff7aa5305862905ec4abd1" + "5a08dccd4e096ccd9a4f" +
	"dfef5d11411111cccccc1111d3012ccccccccccccc" + "dfef5b08411111cccccc1111" + "5f2403301231" + "9f270180" + "3bdd"

func TestGoldenTap(t *testing.T) {
	r := newReader(t, Options{NEO2: true})
	if got := hex.EncodeToString(draw(t, r, TestCard())); got != goldenTap {
		t.Errorf("%s\nnot\n%s", got, goldenTap)
	}
}

// till is the other end of a reader's wire, in virtual time.
type till struct {
	t    *testing.T
	wire net.Conn
	got  neo2.Decoder
}

// atReader runs a test at a reader that is served on a pipe.
func atReader(t *testing.T, o Options, test func(r *Reader, l *till)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		o.NEO2 = true
		r, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		near, far := net.Pipe()
		served := make(chan error, 1)
		go func() { served <- r.Serve(context.Background(), far) }()
		synctest.Wait()
		test(r, &till{t: t, wire: near})
		_ = near.Close()
		<-served
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
}

func (l *till) asks(command, sub byte, data ...byte) {
	l.t.Helper()
	if _, err := l.wire.Write(neo2.RequestFrame(command, sub, data...)); err != nil {
		l.t.Fatal(err)
	}
}

// hears waits for a reply for a time and puts it into words, "" for none.
func (l *till) hears(limit time.Duration) string {
	l.t.Helper()
	_ = l.wire.SetReadDeadline(time.Now().Add(limit))
	one := make([]byte, 1)
	for {
		if _, err := io.ReadFull(l.wire, one); err != nil {
			return ""
		}
		if ev := l.got.Feed(one[0]); ev.Kind == neo2.Whole {
			return fmt.Sprintf("%02x %02x %x", ev.Command, ev.Status, ev.Data)
		}
	}
}

func TestObeys(t *testing.T) {
	ksn := "ffff9876543210e00001"
	for name, c := range map[string]struct {
		level    string
		unknown  byte
		tampered bool
		command  byte
		sub      byte
		data     []byte
		want     string
	}{
		"ping":              {"3", 0, false, neo2.Ping, neo2.PingSub, nil, "18 00 "},
		"cancel":            {"3", 0, false, neo2.Cancel, neo2.CancelSub, nil, "05 00 "},
		"key":               {"3", 0, false, neo2.Keys, neo2.KeySub, neo2.DataKey(), "81 00 010a" + ksn},
		"no key":            {"1", 0, false, neo2.Keys, neo2.KeySub, neo2.DataKey(), "81 00 00"},
		"keys used up":      {"0", 0, false, neo2.Keys, neo2.KeySub, neo2.DataKey(), "81 00 02"},
		"another key":       {"3", 0, false, neo2.Keys, neo2.KeySub, []byte{1, 0, 0}, "81 05 "},
		"encryption":        {"3", 0, false, neo2.Encryption, neo2.FlagSub, nil, "c7 00 03"},
		"encryption off":    {"2", 0, false, neo2.Encryption, neo2.FlagSub, nil, "c7 00 00"},
		"plain":             {"3", 0, false, neo2.Poll, neo2.PlainSub, nil, "03 0b "},
		"plain, clear":      {"2", 0, false, neo2.Poll, neo2.PlainSub, nil, "03 00 01"},
		"result":            {"3", 0, false, neo2.Poll, neo2.ResultSub, nil, "03 0a "},
		"serial":            {"3", 0, false, neo2.Serial, neo2.SerialSub, nil, "12 00 53494d303030303030310000"},
		"no timeout":        {"3", 0, false, neo2.Activate, neo2.ActivateSub, nil, "02 05 "},
		"of nobody":         {"3", 0, false, 0x29, 0x00, nil, "29 02 "},
		"unknown to it":     {"3", neo2.Serial, false, neo2.Serial, neo2.SerialSub, nil, "12 02 "},
		"tampered":          {"3", 0, true, neo2.Ping, neo2.PingSub, nil, "18 1d "},
		"tampered activate": {"3", 0, true, neo2.Activate, neo2.ActivateSub, []byte{9}, "02 1d "},
	} {
		t.Run(name, func(t *testing.T) {
			o := Options{Level: c.level}
			if c.unknown != 0 {
				o.Unknown = []byte{c.unknown}
			}
			atReader(t, o, func(r *Reader, l *till) {
				if err := r.change(func(m *Memory) { m.Tampered = c.tampered }); err != nil {
					t.Fatal(err)
				}
				if l.asks(c.command, c.sub, c.data...); l.hears(time.Second) != c.want {
					l.asks(c.command, c.sub, c.data...)
					t.Errorf("%s, want %s", l.hears(time.Second), c.want)
				}
			})
		})
	}
}

// TestField waits for a card as long as it was told, takes one that is held there, and gives the question up for any other.
func TestField(t *testing.T) {
	atReader(t, Options{}, func(r *Reader, l *till) {
		begin := time.Now()
		l.asks(neo2.Activate, neo2.ActivateSub, 7)
		if got := l.hears(time.Minute); got != "02 08 " || time.Since(begin) != 7*time.Second {
			t.Errorf("%s after %v", got, time.Since(begin))
		}
		if err := r.Swipe(TestCard()); err != nil || l.hears(time.Second) != "" {
			t.Errorf("a card that nobody asked for: %v", err)
		}
		if l.asks(neo2.Activate, neo2.ActivateSub, 7); l.hears(time.Second) == "" {
			t.Error("the card is still held there")
		}
		if err := r.Swipe(TestCard()); err != nil {
			t.Error(err)
		}
		time.Sleep(3 * time.Second) // longer than anybody holds a card
		l.asks(neo2.Activate, neo2.ActivateSub, 7)
		if got := l.hears(time.Second); got != "" {
			t.Errorf("a card that has gone: %s", got)
		}
		if l.asks(neo2.Ping, neo2.PingSub); l.hears(time.Second) != "18 00 " {
			t.Error("no ping")
		}
		if got := l.hears(time.Minute); got != "" {
			t.Errorf("the question was not given up: %s", got)
		}
	})
	r := newReader(t, Options{NEO2: true})
	if err := r.Swipe(TestCard()); !errors.Is(err, ErrUnplugged) {
		t.Error(err)
	}
}

// TestMemoryHoldsNoCard of contactless cards either.
func TestMemoryHoldsNoCard(t *testing.T) {
	path := t.TempDir() + "/memory.json"
	r := newReader(t, Options{NEO2: true, Path: path})
	card := TestCardOfBothTracks()
	if out := draw(t, r, card); !bytes.Contains(out, []byte("DOE/JANE")) {
		t.Error("the name comes in clear")
	}
	card.Do = Tampered
	draw(t, r, card)
	m, err := Load(path)
	if err != nil || !m.Tampered || m.Swipes != 1 || m.KSN != "ffff9876543210e00001" {
		t.Errorf("%+v, %v", m, err)
	}
}
