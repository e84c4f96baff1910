package scenario

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/acquirer"
)

// lastCode is the code that was shown last, so that it can be shown again. It stays in this process.
type lastCode struct {
	sync.Mutex
	text string
}

// scanCommand has the scanner read a code.
type scanCommand struct {
	Text string `json:"text"`
}

func (d *Demo) playScan(_ context.Context, c scanCommand) error {
	if c.Text == "" {
		return errors.New("text is missing: what is the scanner to read?")
	}
	return d.scanner.Scan(c.Text)
}

// customerCommand says what a customer does: who has a code or QR payment under way decides about it, and without a payment the
// next one who shows a code, or with tender qr the next one who is shown a QR by the acquirer, does so of his own.
type customerCommand struct {
	Payment *pos.PaymentID `json:"payment"`
	Tender  pos.Tender     `json:"tender"`
	Pays    *bool          `json:"pays"`
	behaviour
}

// behaviour is how a customer behaves. Times are milliseconds.
type behaviour struct {
	AfterMS int64     `json:"after_ms"` // until he decides
	LateMS  int64     `json:"late_ms"`  // above 0: never in time, and the money comes so long after the end
	Never   bool      `json:"never"`    // never decides
	Amount  pos.Minor `json:"amount"`   // paid of a QR instead of what it asks
}

// longestWait bounds the times of a behaviour.
const longestWait = time.Hour

func (b *behaviour) check() error {
	if most := longestWait.Milliseconds(); b.AfterMS < 0 || b.AfterMS > most || b.LateMS < 0 || b.LateMS > most {
		return fmt.Errorf("after_ms and late_ms are from 0 to %d", most)
	}
	if b.Amount < 0 || b.Amount > pos.MaxAmount {
		return fmt.Errorf("amount %d cannot be paid", b.Amount)
	}
	return nil
}

func (b *behaviour) customer(pays bool) acquirer.Customer {
	return acquirer.Customer{After: time.Duration(b.AfterMS) * time.Millisecond, Declines: !pays, Never: b.Never || b.LateMS > 0,
		Late: time.Duration(b.LateMS) * time.Millisecond, Amount: b.Amount}
}

func (d *Demo) playCustomer(ctx context.Context, c customerCommand) error {
	switch {
	case c.Pays == nil:
		return errors.New("pays is missing: true or false")
	case c.check() != nil:
		return c.check()
	case c.Payment == nil && c.Tender == pos.QR:
		d.bank.nextQR(c.customer(*c.Pays))
		return nil
	case c.Payment == nil && (c.Tender == "" || c.Tender == pos.Code):
		d.bank.NextCode(c.customer(*c.Pays))
		return nil
	case c.Payment == nil:
		return fmt.Errorf("tender %q is not one of code, qr", c.Tender)
	}
	p, err := d.client.payment(ctx, c.Payment.String())
	if err != nil {
		return err
	}
	return d.decide(&p, *c.Pays, time.Duration(c.AfterMS)*time.Millisecond, c.Amount)
}

// showCommand has a customer show a code of a scheme to the scanner.
type showCommand struct {
	Scheme string `json:"scheme"`
	Pays   *bool  `json:"pays"`  // true if absent
	Again  bool   `json:"again"` // the code that was shown last
	behaviour
}

func (d *Demo) playShow(_ context.Context, c showCommand) error {
	if err := c.check(); err != nil {
		return err
	}
	d.shown.Lock()
	defer d.shown.Unlock()
	if c.Again {
		if d.shown.text == "" {
			return errors.New("no code was shown yet")
		}
		return d.scanner.Scan(d.shown.text)
	}
	text, err := newCode(c.Scheme, rand.IntN)
	if err != nil {
		return err
	}
	d.bank.planCode(text, c.customer(c.Pays == nil || *c.Pays))
	d.shown.text = text
	return d.scanner.Scan(text)
}

// Pair asks the till for a code that pairs one browser.
func (d *Demo) Pair(ctx context.Context) (Pairing, error) {
	var p Pairing
	return p, d.client.call(ctx, http.MethodPost, "/v1/pairings", struct{}{}, &p)
}

// Pairing is a code that pairs one browser, once and until it ends.
type Pairing struct {
	Code      string `json:"code"`
	ExpiresAt string `json:"expires_at"`
}

func (d *Demo) playPair(w http.ResponseWriter, r *http.Request) {
	p, err := d.Pair(r.Context())
	if err != nil {
		refuse(w, err)
		return
	}
	answer(w, http.StatusOK, p)
}
