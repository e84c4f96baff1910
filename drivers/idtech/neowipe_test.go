package idtech

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/drivertest"
	"github.com/tillproof/tillproof/drivers/idtech/neo2"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/idtechsim"
)

// deaf is a cable that brings what it was given and takes every request.
type deaf struct{ cable }

func (*deaf) SetWriteDeadline(time.Time) error { return nil }
func (*deaf) Write(b []byte) (int, error)      { return len(b), nil }

func provenNEO2(input []byte) (*neo, *head) {
	conn := &deaf{cable{bytes: input}}
	h := &head{conn: conn, wire: drivers.NewReader(conn), options: defaults(), proven: true, serial: "SIM0000001"}
	return newNeo(h), h
}

// drawn is what a card puts on the line of a reader of chip and contactless cards.
func drawn(t testing.TB, card idtechsim.Card) []byte {
	t.Helper()
	sim, err := idtechsim.New(idtechsim.Options{NEO2: true})
	if err != nil {
		t.Fatal(err)
	}
	frame, err := sim.Draw(card)
	if err != nil {
		t.Fatal(err)
	}
	return frame
}

// TestNothingStaysOfNEO2 looks for the card in everything that the driver holds after one that was read, a damaged one, and those in clear.
func TestNothingStaysOfNEO2(t *testing.T) {
	for _, do := range []idtechsim.Do{idtechsim.Read, idtechsim.WrongCRC, idtechsim.Cut, idtechsim.ClearFlag, idtechsim.Unmasked, idtechsim.WhiteListed, idtechsim.Repeat} {
		card := idtechsim.TestCardOfBothTracks()
		card.Do, card.Bytes = do, 60
		r, h := provenNEO2(drawn(t, card))
		swipe, _ := r.Read(context.Background(), func(drivers.Progress) {})
		swipe.Wipe()
		wantNoPacked(t, do, fmt.Sprint(&r.decoder))
		_, _ = r.Read(context.Background(), func(drivers.Progress) {}) // to the end of the wire
		wantNoPacked(t, do, fmt.Sprint(h.wire, &r.decoder))
	}
}

// TestAReaderThatIsPolled takes a card from a reader that answers the question at once and tells of the card when it is polled, and of the card before until then.
func TestAReaderThatIsPolled(t *testing.T) {
	first := polledAs(t, drawn(t, idtechsim.TestCard()))
	sim, err := idtechsim.New(idtechsim.Options{NEO2: true, KSN: []byte{0xFF, 0xFF, 0x98, 0x76, 0x54, 0x32, 0x10, 0xE0, 0, 1}})
	if err != nil {
		t.Fatal(err)
	}
	next, err := sim.Draw(idtechsim.TestCard())
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		till, device := drivertest.Wire()
		h := &head{conn: till, wire: drivers.NewReader(till), options: defaults(), proven: true, serial: "SIM0000001"}
		r := newNeo(h)
		none, failed := neo2.ReplyFrame(neo2.Poll, neo2.OK), neo2.ReplyFrame(neo2.Poll, neo2.Failed)
		go answerPolls(device, [][]byte{none, failed, first, none, first, polledAs(t, next)})
		for _, want := range []string{"ffff9876543210e00001", "ffff9876543210e00002"} {
			ctx, done := context.WithTimeout(context.Background(), 20*time.Second)
			got, err := r.Read(ctx, func(drivers.Progress) {})
			done()
			if err != nil || fmt.Sprintf("%x", got.KSN) != want {
				t.Errorf("%x, %v, want %s", got.KSN, err, want)
			}
		}
		till.Close()
		device.Close()
	})
}

// polledAs is the answer to the question for a card as one to a poll.
func polledAs(t *testing.T, frame []byte) []byte {
	t.Helper()
	f, _, err := neo2.Split(frame)
	if err != nil {
		t.Fatal(err)
	}
	return neo2.ReplyFrame(neo2.Poll, f.Status, f.Data...)
}

// answerPolls takes every question for a card, and gives one answer after the other to polls.
func answerPolls(device *drivertest.End, answers [][]byte) {
	line := &neo2.Decoder{}
	for b := make([]byte, 1); ; {
		if _, err := device.Read(b); err != nil {
			return
		}
		switch ev := line.Feed(b[0]); {
		case ev.Kind != neo2.Whole:
		case ev.Command == neo2.Activate:
			_, _ = device.Write(neo2.ReplyFrame(neo2.Activate, neo2.OK))
		case ev.Command == neo2.Poll && len(answers) > 0:
			_, _ = device.Write(answers[0])
			answers = answers[1:]
		}
	}
}

