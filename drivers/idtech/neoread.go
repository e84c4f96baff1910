package idtech

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/idtech/neo2"
	"github.com/tillproof/tillproof/pos"
)

const (
	// askSeconds is how long the reader asks for a card before it says that none came; then it is asked again.
	askSeconds = 30
	// overdue is when it should have said something, with the time that a card may take.
	overdue = (askSeconds + 15) * time.Second
	// pollPause is how often a reader is polled that wants to be.
	pollPause = 500 * time.Millisecond
	// pace is how often it is asked for one sale at most, however fast it gives up.
	pace = time.Second
	// mostAmount has the twelve digits of tag 9F02.
	mostAmount = 999_999_999_999
)

// Read implements [drivers.CardReader]. The question for a card outlives ctx, and so does what has come of an answer: the next call goes on with both.
func (r *neo) Read(ctx context.Context, progress func(drivers.Progress)) (drivers.Swipe, error) {
	if !r.proven {
		return drivers.Swipe{}, unopened()
	}
	for told := false; ; {
		if err := ctx.Err(); err != nil {
			return drivers.Swipe{}, err
		}
		if err := r.keepAsking(ctx, progress); err != nil {
			return drivers.Swipe{}, r.unavailable(err)
		}
		ev, err := r.listen(r.until(ctx))
		if err != nil && !errors.Is(err, drivers.ErrQuiet) {
			return drivers.Swipe{}, r.unavailable(err)
		}
		if !told && (r.decoder.Reading() || isResult(&ev) && ev.Status == neo2.CardSeen) {
			told = true
			progress(drivers.Progress{Code: "reading", Text: "The card is being read"})
		}
		if swipe, err := r.heard(&ev); err != nil || swipe.KSN != nil {
			if err == nil {
				warnOfKeys(swipe.KSN, progress)
			}
			return swipe, err
		}
	}
}

// keepAsking sees to it that the reader asks for a card for the sale that waits, and for none where none does. Who never told of a sale wants all cards.
func (r *neo) keepAsking(ctx context.Context, progress func(drivers.Progress)) error {
	wanted := r.wanted.Load()
	silent := !r.decoder.Partial() && time.Since(r.since) > overdue
	if r.asking && (wanted != r.asked || silent) {
		r.asking = false // what was read for another sale meanwhile is dropped while the answer is waited for
		if _, err := r.ask(ctx, neo2.Cancel, neo2.CancelSub); err != nil {
			return err
		}
	}
	if r.asking && r.polls && !r.decoder.Partial() && time.Since(r.polled) >= pollPause {
		r.polled = time.Now()
		return r.write(neo2.RequestFrame(neo2.Poll, neo2.ResultSub))
	}
	if r.asking || r.decoder.Partial() || wanted != nil && wanted.Amount == 0 || wanted == r.asked && time.Since(r.since) < pace {
		return nil
	}
	if wanted != nil && wanted.Amount > mostAmount {
		r.asked, r.since = wanted, time.Now()
		progress(drivers.Progress{Code: "amount_invalid", Text: "This card reader takes no amount of more than twelve digits. Take another tender."})
		return nil
	}
	if err := r.write(neo2.RequestFrame(neo2.Activate, neo2.ActivateSub, activation(wanted)...)); err != nil {
		return err
	}
	r.asking, r.polls, r.asked, r.since = true, false, wanted, time.Now()
	progress(drivers.Progress{Code: "present_card", Text: "Hold the card to the reader, put it in or swipe it."})
	return nil
}

// activation is what the reader is told of a sale: how long to wait, and where there is one its amount, kind (a purchase) and currency.
func activation(sale *pos.Money) []byte {
	data := []byte{askSeconds}
	if sale == nil {
		return data
	}
	data = neo2.AppendTLV(data, neo2.Amount, packed(int64(sale.Amount), 6))
	data = neo2.AppendTLV(data, neo2.TransactionType, []byte{0})
	data = neo2.AppendTLV(data, neo2.CurrencyCode, packed(int64(sale.Currency.Numeric()), 2))
	return neo2.AppendTLV(data, neo2.CurrencyExp, []byte{byte(sale.Currency.Exponent())})
}

// packed is the last digits of a number, two a byte.
func packed(n int64, size int) []byte {
	b := make([]byte, size)
	for i := size - 1; i >= 0; i-- {
		b[i] = byte(n%10 | n/10%10<<4)
		n /= 100
	}
	return b
}

// isResult says whether a reply to the question for a card, or to a poll for its result, has come.
func isResult(ev *neo2.Event) bool {
	return ev.Kind == neo2.Whole && !ev.Request && (ev.Command == neo2.Activate || ev.Command == neo2.Poll)
}

// heard judges what has come, and wipes it. Neither a swipe nor an error says that it was nothing of a card.
func (r *neo) heard(ev *neo2.Event) (drivers.Swipe, error) {
	switch {
	case ev.Kind == neo2.Bad:
		r.damaged++
		r.asking = false // it may have been the answer
		return drivers.Swipe{}, r.unreadable("The card could not be read.", ev.Err)
	case !isResult(ev) || ev.Status == neo2.CardSeen:
		return drivers.Swipe{}, nil
	case r.isNoneYet(ev):
		r.decoder.Wipe()
		return drivers.Swipe{}, nil
	}
	defer r.decoder.Wipe()
	wanted := r.wanted.Load()
	another := wanted != r.asked || wanted != nil && !r.asking
	r.asking = false
	swipe, err := r.judged(ev)
	if another && (err == nil || asksAgain(err)) { // it was read for a sale that waits no more, or that nobody has told us of
		swipe.Wipe()
		return drivers.Swipe{}, nil
	}
	return swipe, err
}

// isNoneYet says whether a reader has only taken the question for a card, or has no result of it when it is polled, or that of the card before.
func (r *neo) isNoneYet(ev *neo2.Event) bool {
	if ev.Command == neo2.Activate {
		r.polls = r.asking && ev.Status == neo2.OK && len(ev.Data) == 0
		return r.polls
	}
	if !r.polls {
		return false
	}
	result, err := neo2.ParseResult(ev.Data)
	return len(ev.Data) == 0 && (ev.Status == neo2.OK || ev.Status == neo2.Failed) ||
		err == nil && r.swiped && !result.Clear() && bytes.Equal(result.KSN, r.last)
}

// asksAgain says whether an error is only about the card, and no alarm.
func asksAgain(err error) bool {
	var known *pos.Error
	return errors.As(err, &known) && (known.Code == cardUnreadable || known.Code == useChip)
}

// judged is what an answer says.
func (r *neo) judged(ev *neo2.Event) (drivers.Swipe, error) {
	switch ev.Status {
	case neo2.OK, neo2.AskOnline:
		return r.card(ev.Data)
	case neo2.TimedOut, neo2.DamagedCRC: // it is asked again
		return drivers.Swipe{}, nil
	case neo2.Tampered:
		r.proven = false
		return drivers.Swipe{}, tampered()
	case neo2.UnknownCmd, neo2.UnknownSub, neo2.BadParameter, neo2.NotAllowed, neo2.SubNotAllowed:
		r.proven = false
		return drivers.Swipe{}, pos.NewError(deviceUnavailable, pos.Transient, pos.NoneMoved,
			fmt.Sprintf("The card reader does not ask for cards: %s. No money moved.", neo2.StatusText(ev.Status)),
			"Look whether it is set up for payments (its seller's program); it is opened again by itself.")
	}
	return drivers.Swipe{}, r.unreadable("The card could not be read.", errors.New(neo2.StatusText(ev.Status)))
}
