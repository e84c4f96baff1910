package idtech_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/idtech/neo2"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/dukpt"
	"github.com/tillproof/tillproof/simulator/idtechsim"
)

// atNEO2 runs a test at a reader of chip and contactless cards that was opened.
func atNEO2(t *testing.T, o idtechsim.Options, test func(l *lane)) {
	t.Helper()
	o.NEO2 = true
	inLane(t, o, map[string]string{"protocol": "neo2"}, func(l *lane) {
		l.open()
		test(l)
	})
}

// TestNEO2Card tells all that a card says, in each way to read one, and opens what is opaque as an acquirer does.
func TestNEO2Card(t *testing.T) {
	for entry, want := range map[idtechsim.Entry]string{idtechsim.Tapped: "contactless", idtechsim.TappedMSD: "contactless", idtechsim.Inserted: "chip"} {
		for _, aes := range []bool{false, true} {
			atNEO2(t, idtechsim.Options{AES: aes}, func(l *lane) {
				if l.info.Serial != "SIM0000001" || l.info.Level != "neo2: a valid key, encryption on, no results in plain" || hex.EncodeToString(l.info.KSN) != "ffff9876543210e00001" {
					t.Errorf("%+v", l.info)
				}
				card := idtechsim.TestCardOfBothTracks()
				card.Entry = entry
				got, err := l.draw(card)
				if err != nil {
					t.Fatal(err)
				}
				if got.Format != "idtech-neo2" || got.Reader != "SIM0000001" || got.BIN != "411111" || got.Last4 != "1111" || got.Expiry != "3012" || got.Brand != "visa" ||
					got.Entry != want || got.Chip || got.Hash != nil || hex.EncodeToString(got.KSN) != "ffff9876543210e00001" {
					t.Errorf("%+v", got)
				}
				wantOpens(t, &got, aes)
				if fmt.Sprint(l.told) != "[present_card reading]" {
					t.Errorf("told %v", l.told)
				}
			})
		}
	}
}

// wantOpens decrypts what is opaque, and looks that nothing else is there.
func wantOpens(t *testing.T, got *drivers.Swipe, aes bool) {
	t.Helper()
	result, err := neo2.ParseResult(got.Opaque)
	if err != nil || result.AES() != aes || result.Expiry != nil || strings.Contains(string(got.Opaque), "DOE") {
		t.Fatalf("%x, %v", got.Opaque, err)
	}
	open := dukpt.Decrypt
	if aes {
		open = dukpt.DecryptAES
	}
	track, err := open(dukpt.TestBaseKey(), got.KSN, result.Track2)
	if err != nil || !strings.HasPrefix(hex.EncodeToString(track), "4111111111111111d3012") {
		t.Errorf("track 2 opens as %x, %v", track, err)
	}
	number, err := open(dukpt.TestBaseKey(), got.KSN, result.PAN)
	if err != nil || !strings.HasPrefix(hex.EncodeToString(number), "4111111111111111") {
		t.Errorf("the number opens as %x, %v", number, err)
	}
}

// TestNEO2Stripe draws a stripe: it comes as the older readers tell it, and so are its rules.
func TestNEO2Stripe(t *testing.T) {
	card := idtechsim.TestCardOfBothTracks()
	card.Entry = idtechsim.Drawn
	atNEO2(t, idtechsim.Options{}, func(l *lane) {
		got, err := l.draw(card)
		if err != nil || got.Format != "idtech" || got.Entry != "stripe" || got.Last4 != "1111" || len(got.Hash) != 20 {
			t.Errorf("%+v, %v", got, err)
		}
		card.Chip = true
		_, err = l.draw(card)
		l.wantCode(err, "use_chip")
		card.Entry = idtechsim.Inserted
		if got, err := l.draw(card); err != nil || got.Entry != "chip" {
			t.Errorf("the chip: %+v, %v", got, err)
		}
		card.Entry, card.Do = idtechsim.Drawn, idtechsim.ClearFlag
		_, err = l.draw(card)
		l.wantCode(err, "reader_in_clear")
	})
}

