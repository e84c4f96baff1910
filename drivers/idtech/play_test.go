package idtech_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers/idtech/codec"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/idtechsim"
)

// TestEverythingAReaderDoes plays what readers do, one course after the other, each between two good cards. "" is a card that is taken, "silence" one that
// nothing is told of.
func TestEverythingAReaderDoes(t *testing.T) {
	for do, want := range map[idtechsim.Do]pos.ErrorCode{
		idtechsim.Read:         "",
		idtechsim.Unreadable:   "card_unreadable",
		idtechsim.WrongLRC:     "card_unreadable",
		idtechsim.WrongSum:     "card_unreadable",
		idtechsim.WrongEnd:     "card_unreadable",
		idtechsim.WrongFields:  "card_unreadable",
		idtechsim.Cut:          "card_unreadable",
		idtechsim.Repeat:       "reader_replay",
		idtechsim.Backwards:    "reader_replay",
		idtechsim.NoKSN:        "reader_replay",
		idtechsim.FixedKey:     "reader_replay",
		idtechsim.OtherKey:     "reader_replay",
		idtechsim.ClearFlag:    "reader_in_clear",
		idtechsim.Unmasked:     "reader_in_clear",
		idtechsim.ClearText:    "reader_in_clear",
		idtechsim.SilentReader: "silence",
	} {
		for _, chunk := range []int{0, 1, 7} {
			t.Run(string(do), func(t *testing.T) {
				inLane(t, idtechsim.Options{Chunk: chunk, Pause: 20 * time.Millisecond}, nil, func(l *lane) {
					l.open()
					l.take(idtechsim.TestCardOfBothTracks())
					l.take(idtechsim.TestCard())
					card := idtechsim.TestCardOfBothTracks()
					card.Do, card.Bytes, card.Junk = do, 77, []byte{0xFF, 0x00, 0x03}
					_, err := l.draw(card)
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

func (l *lane) take(c idtechsim.Card) {
	l.t.Helper()
	if _, err := l.draw(c); err != nil {
		l.t.Fatal(err)
	}
}

// TestBackToBack reads three cards that came in one piece, with a reply between them that nobody asked for.
func TestBackToBack(t *testing.T) {
	inLane(t, idtechsim.Options{}, nil, func(l *lane) {
		l.open()
		card := idtechsim.TestCard()
		late := idtechsim.TestCardOfBothTracks()
		late.Junk = []byte{0x06}
		if err := l.sim.Swipe(card, late, card); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if _, err := l.read(); err != nil {
				t.Error(err)
			}
		}
	})
}

// TestMasks refuses a track that shows more than a receipt may, however the reader is set, and takes one that shows less.
func TestMasks(t *testing.T) {
	for name, c := range map[string]struct {
		pre, post byte
		want      pos.ErrorCode
	}{"nothing": {'0', '0', ""}, "last four": {'0', '4', ""}, "six and four": {'6', '4', ""}, "more": {'9', '4', "reader_in_clear"}} {
		t.Run(name, func(t *testing.T) {
			keep := map[string]string{"bin": "keep"}
			inLane(t, idtechsim.Options{Settings: map[byte][]byte{codec.PrePAN: {c.pre}, codec.PostPAN: {c.post}}}, keep, func(l *lane) {
				l.open()
				got, err := l.draw(idtechsim.TestCard())
				if c.want != "" {
					l.wantCode(err, c.want)
					return
				}
				if err != nil || (got.BIN == "") != (c.pre == '0') || (got.Last4 == "") != (c.post == '0') {
					t.Errorf("BIN %q, last four %q, %v", got.BIN, got.Last4, err)
				}
			})
		})
	}
}
