package idtech_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/drivertest"
	"github.com/tillproof/tillproof/drivers/idtech"
	"github.com/tillproof/tillproof/drivers/idtech/codec"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/dukpt"
	"github.com/tillproof/tillproof/simulator/idtechsim"
)

// lane is a driver at a simulated reader, in virtual time.
type lane struct {
	t      *testing.T
	sim    *idtechsim.Reader
	reader drivers.CardReader
	info   drivers.ReaderInfo
	told   []string
	sent   []string // requests that the reader answered: command and function
}

// inLane runs a test at a reader that was plugged in and not opened.
func inLane(t *testing.T, o idtechsim.Options, options map[string]string, test func(l *lane)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		sim, err := idtechsim.New(o)
		if err != nil {
			t.Fatal(err)
		}
		l := &lane{t: t, sim: sim}
		sim.Observe(func(e idtechsim.Event) {
			if e.Moment == idtechsim.Answered {
				l.sent = append(l.sent, fmt.Sprintf("%x %x", e.Command, e.Function))
			}
		})
		till, device := drivertest.Wire()
		served := make(chan error, 1)
		go func() { served <- sim.Serve(context.Background(), device) }()
		if l.reader, err = idtech.Driver().NewCardReader(till, drivers.Settings{Options: options}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // until the reader is plugged in
		test(l)
		till.Close()
		<-served
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
}

func (l *lane) open() {
	l.t.Helper()
	info, err := l.reader.Open(context.Background())
	if err != nil {
		l.t.Fatal(err)
	}
	l.info = info
	synctest.Wait()
}

func (l *lane) read() (drivers.Swipe, error) {
	ctx, done := context.WithTimeout(context.Background(), 10*time.Second)
	defer done()
	return l.reader.Read(ctx, func(p drivers.Progress) { l.told = append(l.told, p.Code) })
}

func (l *lane) draw(c idtechsim.Card) (drivers.Swipe, error) {
	l.t.Helper()
	if err := l.sim.Swipe(c); err != nil {
		l.t.Fatal(err)
	}
	return l.read()
}

func (l *lane) wantCode(err error, code pos.ErrorCode) {
	l.t.Helper()
	var e *pos.Error
	if !errors.As(err, &e) || e.Code != code || e.Money != pos.NoneMoved {
		l.t.Errorf("error %v, want %s", err, code)
	}
}

// TestSwipe tells all that a swipe says, and opens what is opaque as an acquirer does.
func TestSwipe(t *testing.T) {
	inLane(t, idtechsim.Options{}, nil, func(l *lane) {
		l.open()
		if l.info.Serial != "SIM0000001" || !strings.HasPrefix(l.info.Level, "3") || hex.EncodeToString(l.info.KSN) != "ffff9876543210e00001" || l.info.Notice != "" {
			t.Errorf("%+v", l.info)
		}
		card := idtechsim.TestCardOfBothTracks()
		got, err := l.draw(card)
		if err != nil {
			t.Fatal(err)
		}
		if got.Format != "idtech" || got.Reader != "SIM0000001" || got.BIN != "411111" || got.Last4 != "1111" || got.Expiry != "3012" || got.Brand != "visa" ||
			got.Entry != "stripe" || got.Chip || len(got.Hash) != 20 || strings.Contains(fmt.Sprintf("%v %+v %#v", got, got, got), "1111") || hex.EncodeToString(got.KSN) != "ffff9876543210e00001" {
			t.Errorf("%+v", got)
		}
		opaque, err := codec.ParseCard(got.Opaque)
		if err != nil || bytes.Contains(got.Opaque, []byte("DOE")) {
			t.Fatalf("%v; the name stands in %q", err, got.Opaque)
		}
		track2, err := dukpt.Decrypt(dukpt.TestBaseKey(), got.KSN, opaque.Encrypted[1])
		if err != nil || !bytes.HasPrefix(track2, []byte(card.Track2)) {
			t.Errorf("track 2 opens as %q, %v", track2, err)
		}
		if fmt.Sprint(l.told) != "[reading]" {
			t.Errorf("told %v", l.told)
		}
		if got.Wipe(); got.Opaque != nil || got.Hash != nil {
			t.Error("wiped, and still there")
		}
	})
}

// TestSettings changes what the options want, and nothing a second time.
func TestSettings(t *testing.T) {
	memory := func(l *lane) string {
		m := l.sim.Memory().Settings
		return m["84"] + " " + m["85"] + " " + m["50"] + " " + m["49"]
	}
	kept := map[string]string{"format": "keep", "expiry": "keep", "bin": "keep", "encrypt": "keep"}
	for name, c := range map[string]struct {
		options map[string]string
		reader  map[byte][]byte
		want    string
	}{
		"by default":    {nil, nil, "17 31 31 36"},
		"kept":          {kept, nil, "08 30 30 34"},
		"hidden expiry": {map[string]string{"expiry": "hide"}, map[byte][]byte{codec.ShowExpiry: {'1'}}, "17 31 30 36"},
		"binary digits": {nil, map[byte][]byte{codec.PrePAN: {4}}, "17 31 31 06"},
	} {
		t.Run(name, func(t *testing.T) {
			inLane(t, idtechsim.Options{Settings: c.reader}, c.options, func(l *lane) {
				l.open()
				if got := memory(l); got != c.want {
					t.Errorf("set to %s, want %s", got, c.want)
				}
				l.sent = nil
				l.open()
				for _, request := range l.sent {
					if strings.HasPrefix(request, "53") {
						t.Errorf("set again: %v", l.sent)
					}
				}
			})
		})
	}
}

// TestUnknownSettings meets a reader that has none of the settings: it is taken as it is.
func TestUnknownSettings(t *testing.T) {
	inLane(t, idtechsim.Options{}, nil, func(l *lane) {
		for _, function := range []byte{0x84, 0x85, 0x50, 0x49, 0x4C} {
			if err := l.sim.Set(function); err != nil {
				t.Fatal(err)
			}
		}
		l.open()
	})
}

// TestWhatTheReaderSays opens readers that tell odd things of themselves.
func TestWhatTheReaderSays(t *testing.T) {
	for name, c := range map[string]struct {
		level string
		set   map[byte][]byte
		want  pos.ErrorCode
	}{
		"level 4":          {"4", nil, ""},
		"no level":         {"", nil, "reader_in_clear"},
		"an unknown level": {"7", nil, "reader_in_clear"},
		"a long level":     {"33", nil, "reader_in_clear"},
		"AES":              {"3", map[byte][]byte{codec.Encryption: {'2'}}, ""},
		"no encryption":    {"3", map[byte][]byte{codec.Encryption: {'0'}}, "reader_in_clear"},
		"of its own":       {"3", map[byte][]byte{codec.Encryption: {'9'}}, "reader_in_clear"},
	} {
		t.Run(name, func(t *testing.T) {
			inLane(t, idtechsim.Options{Settings: c.set}, nil, func(l *lane) {
				if err := l.sim.SetLevel(c.level); err != nil {
					t.Fatal(err)
				}
				info, err := l.reader.Open(context.Background())
				if c.want != "" {
					l.wantCode(err, c.want)
				} else if err != nil || info.Level == "" {
					t.Errorf("%+v, %v", info, err)
				}
			})
		})
	}
}

// TestClearDuringOpen hears a card in clear while it asks: nothing else counts then.
func TestClearDuringOpen(t *testing.T) {
	inLane(t, idtechsim.Options{}, nil, func(l *lane) {
		card := idtechsim.TestCard()
		card.Do = idtechsim.ClearText
		if err := l.sim.Swipe(card); err != nil {
			t.Fatal(err)
		}
		_, err := l.reader.Open(context.Background())
		l.wantCode(err, "reader_in_clear")
	})
}

func TestOptions(t *testing.T) {
	conn, _ := drivertest.Wire()
	for name, value := range map[string]string{"format": "original", "expiry": "", "bin": "hide", "encrypt": "bank", "chip": "yes", "track1": "keep", "keyed": "1"} {
		if _, err := idtech.Driver().NewCardReader(conn, drivers.Settings{Options: map[string]string{name: value}}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s %q: %v", name, value, err)
		}
	}
}

// TestOptionsOfCards draws the cards that an option decides about.
func TestOptionsOfCards(t *testing.T) {
	chip := idtechsim.TestCard()
	chip.Chip = true
	first := idtechsim.TestCardOfBothTracks()
	first.Bad[1] = true
	second := idtechsim.TestCardOfBothTracks()
	second.Bad[0] = true
	third := idtechsim.Card{Track3: ";014111111111111111=000000000000000000000000000000000?"}
	keyed := idtechsim.Card{Kind: idtechsim.KeyedT, Track1: "4111111111111111=3012=123"}
	for name, c := range map[string]struct {
		card   idtechsim.Card
		option string
		want   pos.ErrorCode
	}{
		"chip":         {chip, "", "use_chip"},
		"chip allowed": {chip, "chip", ""},
		"track 1 only": {first, "", "card_unreadable"},
		"allowed":      {first, "track1", ""},
		"track 2 only": {second, "", ""},
		"track 3 only": {third, "track1", "card_unreadable"},
		"keyed in":     {keyed, "", "card_unreadable"},
		"keyed, taken": {keyed, "keyed", ""},
	} {
		t.Run(name, func(t *testing.T) {
			options := map[string]string{}
			if c.option != "" {
				options[c.option] = "allow"
			}
			inLane(t, idtechsim.Options{}, options, func(l *lane) {
				l.open()
				got, err := l.draw(c.card)
				if c.want != "" {
					l.wantCode(err, c.want)
					return
				}
				if err != nil || got.Chip != c.card.Chip || (got.Entry == "manual") != (c.card.Kind == idtechsim.KeyedT) {
					t.Errorf("%+v, %v", got, err)
				}
			})
		})
	}
}

// TestPartOfACardInTheOriginalFormat finds in one block which of two tracks it has.
func TestPartOfACardInTheOriginalFormat(t *testing.T) {
	for bad, want := range map[int]pos.ErrorCode{0: "", 1: "card_unreadable"} {
		inLane(t, idtechsim.Options{}, map[string]string{"format": "keep"}, func(l *lane) {
			l.open()
			card := idtechsim.TestCardOfBothTracks()
			card.Bad[bad] = true
			_, err := l.draw(card)
			if want != "" {
				l.wantCode(err, want)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// TestKeysComeToTheirEnd warns, then uses the last key, and then refuses.
func TestKeysComeToTheirEnd(t *testing.T) {
	ksn := []byte{0xFF, 0xFF, 0x98, 0x76, 0x54, 0x32, 0x10, 0xFF, 0xF7, 0x00}
	inLane(t, idtechsim.Options{KSN: ksn}, nil, func(l *lane) {
		l.open()
		if l.info.Notice == "" {
			t.Error("no notice at the opening")
		}
		for last := false; !last; {
			got, err := l.draw(idtechsim.TestCard())
			if err != nil {
				t.Fatal(err)
			}
			last = hex.EncodeToString(got.KSN) == "ffff9876543210fff800"
		}
		if !strings.Contains(fmt.Sprint(l.told), "keys_low") {
			t.Error("no warning at a swipe")
		}
		if _, err := l.draw(idtechsim.TestCard()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after the last key: %v", err)
		}
		_, err := l.reader.Open(context.Background())
		l.wantCode(err, "reader_keys_used_up")
	})
}

// TestLevelFalls asks for the level when a swipe has nothing on it.
func TestLevelFalls(t *testing.T) {
	for level, want := range map[string]pos.ErrorCode{"0": "reader_keys_used_up", "1": "reader_in_clear", "3": "card_unreadable"} {
		inLane(t, idtechsim.Options{}, nil, func(l *lane) {
			l.open()
			empty := idtechsim.TestCard()
			empty.Do = idtechsim.Unreadable
			frame, err := l.sim.Draw(empty)
			if err != nil {
				t.Fatal(err)
			}
			if err := l.sim.SetLevel(level); err != nil {
				t.Fatal(err)
			}
			if err := l.sim.Send(frame); err != nil {
				t.Fatal(err)
			}
			_, err = l.read()
			l.wantCode(err, want)
		})
	}
}

// TestAnotherReader is plugged in where one was: it has to prove itself first.
func TestAnotherReader(t *testing.T) {
	inLane(t, idtechsim.Options{}, nil, func(l *lane) {
		l.open()
		card := idtechsim.TestCard()
		card.Do = idtechsim.OtherReader
		_, err := l.draw(card)
		l.wantCode(err, "device_unavailable")
		_, err = l.draw(idtechsim.TestCard())
		l.wantCode(err, "device_unavailable")
		l.open()
		if _, err := l.draw(idtechsim.TestCard()); err != nil {
			t.Error(err)
		}
	})
}

// TestReplayOverTheWire sends the last swipe again behind a new opening: the reader's own next key tells it.
func TestReplayOverTheWire(t *testing.T) {
	inLane(t, idtechsim.Options{}, nil, func(l *lane) {
		l.open()
		frame, err := l.sim.Draw(idtechsim.TestCard())
		if err != nil {
			t.Fatal(err)
		}
		l.open()
		if err := l.sim.Send(frame); err != nil {
			t.Fatal(err)
		}
		_, err = l.read()
		l.wantCode(err, "reader_replay")
	})
}

// TestFixedKey refuses a reader that encrypts every card alike, and a gift card that comes in clear.
func TestFixedKeyAndGiftCards(t *testing.T) {
	fixed := idtechsim.TestCard()
	fixed.Do = idtechsim.FixedKey
	gift := idtechsim.Card{Kind: idtechsim.Other, Track2: ";9876017=?"}
	for _, c := range []struct {
		card    idtechsim.Card
		options map[string]string
		want    pos.ErrorCode
	}{{fixed, nil, "reader_replay"}, {gift, map[string]string{"encrypt": "keep"}, "reader_in_clear"}, {gift, nil, ""}} {
		inLane(t, idtechsim.Options{}, c.options, func(l *lane) {
			l.open()
			got, err := l.draw(c.card)
			if c.want != "" {
				l.wantCode(err, c.want)
			} else if err != nil || got.BIN != "" || got.Last4 != "" {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

// TestOtherDevices meets what is no reader of the family: the message says which of the two it is.
func TestOtherDevices(t *testing.T) {
	for sent, want := range map[string]string{"": "does not answer", "\r\nHELLO\r\n": "does not speak"} {
		synctest.Test(t, func(t *testing.T) {
			till, device := drivertest.Wire()
			reader, err := idtech.Driver().NewCardReader(till, drivers.Settings{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := device.Write([]byte(sent)); err != nil {
				t.Fatal(err)
			}
			begin := time.Now()
			if _, err := reader.Open(context.Background()); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %q", err, want)
			}
			if took := time.Since(begin); took > 5*time.Second {
				t.Errorf("it took %v to tell", took)
			}
		})
	}
}

// TestLostRequests repeats questions, which move nothing, and gives up in time.
func TestLostRequests(t *testing.T) {
	inLane(t, idtechsim.Options{}, nil, func(l *lane) {
		l.sim.Mute(true)
		over := make(chan struct{})
		go func() {
			defer close(over)
			time.Sleep(1500 * time.Millisecond)
			l.sim.Mute(false)
		}()
		l.open()
		<-over
	})
}

// TestDamageIsCounted tells the technician how often the line has damaged a swipe.
func TestDamageIsCounted(t *testing.T) {
	inLane(t, idtechsim.Options{}, nil, func(l *lane) {
		l.open()
		for n, do := range []idtechsim.Do{idtechsim.WrongFields, idtechsim.WrongLRC, idtechsim.WrongFields} {
			time.Sleep(time.Second)
			card := idtechsim.TestCard()
			card.Do = do
			_, err := l.draw(card)
			var e *pos.Error
			if !errors.As(err, &e) || e.Details["damaged"] != n+1 {
				t.Errorf("%v with %v, want %d", err, e.Details, n+1)
			}
		}
	})
}

// TestSwipeDuringOpen drops a card that is drawn before the reader has proved itself, and finds the replies around it.
func TestSwipeDuringOpen(t *testing.T) {
	inLane(t, idtechsim.Options{}, nil, func(l *lane) {
		for range 2 {
			if err := l.sim.Swipe(idtechsim.TestCard()); err != nil {
				t.Fatal(err)
			}
		}
		l.open()
		if _, err := l.draw(idtechsim.TestCard()); err != nil {
			t.Error(err)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	sim, err := idtechsim.New(idtechsim.Options{})
	if err != nil {
		b.Fatal(err)
	}
	till, device := drivertest.Wire()
	served := make(chan error, 1)
	go func() { served <- sim.Serve(context.Background(), device) }()
	reader, err := idtech.Driver().NewCardReader(till, drivers.Settings{})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := reader.Open(context.Background()); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		frame, err := sim.Draw(idtechsim.TestCardOfBothTracks())
		if err != nil {
			b.Fatal(err)
		}
		if err := sim.Send(frame); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if _, err := reader.Read(context.Background(), func(drivers.Progress) {}); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	till.Close()
	<-served
}
