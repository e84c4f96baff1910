package idtech

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/idtech/neo2"
	"github.com/tillproof/tillproof/pos"
)

// neo is one reader of chip and contactless cards on one wire. It asks for a card only when it is told to, and tells of one card then. It starts no goroutine.
type neo struct {
	*head
	decoder neo2.Decoder              // of what comes; holds card data only while a frame is being read
	wanted  atomic.Pointer[pos.Money] // what the next card pays, zero for no sale; nil while nobody has said anything
	asked   *pos.Money                // wanted as it was when the reader was asked for a card
	asking  bool                      // the reader was asked for a card and has not answered
	since   time.Time                 // it was asked
	polls   bool                      // it has taken the question, and gives the card when it is polled
	polled  time.Time                 // at the latest
	spoke   bool                      // it has said something in its protocol
}

var _ drivers.Armer = (*neo)(nil)

func newNeo(h *head) *neo { return &neo{head: h} }

// Arm implements [drivers.Armer]. The wait for a card looks at it every quarter of a second.
func (r *neo) Arm(amount pos.Money) { r.wanted.Store(&amount) }

// Close wipes what has come of a card, and takes the question for one back: the reader would ask the next customer on its own.
func (r *neo) Close(ctx context.Context) error {
	if r.proven && r.asking && ctx.Err() == nil {
		_ = r.write(neo2.RequestFrame(neo2.Cancel, neo2.CancelSub)) // the question ends by itself too
	}
	r.proven, r.asking = false, false
	r.decoder.Wipe()
	return nil
}

// either finds out at each opening which protocol the reader speaks.
type either struct {
	*head
	chosen drivers.CardReader // nil before the first opening
	neo    *neo               // asked first
}

// newEither makes a reader of either protocol.
func newEither(h *head) *either { return &either{head: h, neo: newNeo(h)} }

// Open implements [drivers.CardReader]. A ping does no harm to a stripe reader: no byte of it begins one of its requests.
func (e *either) Open(ctx context.Context) (drivers.ReaderInfo, error) {
	e.proven = false
	switch speaks, err := e.neo.speaks(ctx); {
	case err != nil:
		return drivers.ReaderInfo{}, e.unavailable(err)
	case speaks:
		e.chosen = e.neo
	default:
		e.chosen = &reader{head: e.head}
	}
	return e.chosen.Open(ctx)
}

// Read implements [drivers.CardReader].
func (e *either) Read(ctx context.Context, progress func(drivers.Progress)) (drivers.Swipe, error) {
	if e.chosen == nil {
		return drivers.Swipe{}, unopened()
	}
	return e.chosen.Read(ctx, progress)
}

// Arm implements [drivers.Armer]; a stripe reader does not care.
func (e *either) Arm(amount pos.Money) { e.neo.Arm(amount) }

// Close implements [drivers.CardReader].
func (e *either) Close(ctx context.Context) error {
	if e.chosen == nil {
		return nil
	}
	return e.chosen.Close(ctx)
}