// TestACardOfAnotherSale drops an answer that became whole at the moment at which another sale began.
func TestACardOfAnotherSale(t *testing.T) {
	frame := drawn(t, idtechsim.TestCard())
	for begun, another := range map[string]bool{"same": false, "another": true, "not asked": true} {
		r, _ := provenNEO2(nil)
		r.Arm(pos.Money{Amount: 5, Currency: "EUR"})
		r.asking, r.asked = begun != "not asked", r.wanted.Load()
		if begun == "another" {
			r.Arm(pos.Money{Amount: 5, Currency: "EUR"})
		}
		var ev neo2.Event
		for _, b := range frame {
			ev = r.decoder.Feed(b)
		}
		swipe, err := r.heard(&ev)
		if err != nil || (swipe.KSN == nil) != another || r.asking {
			t.Errorf("%s: %v, %v", begun, swipe, err)
		}
	}
}

// TestAnAlarmIsToldWhateverTheSale tells of a card in clear and of a reader that was opened, though no sale waits.
func TestAnAlarmIsToldWhateverTheSale(t *testing.T) {
	for do, want := range map[idtechsim.Do]pos.ErrorCode{idtechsim.ClearFlag: readerInClear, idtechsim.Tampered: readerTampered, idtechsim.Unreadable: ""} {
		card := idtechsim.TestCard()
		card.Do = do
		r, _ := provenNEO2(drawn(t, card))
		r.Arm(pos.Money{Currency: "EUR"})
		_, err := r.Read(context.Background(), func(drivers.Progress) {})
		var known *pos.Error
		if !errors.As(err, &known) || (known.Code != want && (want != "" || known.Code != deviceUnavailable)) { // the wire ends behind the answer
			t.Errorf("%s: %v", do, err)
		}
	}
}

// TestKeysOfAESDUKPT says that such a reader is not driven, and does not take its cards for replays.
func TestKeysOfAESDUKPT(t *testing.T) {
	r, _ := provenNEO2(neo2.ReplyFrame(neo2.Keys, neo2.OK, append([]byte{neo2.KeyValid, 12}, make([]byte, 12)...)...))
	if _, valid, err := r.key(context.Background()); valid || err == nil || !strings.Contains(err.Error(), "AES DUKPT") {
		t.Errorf("valid %v, %v", valid, err)
	}
}

// wantNoPacked looks for the card's digits and name in what prints a driver's bytes as numbers.
func wantNoPacked(t *testing.T, do idtechsim.Do, held string) {
	t.Helper()
	wantNone(t, do, held)
	for _, secret := range []string{"\x41\x11\x11\x11", "\xd3\x01\x21"} {
		if strings.Contains(held, strings.Trim(fmt.Sprintf("%d", []byte(secret)), "[]")) {
			t.Errorf("%s: the driver still holds %x", do, secret)
		}
	}
}

// FuzzReadNEO2 sends anything to a reader that has proved itself: what it takes is encrypted, and has neither name nor more digits than may be shown.
func FuzzReadNEO2(f *testing.F) {
	for _, do := range []idtechsim.Do{idtechsim.Read, idtechsim.ClearFlag, idtechsim.Unmasked, idtechsim.WhiteListed, idtechsim.NoKSN} {
		for _, entry := range []idtechsim.Entry{idtechsim.Tapped, idtechsim.Drawn} {
			if entry == idtechsim.Drawn && do == idtechsim.WhiteListed {
				continue
			}
			card := idtechsim.TestCardOfBothTracks()
			card.Do, card.Entry = do, entry
			frame := drawn(f, card)
			f.Add(frame[neoHead : len(frame)-neoTail])
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > neo2.MaxData {
			return
		}
		r, _ := provenNEO2(neo2.ReplyFrame(neo2.Activate, neo2.OK, data...))
		swipe, err := r.Read(context.Background(), func(drivers.Progress) {})
		if err != nil || swipe.Format != neoFormat {
			return
		}
		card, err := neo2.ParseResult(swipe.Opaque)
		if err != nil || card.Clear() || card.Exposed() || !card.Marked() || len(card.Track2)+len(card.PAN) == 0 || len(swipe.KSN) != drivers.KSNSize || card.Expiry != nil {
			t.Errorf("taken: %+v, %v", card, err)
		}
		if len(swipe.BIN) > 6 || len(swipe.Last4) > 4 || len(swipe.Expiry) > 4 {
			t.Errorf("it shows %q, %q, %q", swipe.BIN, swipe.Last4, swipe.Expiry)
		}
	})
}
