package ecr17

import (
	"bytes"
	"context"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/ecr17/codec"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/pos"
)

// How long the till waits for receipts. Nobody gives a time; one that is missed can be had by a reprint.
const (
	firstReceipt = 5 * time.Second        // for the first frame behind the result
	firstRefusal = time.Second            // for that of a refusal, which may have none
	nextReceipt  = 5 * time.Second        // for the next frame of one that has no end yet
	moreReceipts = 500 * time.Millisecond // for another receipt behind the end of one
)

// mostReceipt is the longest text that is kept of one command's receipts.
const mostReceipt = 1 << 16

// wantReceipts asks for the receipts of the next command as texts: the terminal falls back to printing after each. One that does not know the message
// prints by itself, and told is false.
func (t *terminal) wantReceipts(ctx context.Context) (told bool, err error) {
	if !t.options.toUs {
		return false, nil
	}
	m := codec.New('E', t.options.terminalID, 11)
	m.Number(11, 11, 1)
	err = t.line.Send(ctx, m, stx.Sending{Wait: t.options.ack, Sends: sends, Silent: sends})
	if passesNAK(err) {
		return false, nil
	}
	return err == nil, err
}

// Reprint has the terminal print its last receipt again, or tell it where the till prints.
func (t *terminal) Reprint(ctx context.Context, _ func(drivers.Progress)) ([]drivers.Receipt, error) {
	m := codec.New('R', t.options.terminalID, 22)
	if t.options.toUs {
		m.Number(11, 11, 1)
	}
	if err := t.line.Send(ctx, m, stx.Sending{Wait: t.options.ack, Sends: sends, Silent: 1}); passesNAK(err) {
		return nil, pos.NewError(terminalRefused, pos.Permanent, pos.NoneMoved, "The card terminal does not print its last receipt again.",
			"It may have none, or not know this function; try it in the terminal's own menu.").Because(err)
	} else if err != nil {
		return nil, t.unavailable(err)
	}
	if !t.options.toUs {
		return nil, nil
	}
	text := t.collect(ctx, nil, answerTime)
	defer clear(text)
	return receiptsOf(text), nil
}

// collect takes the frames of receipts, each of which is acknowledged, until no more come. A wire that is lost meanwhile shows at its next use.
func (t *terminal) collect(ctx context.Context, text []byte, first time.Duration) []byte {
	for until := time.Now().Add(first); ; {
		e, err := t.line.Next(ctx, until)
		if err != nil {
			return text
		}
		switch {
		case e.Kind == stx.GotFrame && replies(e.Payload, "S"):
			text = appendReceipt(text, e.Payload)
			until = time.Now().Add(nextReceipt)
			if bytes.HasSuffix(text, []byte{endOfReceipt}) {
				until = time.Now().Add(moreReceipts)
			}
			err = t.line.Accept(&e)
		case e.Kind == stx.GotFrame && t.known(&e):
			err = t.line.Accept(&e)
		}
		if e.Wipe(); err != nil {
			return text
		}
	}
}

// appendReceipt adds a frame's text. Where the text has to grow, nothing is left behind: a card's number may be in it.
func appendReceipt(text, payload []byte) []byte {
	piece := payload[min(len(payload), receiptAt):]
	if len(text)+len(piece) > mostReceipt {
		return text
	}
	if len(text)+len(piece) > cap(text) {
		grown := make([]byte, len(text), 2*(len(text)+len(piece)))
		for i := range text { // byte by byte, as the link's decoder explains
			grown[i], text[i] = text[i], 0
		}
		text = grown
	}
	at := len(text)
	text = text[:at+len(piece)]
	for i := range piece {
		text[at+i] = piece[i]
	}
	return text
}

// receiptAt is where the text begins in a frame of a receipt.
const receiptAt = 10