// TestEverythingANEO2ReaderDoes plays what readers do, in pieces of any size, each between two good cards. "" is a card that is taken, "silence" one that
// nothing is told of.
func TestEverythingANEO2ReaderDoes(t *testing.T) {
	for do, want := range map[idtechsim.Do]pos.ErrorCode{
		idtechsim.Read:         "",
		idtechsim.Unreadable:   "card_unreadable",
		idtechsim.WrongCRC:     "card_unreadable",
		idtechsim.WrongFields:  "", // a zero behind the objects is filling
		idtechsim.Cut:          "card_unreadable",
		idtechsim.Repeat:       "reader_replay",
		idtechsim.Backwards:    "reader_replay",
		idtechsim.NoKSN:        "reader_replay",
		idtechsim.OtherKey:     "reader_replay",
		idtechsim.ClearFlag:    "reader_in_clear",
		idtechsim.Unmasked:     "reader_in_clear",
		idtechsim.WhiteListed:  "reader_in_clear",
		idtechsim.NoCard:       "silence",
		idtechsim.SilentReader: "silence",
	} {
		for _, chunk := range []int{0, 1, 7} {
			t.Run(string(do), func(t *testing.T) {
				atNEO2(t, idtechsim.Options{Chunk: chunk, Pause: 20 * time.Millisecond}, func(l *lane) {
					l.take(idtechsim.TestCardOfBothTracks())
					l.take(idtechsim.TestCard())
					card := idtechsim.TestCardOfBothTracks()
					card.Do, card.Bytes, card.Junk, card.Seen = do, 77, []byte("\xFFViVO\x02\x03"), true
					_, err := l.draw(card)
					for range 4 { // a reader that says nothing at all is asked again at some time
						if do == idtechsim.SilentReader {
							_, err = l.read()
						}
					}
					switch {
					case want == "silence" && errors.Is(err, context.DeadlineExceeded):
					case want != "" || err != nil:
						l.wantCode(err, want)
					}
					time.Sleep(time.Second)
					l.take(idtechsim.TestCardOfBothTracks())
				})
			})
		}
	}
}

// TestNEO2Tampered refuses a reader that says that it was opened, at a card and at each opening after it.
func TestNEO2Tampered(t *testing.T) {
	atNEO2(t, idtechsim.Options{}, func(l *lane) {
		card := idtechsim.TestCard()
		card.Do = idtechsim.Tampered
		_, err := l.draw(card)
		l.wantCode(err, "reader_tampered")
		_, err = l.draw(idtechsim.TestCard())
		l.wantCode(err, "device_unavailable")
		_, err = l.reader.Open(context.Background())
		l.wantCode(err, "reader_tampered")
	})
}

// TestWhatANEO2ReaderDoesNotTell opens readers that do not know some of the questions: one proof is enough, and none is not.
func TestWhatANEO2ReaderDoesNotTell(t *testing.T) {
	for name, c := range map[string]struct {
		unknown []byte
		level   string
		want    string
	}{
		"no flag":                  {[]byte{neo2.Encryption}, "3", "neo2: a valid key, no results in plain"},
		"no key, no flag":          {[]byte{neo2.Encryption, neo2.Keys}, "3", "neo2: no results in plain"},
		"no key, no flag, clear":   {[]byte{neo2.Encryption, neo2.Keys}, "1", "reader_in_clear"},
		"no serial":                {[]byte{neo2.Serial}, "3", "neo2: a valid key, encryption on, no results in plain"},
		"no key known, flag off":   {[]byte{neo2.Keys, neo2.Poll}, "2", "reader_in_clear"},
		"key and flag, but plain":  {nil, "2", "reader_in_clear"},
		"no proof at all":          {[]byte{neo2.Encryption, neo2.Keys, neo2.Poll}, "3", "reader_in_clear"},
		"a key is proof":           {[]byte{neo2.Encryption, neo2.Poll}, "3", "neo2: a valid key"},
		"nothing but a plain poll": {[]byte{neo2.Encryption, neo2.Keys, neo2.Serial}, "2", "reader_in_clear"},
	} {
		t.Run(name, func(t *testing.T) {
			inLane(t, idtechsim.Options{NEO2: true, Unknown: c.unknown, Level: c.level}, map[string]string{"protocol": "neo2"}, func(l *lane) {
				info, err := l.reader.Open(context.Background())
				if strings.HasPrefix(c.want, "neo2") {
					if err != nil || info.Level != c.want {
						t.Errorf("%+v, %v", info, err)
					}
					l.take(idtechsim.TestCard())
					return
				}
				l.wantCode(err, pos.ErrorCode(c.want))
			})
		})
	}
}

