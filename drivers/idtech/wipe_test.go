package idtech

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/idtech/codec"
	"github.com/tillproof/tillproof/simulator/idtechsim"
)

// cable is a wire that brings what it was given, and then silence.
type cable struct {
	drivers.Conn
	bytes []byte
}

func (c *cable) Read(b []byte) (int, error) {
	if len(c.bytes) == 0 {
		return 0, errors.New("unplugged")
	}
	n := copy(b, c.bytes)
	c.bytes = c.bytes[n:]
	return n, nil
}

func (c *cable) SetReadDeadline(time.Time) error { return nil }

// proven is a reader that has proved itself, on a wire with bytes under way.
func proven(input []byte) *reader {
	r := &reader{head: &head{wire: drivers.NewReader(&cable{bytes: input}), options: defaults(), proven: true, serial: "SIM0000001"}}
	return r
}

// TestNothingStays looks for the card in everything that the driver holds after a swipe, a damaged one, and one in clear.
func TestNothingStays(t *testing.T) {
	for _, do := range []idtechsim.Do{idtechsim.Read, idtechsim.WrongLRC, idtechsim.Cut, idtechsim.ClearFlag, idtechsim.ClearText, idtechsim.Unmasked, idtechsim.Repeat} {
		sim, err := idtechsim.New(idtechsim.Options{Settings: map[byte][]byte{codec.Enhanced: {'1'}, codec.PrePAN: {'6'}}})
		if err != nil {
			t.Fatal(err)
		}
		card := idtechsim.TestCardOfBothTracks()
		card.Do, card.Bytes = do, 60
		frame, err := sim.Draw(card)
		if err != nil {
			t.Fatal(err)
		}
		r := proven(frame)
		swipe, _ := r.Read(context.Background(), func(drivers.Progress) {})
		swipe.Wipe()
		wantNone(t, do, fmt.Sprint(&r.decoder))
		_, _ = r.Read(context.Background(), func(drivers.Progress) {}) // to the end of the wire
		wantNone(t, do, fmt.Sprint(r.wire, &r.decoder))
	}
}

// wantNone looks for the card in what prints a driver's bytes as numbers.
func wantNone(t *testing.T, do idtechsim.Do, held string) {
	t.Helper()
	for _, secret := range []string{"411111", "DOE"} {
		numbers := strings.Trim(fmt.Sprintf("%d", []byte(secret)), "[]")
		if strings.Contains(held, numbers) {
			t.Errorf("%s: the driver still holds %d characters of the card", do, len(secret))
		}
	}
}

// FuzzRead sends anything to a reader that has proved itself: what it takes is a whole swipe without a track in clear.
func FuzzRead(f *testing.F) {
	for _, do := range []idtechsim.Do{idtechsim.Read, idtechsim.ClearFlag, idtechsim.Unmasked, idtechsim.NoKSN} {
		sim, err := idtechsim.New(idtechsim.Options{Settings: map[byte][]byte{codec.Enhanced: {'1'}, codec.PrePAN: {'6'}}})
		if err != nil {
			f.Fatal(err)
		}
		card := idtechsim.TestCardOfBothTracks()
		card.Do = do
		frame, err := sim.Draw(card)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(frame[3 : len(frame)-3])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) < codec.MinCardData || len(data) > codec.MaxCardData {
			return
		}
		r := proven(codec.SwipeFrame(data))
		r.conn = &deadCable{}
		swipe, err := r.Read(context.Background(), func(drivers.Progress) {})
		if err != nil {
			return
		}
		card, err := codec.ParseCard(swipe.Opaque)
		if err != nil || card.Clear() || !card.Encrypts() || len(swipe.KSN) != drivers.KSNSize {
			t.Errorf("taken: %+v, %v", card, err)
		}
		if len(swipe.BIN) > 6 || len(swipe.Last4) > 4 || len(swipe.Expiry) > 4 {
			t.Errorf("it shows %q, %q, %q", swipe.BIN, swipe.Last4, swipe.Expiry)
		}
	})
}

// deadCable takes no request.
type deadCable struct{ drivers.Conn }

func (*deadCable) SetWriteDeadline(time.Time) error { return errors.New("unplugged") }
