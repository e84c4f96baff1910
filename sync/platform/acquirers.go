package platform

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/acquirer"
	"github.com/tillproof/tillproof/sync/platform/database"
)

// acquirers is all configured acquirers behind one interface: each call goes to the acquirer at which its payment was begun.
type acquirers struct {
	doors   map[string]*door  // by name
	schemes map[string]string // name of the acquirer that takes a scheme; "*" for the rest
	owner   func(ctx context.Context, payment pos.PaymentID) (name string, err error)
	cards   *cards
	wires   *http.Transport
}

var _ acquirer.Acquirer = (*acquirers)(nil)

// door leads to one acquirer. It lets a bounded number of calls through at a time, so that one that hangs does not take the places of
// the others.
type door struct {
	acquirer.Acquirer
	places chan struct{}
}

// newAcquirers connects to nobody yet. width is the number of calls that one acquirer may hold up.
func newAcquirers(configs []AcquirerConfig, width int) (*acquirers, error) {
	wires := http.DefaultTransport.(*http.Transport).Clone()
	wires.MaxIdleConnsPerHost = width
	a := &acquirers{doors: map[string]*door{}, schemes: map[string]string{}, wires: wires}
	if len(configs) > 1 {
		width = max(1, width*3/4)
	}
	for _, c := range configs {
		secret, err := c.secret()
		if err != nil {
			return nil, err
		}
		a.doors[c.Name] = &door{acquirer.HTTP(c.URL, secret, &http.Client{Transport: wires}), make(chan struct{}, width)}
		for _, scheme := range c.Schemes {
			a.schemes[scheme] = c.Name
		}
	}
	return a, nil
}

// watch has every message to and from an acquirer told. It is called before the first call.
func (a *acquirers) watch(of func(name string) func(acquirer.Message)) {
	for name, d := range a.doors {
		if client, ok := d.Acquirer.(*acquirer.Client); ok {
			d.Acquirer = client.Watched(of(name))
		}
	}
}

// close ends idle connections.
func (a *acquirers) close() { a.wires.CloseIdleConnections() }

// route names the acquirer that takes a scheme; "" says that there is none.
func (a *acquirers) route(scheme string) string {
	if name, found := a.schemes[scheme]; found || scheme == record.CardReader { // who takes cards holds the readers' keys, and is named
		return name
	}
	return a.schemes["*"]
}

// offlineCards is the scheme of card payments that a terminal has approved without the issuer. It must be named: "*" does not take them, since most
// terminals bring them to their own acquirer by themselves.
const offlineCards = "card_offline"

// forwards says whether an acquirer collects offline approvals, and which.
func (a *acquirers) forwards() string { return a.schemes[offlineCards] }

// ownerOf reads at which acquirer a payment was begun.
func (s taskStore) ownerOf(ctx context.Context, payment pos.PaymentID) (name string, err error) {
	err = s.db.Row(ctx, "SELECT acquirer FROM tasks WHERE payment = ?", payment.String()).Scan(&name)
	if errors.Is(err, database.ErrNoRows) {
		err = errors.New("no such payment")
	}
	return name, err
}

// through finds the acquirer of a ref and carries a call to it. Every error is unclear, as the interface wants it, but says when nothing left.
func through[T any](ctx context.Context, a *acquirers, ref string, call func(acquirer.Acquirer) (T, error)) (none T, err error) {
	payment, err := paymentAt(ref)
	if err != nil {
		return none, err
	}
	name, err := a.owner(ctx, payment)
	if err != nil {
		return none, fmt.Errorf("nothing left: %w", err)
	}
	d, known := a.doors[name]
	if !known {
		return none, fmt.Errorf("nothing left: the acquirer %q is not configured any more", name)
	}
	select {
	case d.places <- struct{}{}:
		defer func() { <-d.places }()
		return call(d)
	default:
		return none, fmt.Errorf("nothing left: the acquirer %q holds up too many calls", name)
	}
}

// Authorise implements [acquirer.Acquirer]. The code of a card payment is what its till has sealed.
func (a *acquirers) Authorise(ctx context.Context, order acquirer.Order, code string) (acquirer.Answer, error) {
	if order.Scheme == record.CardReader {
		return a.authoriseCard(ctx, order, []byte(code))
	}
	return through(ctx, a, order.Ref, func(to acquirer.Acquirer) (acquirer.Answer, error) { return to.Authorise(ctx, order, code) })
}

// Issue implements [acquirer.Acquirer].
func (a *acquirers) Issue(ctx context.Context, order acquirer.Order, ttl time.Duration) (acquirer.Issued, error) {
	return through(ctx, a, order.Ref, func(to acquirer.Acquirer) (acquirer.Issued, error) { return to.Issue(ctx, order, ttl) })
}

// Query implements [acquirer.Acquirer].
func (a *acquirers) Query(ctx context.Context, ref string) (acquirer.Answer, error) {
	return through(ctx, a, ref, func(to acquirer.Acquirer) (acquirer.Answer, error) { return to.Query(ctx, ref) })
}

// Cancel implements [acquirer.Acquirer].
func (a *acquirers) Cancel(ctx context.Context, ref string) (acquirer.Answer, error) {
	return through(ctx, a, ref, func(to acquirer.Acquirer) (acquirer.Answer, error) { return to.Cancel(ctx, ref) })
}

// Refund implements [acquirer.Acquirer].
func (a *acquirers) Refund(ctx context.Context, ref, refundID string, amount pos.Money) (acquirer.Answer, error) {
	return through(ctx, a, ref, func(to acquirer.Acquirer) (acquirer.Answer, error) { return to.Refund(ctx, ref, refundID, amount) })
}

// Capture implements [acquirer.Acquirer].
func (a *acquirers) Capture(ctx context.Context, order acquirer.Order, captureID string) (acquirer.Answer, error) {
	if order.Scheme == record.CardReader {
		return a.captureCard(ctx, order, captureID)
	}
	return through(ctx, a, order.Ref, func(to acquirer.Acquirer) (acquirer.Answer, error) { return to.Capture(ctx, order, captureID) })
}

// Expect implements [acquirer.Acquirer].
func (a *acquirers) Expect(ctx context.Context, order acquirer.Order, reference string) error {
	_, err := through(ctx, a, order.Ref, func(to acquirer.Acquirer) (struct{}, error) { return struct{}{}, to.Expect(ctx, order, reference) })
	return err
}
