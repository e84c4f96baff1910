package acquirer

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
)

// Cards is what an acquirer does beside [Acquirer] that takes cards which a reader has encrypted at its head, and holds the base key of that reader. All
// rules of [Acquirer] hold here too.
type Cards interface {
	// AuthoriseCard asks for the money of a card, as Authorise does of a customer's code.
	AuthoriseCard(ctx context.Context, order Order, card Swipe) (Answer, error)

	// CaptureCard collects the money of a payment that a till has promised while nobody could be asked. captureID makes it safe to repeat. The acquirer keeps
	// what another try needs: after its answer was Declined the caller asks again by Capture, without the card, which it has erased by then.
	CaptureCard(ctx context.Context, order Order, captureID string, card Swipe) (Answer, error)
}

// Swipe is a card as an encrypting reader has told it. Opaque can be opened by who holds the reader's base key, and by nobody else on its way.
type Swipe struct {
	Format string // of Opaque: the name of the reader's family
	Opaque []byte
	Reader string // its serial number
	KSN    []byte // key serial number (ANSI X9.24-1), 10 bytes
	BIN    string // the first six digits, "" when the reader does not show them
	Last4  string
}

// String tells the reader, never the card.
func (s Swipe) String() string {
	return fmt.Sprintf("swipe of %d bytes by reader %s", len(s.Opaque), s.Reader)
}

// GoString is String, so that no way to print a swipe shows more.
func (s Swipe) GoString() string { return s.String() }

// cardMessage is a swipe in a body.
type cardMessage struct {
	Format string `json:"format"`
	Opaque string `json:"opaque"` // base64 (RFC 4648 section 4)
	Reader string `json:"reader"`
	KSN    string `json:"ksn"` // hex
	BIN    string `json:"bin,omitempty"`
	Last4  string `json:"last4,omitempty"`
}

func cardOf(s Swipe) *cardMessage {
	return &cardMessage{Format: s.Format, Opaque: base64.StdEncoding.EncodeToString(s.Opaque), Reader: s.Reader, KSN: hex.EncodeToString(s.KSN), BIN: s.BIN,
		Last4: s.Last4}
}

// swipe reads a card. Its errors quote nothing.
func (m *cardMessage) swipe() (Swipe, error) {
	if m == nil {
		return Swipe{}, errors.New("card is missing")
	}
	opaque, err := base64.StdEncoding.DecodeString(m.Opaque)
	ksn, hexErr := hex.DecodeString(m.KSN)
	if err != nil || hexErr != nil || len(opaque) == 0 || len(ksn) == 0 {
		return Swipe{}, errors.New("card is not spelled right")
	}
	return Swipe{Format: m.Format, Opaque: opaque, Reader: m.Reader, KSN: ksn, BIN: m.BIN, Last4: m.Last4}, nil
}

var _ Cards = (*Client)(nil)

// AuthoriseCard is [Cards.AuthoriseCard].
func (c *Client) AuthoriseCard(ctx context.Context, order Order, card Swipe) (Answer, error) {
	a, err := c.ask(ctx, "authorise-card", order.Ref, request{Order: orderOf(order), Card: cardOf(card)})
	return exactly(order, a, err, "authorise-card")
}

// CaptureCard is [Cards.CaptureCard].
func (c *Client) CaptureCard(ctx context.Context, order Order, captureID string, card Swipe) (Answer, error) {
	a, err := c.ask(ctx, "capture-card", order.Ref, request{Order: orderOf(order), Capture: captureID, Card: cardOf(card)})
	return exactly(order, a, err, "capture-card")
}

// exactly refuses an answer with money that is not the order's.
func exactly(order Order, a Answer, err error, path string) (Answer, error) {
	if err == nil && a.State.HasMoney() && a.Amount != order.Amount {
		return Answer{}, unclear(path, fmt.Errorf("%s of %s for an order of %s", a.State, a.Amount, order.Amount))
	}
	return a, err
}

// secret is what of a request is shown to nobody: the customer's code, or the card.
func (r *request) secret() string {
	if r.Card != nil {
		return r.Card.Opaque
	}
	return r.Code
}

// cardRoutes serve an acquirer that takes cards.
func cardRoutes(a Acquirer) map[string]serveFunc {
	c, takes := a.(Cards)
	if !takes {
		return nil
	}
	return map[string]serveFunc{
		"authorise-card": withCard(func(ctx context.Context, o Order, _ request, card Swipe) (Answer, error) {
			return c.AuthoriseCard(ctx, o, card)
		}),
		"capture-card": withCard(func(ctx context.Context, o Order, r request, card Swipe) (Answer, error) {
			if r.Capture == "" {
				return Answer{}, errRefused
			}
			return c.CaptureCard(ctx, o, r.Capture, card)
		}),
	}
}

func withCard(serve func(context.Context, Order, request, Swipe) (Answer, error)) serveFunc {
	return withOrder(func(ctx context.Context, o Order, r request) (response, error) {
		card, err := r.Card.swipe()
		if err != nil {
			return response{}, errRefused
		}
		answer, err := serve(ctx, o, r, card)
		return response{Answer: answerOf(answer)}, err
	})
}
