package acquirer

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/tillproof/tillproof/drivers/idtech/codec"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/dukpt"
	proto "github.com/tillproof/tillproof/sync/acquirer"
)

var _ proto.Cards = (*Acquirer)(nil)

// errCard is why a swipe is refused. It quotes nothing of the card.
var errCard = errors.New("simulated acquirer: no card can be read in the swipe")

// AuthoriseCard is [proto.Cards.AuthoriseCard]. Whether the card pays does not depend on its number: that is planned as for a code.
func (a *Acquirer) AuthoriseCard(ctx context.Context, order proto.Order, card proto.Swipe) (proto.Answer, error) {
	a.queued(order.Ref)
	opened := a.openCard(card)
	var answer proto.Answer
	err := a.deliver(ctx, order.Ref, func() error {
		answer = a.authoriseCard(order, opened)
		return nil
	})
	return answer, err
}

// authoriseCard carries the call out. The mutex is held.
func (a *Acquirer) authoriseCard(order proto.Order, opened error) proto.Answer {
	if b := a.accounts[order.Ref]; b != nil {
		a.overtaken(b, order)
		return b.answer()
	}
	b := a.open(order, pos.Card, proto.Waiting)
	a.happened(Opened, b, order.Amount)
	if opened != nil {
		a.decline(b, CardUnread, "CARD_UNREADABLE", "The card's data cannot be read.")
		return b.answer()
	}
	a.play(b)
	return b.answer()
}

// CaptureCard is [proto.Cards.CaptureCard]. What another try needs is remembered: that the card was read, and nothing of the card.
func (a *Acquirer) CaptureCard(ctx context.Context, order proto.Order, captureID string, card proto.Swipe) (proto.Answer, error) {
	opened := a.openCard(card)
	a.mu.Lock()
	c := a.captureOf(order)
	c.cards++
	if c.read = c.read || opened == nil; !c.read {
		a.events = append(a.events, Event{Moment: CardUnread, Ref: order.Ref, Order: order.OrderRef, Amount: order.Amount, At: time.Now().UnixMilli()})
	}
	a.unlock()
	return a.Capture(ctx, order, captureID)
}

// Cards counts how often card data came to be collected by. After a try was decided none should come.
func (a *Acquirer) Cards(ref string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	if c := a.captures[ref]; c != nil {
		return c.cards
	}
	return 0
}

// unread refuses to collect by a card that was never read.
func unread(c *capture) (proto.Answer, bool) {
	if c.read || c.order.Scheme != readerScheme {
		return proto.Answer{}, false
	}
	return proto.Answer{State: proto.Declined, Code: "CARD_UNREADABLE", Text: "The card's data cannot be read, or never came.", At: time.Now().UnixMilli()}, true
}

// readerScheme is the scheme of cards of readers.
const readerScheme = "card_reader"

// account puts money that was collected by a card into the books: no card terminal counts it. The mutex is held.
func (a *Acquirer) account(c *capture) {
	if c.order.Scheme != readerScheme {
		return
	}
	b := a.open(c.order, pos.Card, proto.Paid)
	b.transaction, b.charged, b.charges = c.transaction, c.taken.Amount, 1
}

// openCard decrypts a swipe under the public test key and checks that the reader has shown the same card. What is decrypted is wiped at once.
func (a *Acquirer) openCard(swipe proto.Swipe) error {
	if swipe.Format == chipFormat {
		return openChip(swipe)
	}
	card, err := codec.ParseCard(swipe.Opaque)
	if err != nil || swipe.Format != "idtech" || !bytes.Equal(card.KSN, swipe.KSN) {
		return errCard
	}
	use := dukpt.Data
	if card.F8&(1<<6) != 0 {
		use = dukpt.PIN
	}
	for _, track := range []struct {
		secret     []byte
		begin, end byte
	}{{card.Encrypted[1], ';', '='}, {card.Encrypted[0], 'B', '^'}} {
		if len(track.secret) == 0 {
			continue
		}
		clear, err := dukpt.DecryptFor(dukpt.TestBaseKey(), swipe.KSN, track.secret, use)
		if err != nil {
			return errCard
		}
		fits := fits(numberIn(clear, track.begin, track.end), swipe)
		wipe(clear)
		if !fits {
			return errCard
		}
		return nil
	}
	return errCard
}

// numberIn finds the card number between two signs of a track, nil for none.
func numberIn(track []byte, begin, end byte) []byte {
	_, rest, found := bytes.Cut(track, []byte{begin})
	number, _, ended := bytes.Cut(rest, []byte{end})
	if !found || !ended || len(number) < 12 || len(number) > 19 {
		return nil
	}
	return number
}

// fits says whether a number has its check digit and looks as the reader has shown it.
func fits(number []byte, shown proto.Swipe) bool {
	for _, c := range number {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(number) > 0 && pos.CheckDigit(len(number), func(i int) byte { return number[i] - '0' }) &&
		bytes.HasPrefix(number, []byte(shown.BIN)) && bytes.HasSuffix(number, []byte(shown.Last4))
}

// wipe overwrites what was decrypted.
func wipe(b []byte) {
	for i := range b {
		b[i] = 0
	}
}