// TestArm asks for a card only while a sale waits for one, tells its amount, and drops what was read for another sale.
func TestArm(t *testing.T) {
	atNEO2(t, idtechsim.Options{Hold: time.Second}, func(l *lane) {
		var amounts []string
		l.sim.Observe(func(e idtechsim.Event) {
			if e.Moment == idtechsim.Asked {
				amounts = append(amounts, hex.EncodeToString(e.Amount))
			}
		})
		armer := l.reader.(drivers.Armer)
		armer.Arm(pos.Money{Currency: "EUR"})
		if _, err := l.draw(idtechsim.TestCard()); !errors.Is(err, context.DeadlineExceeded) || l.sim.Memory().Swipes > 0 {
			t.Errorf("without a sale: %v, %+v", err, l.sim.Memory())
		}
		armer.Arm(pos.Money{Amount: 77, Currency: "EUR"})
		if _, err := l.read(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("without a card: %v", err)
		}
		armer.Arm(pos.Money{Currency: "EUR"})
		_, _ = l.read()
		if _, err := l.draw(idtechsim.TestCard()); !errors.Is(err, context.DeadlineExceeded) || l.sim.Memory().Swipes > 0 {
			t.Errorf("the question was not taken back: %v, %+v", err, l.sim.Memory())
		}
		armer.Arm(pos.Money{Amount: 1_000_000_000_000, Currency: "EUR"})
		if _, _ = l.read(); l.told[len(l.told)-1] != "amount_invalid" {
			t.Errorf("told %v", l.told)
		}
		armer.Arm(pos.Money{Amount: 123456789012, Currency: "EUR"})
		l.take(idtechsim.TestCard())
		frame, err := l.sim.Draw(idtechsim.TestCard())
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			time.Sleep(2 * time.Second)
			armer.Arm(pos.Money{Amount: 5, Currency: "JPY"})
			if err := l.sim.Send(frame); err != nil {
				t.Error(err)
			}
		}()
		if got, err := l.read(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a card of another sale: %v, %v", got, err)
		}
		l.take(idtechsim.TestCard())
		synctest.Wait()
		if fmt.Sprint(amounts) != "[000000000077 123456789012 123456789012 000000000005]" {
			t.Errorf("asked for %v", amounts)
		}
	})
}

// TestNEO2AsksAgain goes on asking when no card came in the reader's time.
func TestNEO2AsksAgain(t *testing.T) {
	atNEO2(t, idtechsim.Options{}, func(l *lane) {
		var asked atomic.Int32
		l.sim.Observe(func(e idtechsim.Event) {
			if e.Moment == idtechsim.Asked {
				asked.Add(1)
			}
		})
		ctx, done := context.WithTimeout(context.Background(), 200*time.Second)
		defer done()
		if _, err := l.reader.Read(ctx, func(drivers.Progress) {}); !errors.Is(err, context.DeadlineExceeded) || asked.Load() != 7 {
			t.Errorf("%v, asked %d times", err, asked.Load())
		}
	})
}

// TestNEO2IsNotHurried asks a reader that gives up at once no more than once a second.
func TestNEO2IsNotHurried(t *testing.T) {
	atNEO2(t, idtechsim.Options{}, func(l *lane) {
		card := idtechsim.TestCard()
		card.Do = idtechsim.Unreadable
		begin := time.Now()
		for range 5 {
			_, err := l.draw(card)
			l.wantCode(err, "card_unreadable")
		}
		if took := time.Since(begin); took < 4*time.Second || took > 6*time.Second {
			t.Errorf("five in %v", took)
		}
	})
}

// TestNEO2KeysComeToTheirEnd warns, uses the last key, and refuses.
func TestNEO2KeysComeToTheirEnd(t *testing.T) {
	atNEO2(t, idtechsim.Options{KSN: []byte{0xFF, 0xFF, 0x98, 0x76, 0x54, 0x32, 0x10, 0xFF, 0xF4, 0x00}}, func(l *lane) {
		if l.info.Notice == "" {
			t.Error("no notice at the opening")
		}
		l.take(idtechsim.TestCard())
		_, err := l.draw(idtechsim.TestCard())
		l.wantCode(err, "card_unreadable")
		if !strings.Contains(fmt.Sprint(l.told), "keys_low") {
			t.Errorf("told %v", l.told)
		}
		_, err = l.reader.Open(context.Background())
		l.wantCode(err, "reader_keys_used_up")
	})
}

// TestAuto finds out at each opening what is plugged in: a stripe reader does not notice the ping, and one of contactless cards is asked with the amount.
func TestAuto(t *testing.T) {
	for _, isNEO2 := range []bool{false, true} {
		inLane(t, idtechsim.Options{NEO2: isNEO2}, map[string]string{"protocol": "auto"}, func(l *lane) {
			if _, err := l.read(); err == nil {
				t.Error("it was not opened")
			}
			l.reader.(drivers.Armer).Arm(pos.Money{Amount: 5, Currency: "EUR"})
			for range 2 {
				l.open()
				got, err := l.draw(idtechsim.TestCard())
				if err != nil || (got.Entry == "contactless") != isNEO2 || strings.HasPrefix(l.info.Level, "neo2") != isNEO2 {
					t.Errorf("%+v, %+v, %v", l.info, got, err)
				}
			}
			if err := l.reader.Close(context.Background()); err != nil {
				t.Error(err)
			}
			l.sim.Mute(true)
			_, err := l.reader.Open(context.Background())
			l.wantCode(err, "device_unavailable")
		})
	}
}

// TestClose takes the question for a card back: nobody is asked for one when the till has gone.
func TestClose(t *testing.T) {
	atNEO2(t, idtechsim.Options{}, func(l *lane) {
		_, _ = l.read()
		if err := l.reader.Close(context.Background()); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second)
		if err := l.sim.Swipe(idtechsim.TestCard()); err != nil || l.sim.Memory().Swipes != 0 {
			t.Errorf("%v, %+v", err, l.sim.Memory())
		}
	})
}
