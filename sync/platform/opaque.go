package platform

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/acquirer"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/wallet"
	"github.com/tillproof/tillproof/sync/wire"
)

// openSeal loads the key that tills seal card data to, from the folder of keys beside the platform's own; it is made there when it is first needed. All
// replicas need the same one.
func (c *Config) openSeal() (*cose.Opener, error) {
	return cose.LoadOrCreateSeal(filepath.Join(filepath.Dir(c.Keys), "keys", "seal.pem"))
}

// schemaOpaque holds what tills have sealed of cards, as it came, from before the answer to the till's call until the acquirer's word is final.
const schemaOpaque = `
CREATE TABLE opaque (payment TEXT NOT NULL PRIMARY KEY, till TEXT NOT NULL, sealed BYTEA NOT NULL, at BIGINT NOT NULL);
`

// cards opens what tills have sealed, for the one call to the acquirer that it is for. It is safe for concurrent use.
type cards struct {
	db    *database.DB
	key   *cose.Opener
	codec *wire.Codec
}

// open opens a sealed swipe.
func (c *cards) open(sealed []byte, till pos.TillID, payment pos.PaymentID) (acquirer.Swipe, error) {
	s, err := c.codec.OpenSwipe(sealed, c.key, till, payment)
	if err != nil {
		return acquirer.Swipe{}, err
	}
	return acquirer.Swipe(*s), nil
}

// kept opens what is kept of a payment; false when nothing is.
func (c *cards) kept(ctx context.Context, payment pos.PaymentID) (s acquirer.Swipe, found bool, err error) {
	var till pos.TillID
	var sealed []byte
	err = c.db.Row(ctx, "SELECT till, sealed FROM opaque WHERE payment = ?", payment.String()).Scan(&till, &sealed)
	switch {
	case errors.Is(err, database.ErrNoRows):
		return s, false, nil
	case err != nil:
		return s, false, err
	}
	s, err = c.open(sealed, till, payment)
	return s, true, err
}

// errNoCards says that an acquirer cannot do what its configuration names it for.
var errNoCards = errors.New("nothing left: the acquirer takes no cards of readers")

// authoriseCard carries a card to the acquirer that its payment was begun at. It is wiped afterwards.
func (a *acquirers) authoriseCard(ctx context.Context, order acquirer.Order, sealed []byte) (acquirer.Answer, error) {
	payment, err := paymentAt(order.Ref)
	if err != nil {
		return acquirer.Answer{}, err
	}
	card, err := a.cards.open(sealed, order.Till, payment)
	if err != nil {
		return acquirer.Answer{}, fmt.Errorf("nothing left: %w", err)
	}
	defer clear(card.Opaque)
	return through(ctx, a, order.Ref, func(to acquirer.Acquirer) (acquirer.Answer, error) {
		if c, takes := takesCards(to); takes {
			return c.AuthoriseCard(ctx, order, card)
		}
		return acquirer.Answer{}, errNoCards
	})
}

// captureCard collects an offline approval: with the card while its data are here, and without it once the acquirer has said something final.
func (a *acquirers) captureCard(ctx context.Context, order acquirer.Order, captureID string) (acquirer.Answer, error) {
	payment, err := paymentAt(order.Ref)
	if err != nil {
		return acquirer.Answer{}, err
	}
	card, found, err := a.cards.kept(ctx, payment)
	if err != nil {
		return acquirer.Answer{}, fmt.Errorf("nothing left: %w", err)
	}
	defer clear(card.Opaque)
	return through(ctx, a, order.Ref, func(to acquirer.Acquirer) (acquirer.Answer, error) {
		if !found {
			return to.Capture(ctx, order, captureID)
		}
		if c, takes := takesCards(to); takes {
			return c.CaptureCard(ctx, order, captureID, card)
		}
		return acquirer.Answer{}, errNoCards
	})
}

// takesCards finds out whether what is behind a door takes cards.
func takesCards(to acquirer.Acquirer) (acquirer.Cards, bool) {
	if d, is := to.(*door); is {
		to = d.Acquirer
	}
	c, takes := to.(acquirer.Cards)
	return c, takes
}

// paymentAt reads a payment's name at the acquirer.
func paymentAt(ref string) (payment pos.PaymentID, err error) {
	raw, err := hex.DecodeString(ref)
	if err == nil {
		err = payment.UnmarshalBinary(raw)
	}
	if err != nil {
		return payment, fmt.Errorf("nothing left: ref %q: %w", ref, err)
	}
	return payment, nil
}

// forwardCard takes the card data of an offline approval over from its till, and answers how the payment stands. The same call again changes nothing. An
// answer without a number leaves the till its entry.
func (d *desk) forwardCard(ctx context.Context, a asker, call *wire.Call) error {
	task, found, err := d.store.Task(ctx, call.Payment)
	switch {
	case err != nil:
		return err
	case found && task.Till != call.Till:
		return fmt.Errorf("%w: till %s brings the card of a payment of another till", ErrForged, call.Till)
	case !found:
		refused, err := d.takeCard(ctx, a, call)
		if err != nil {
			return err
		}
		if refused != nil {
			return d.answerOperation(ctx, a, refused)
		}
		d.loop.Wake()
	}
	st, known, err := d.store.standing(ctx, call.Payment)
	if err != nil || !known {
		return errors.Join(err, errNotInCustody)
	}
	d.sent(a, d.reply(ctx, a, stageOf(call.Op, &st), &st))
	return nil
}

// takeCard makes card data and the task that needs them durable, or says why not.
func (d *desk) takeCard(ctx context.Context, a asker, call *wire.Call) (refused *wire.Outcome, err error) {
	p, err := d.store.journalled(ctx, call.Till, call.Payment)
	if err != nil {
		return nil, err
	}
	hash := sha256.Sum256(call.Opaque)
	switch {
	case p == nil:
		return neverReceived(call.Payment, "", "The platform does not hold the payment yet: its records come first, then ask again."), nil
	case p.Status != pos.ApprovedOffline || p.Unwanted || p.Decision == nil || p.Taken().CheckPayable() != nil:
		return undecided(call, "not_capturable", fmt.Sprintf("The payment is %s; there is nothing to collect.", p.Status)), nil
	case !bytes.Equal(p.Decision.Sealed, hash[:]):
		return undecided(call, "opaque_mismatch", "These are not the card data that the payment's record names."), nil
	case d.acquirers.route(record.CardReader) == "":
		return undecided(call, "not_supported", "No acquirer of this platform takes cards of readers."), nil
	}
	if err := d.readable(call); err != nil {
		return undecided(call, "opaque_unreadable", "The platform cannot open the card data: they were sealed to another key, or changed."), nil
	}
	task := wallet.Forwarded(call.Payment, call.Till, p.Intent.Order, p.Taken(), record.CardReader, clock())
	task.Merchant = a.topic.Merchant
	return nil, d.store.beginCard(ctx, task, d.acquirers.route(record.CardReader), call.Opaque)
}

// readable opens card data and forgets them: what nobody could open later is not taken over.
func (d *desk) readable(call *wire.Call) error {
	s, err := d.acquirers.cards.open(call.Opaque, call.Till, call.Payment)
	if err != nil {
		d.opts.Log.Error("card data of a till do not open; the till keeps them. Is the key that they were sealed to missing in the folder of keys?",
			"till", call.Till, "payment", call.Payment.String(), "error", err)
		return err
	}
	clear(s.Opaque)
	return nil
}

// undecided is an answer that decides nothing.
func undecided(call *wire.Call, code, text string) *wire.Outcome {
	return &wire.Outcome{Payment: call.Payment, Status: pos.Cancelled, Code: code, Text: text}
}

// beginCard commits card data with the task that collects by them. A payment that is there already stays as it is.
func (s taskStore) beginCard(ctx context.Context, task wallet.Task, owner string, sealed []byte) error {
	state, err := json.Marshal(task)
	if err != nil {
		return err
	}
	return s.db.Transact(ctx, func(tx *database.Tx) error {
		if err := s.guard(ctx, tx, task.Till); err != nil {
			return err
		}
		if err := tx.Lock(ctx, paymentLock(task.Payment)); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, addTask, task.Payment.String(), string(task.Till), wire.Partition(task.Till), owner, task.Next, state)
		if err != nil || n == 0 {
			return err
		}
		_, err = tx.Exec(ctx, "INSERT INTO opaque (payment, till, sealed, at) VALUES (?,?,?,?)", task.Payment.String(), string(task.Till), sealed, task.Began)
		return err
	})
}

// eraseOpaque erases card data in the transaction of the acquirer's final word on them.
func (s taskStore) eraseOpaque(ctx context.Context, tx *database.Tx, task *wallet.Task) error {
	if task.Kind != wallet.Card || task.Scheme != record.CardReader || task.Stage != wallet.Done {
		return nil
	}
	_, err := tx.Exec(ctx, "DELETE FROM opaque WHERE payment = ?", task.Payment.String())
	return err
}
