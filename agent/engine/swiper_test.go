package engine_test

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/vault"
	"github.com/tillproof/tillproof/sync/wire"
)

// swiper is a card reader as the engine sees one, and the folder and the keys behind it. It outlives the agent.
type swiper struct {
	*shop
	cards   chan any // drivers.Swipe or error
	counter byte
	vault   *vault.Vault
	key     *cose.Opener // of the platform
	codec   *wire.Codec
	unready bool
	sealing func() // runs when a swipe is sealed; nil for nothing
	stop    context.CancelFunc
	ended   chan error
	given   [][]byte // memory of the swipes handed out
	told    amounts  // of the sales that waited
}

// readerShop runs a test in virtual time in a shop with a card reader and a platform, and no card terminal.
func readerShop(t *testing.T, test func(s *shop, r *swiper, c *centre)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := &shop{t: t, dir: dir, tenders: []pos.Tender{pos.Cash, pos.Card}, centre: newCentre(t)}
		key, err := cose.LoadOrCreateSeal(filepath.Join(t.TempDir(), "seal.pem"))
		if err != nil {
			t.Fatal(err)
		}
		codec, err := wire.NewCodec()
		if err != nil {
			t.Fatal(err)
		}
		s.swiper = &swiper{shop: s, cards: make(chan any, 4), key: key, codec: codec}
		s.start()
		s.swiper.plug()
		defer s.close()
		defer s.swiper.unplug()
		test(s, s.swiper, s.centre)
	})
}

func (s *shop) readerOptions(o engine.Options) engine.Options {
	if s.swiper == nil {
		return o
	}
	v, err := vault.Open(filepath.Join(s.dir, "vault"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.swiper.vault = v
	o.Readers, o.Vault, o.Sealer, o.CardKey = []pos.DeviceName{"swipe"}, v, s.swiper, [32]byte{7}
	return o
}

func (r *swiper) Ready() bool { return !r.unready }
func (r *swiper) Seal(s *wire.Swipe, payment pos.PaymentID) ([]byte, error) {
	if r.sealing != nil {
		r.sealing()
	}
	return r.codec.SealSwipe(s, r.key.Public(), till, payment)
}

func (r *swiper) Open(context.Context) (drivers.ReaderInfo, error) {
	return drivers.ReaderInfo{Serial: "SIM0000001", Level: "3"}, nil
}
func (r *swiper) Close(context.Context) error { return nil }
func (r *swiper) Read(ctx context.Context, _ func(drivers.Progress)) (drivers.Swipe, error) {
	select {
	case <-ctx.Done():
		return drivers.Swipe{}, ctx.Err()
	case c := <-r.cards:
		if err, failed := c.(error); failed {
			return drivers.Swipe{}, err
		}
		return c.(drivers.Swipe), nil
	}
}

// plug lets the engine attend the reader, as the supervisor does.
func (r *swiper) plug() {
	ctx, stop := context.WithCancel(context.Background())
	r.stop, r.ended = stop, make(chan error, 1)
	e := r.engine
	go func() { r.ended <- e.AttendReader(ctx, "swipe", r, drivers.ReaderInfo{Serial: "SIM0000001"}) }()
	synctest.Wait()
}

func (r *swiper) unplug() error {
	if r.stop == nil {
		return nil
	}
	r.stop()
	r.stop = nil
	return <-r.ended
}

// pull is a wire that fails.
func (r *swiper) pull() {
	r.t.Helper()
	r.cards <- errors.New("the wire is gone")
	if err := <-r.ended; err == nil {
		r.t.Error("the engine does not want the wire opened anew")
	}
	r.stop = nil
}

func (r *swiper) restart() {
	r.t.Helper()
	r.crash()
	_ = r.unplug()
	r.start()
	r.plug()
}

// secret stands for what the head has encrypted.
func secret() []byte { return []byte("opaque opaque opaque opaque") }

// card is a swipe of one of several cards.
func (r *swiper) card(last4 string) drivers.Swipe {
	r.counter++
	opaque := secret()
	r.given = append(r.given, opaque)
	return drivers.Swipe{Format: "fake", Opaque: opaque, Reader: "SIM0000001", KSN: []byte{0xff, 0xff, 0x98, 0x76, 0x54, 0x32, 0x10, 0xe0, 0, r.counter},
		BIN: "411111", Last4: last4, Expiry: "3012", Brand: "visa", Entry: "stripe"}
}

// swipe lets a customer swipe a card.
func (r *swiper) swipe(last4 string) {
	r.cards <- r.card(last4)
	synctest.Wait()
}

// sells begins a sale and lets a card be swiped for it.
func (r *swiper) sells(amount pos.Minor, last4 string) pos.PaymentID {
	r.t.Helper()
	p := r.begin(r.shop.card(amount))
	r.swipe(last4)
	return p.Intent.Payment
}

// entries counts the vault.
func (r *swiper) entries(want int) {
	r.t.Helper()
	if list, err := r.vault.List(); err != nil || len(list) != want {
		r.t.Errorf("%d entries in the vault, want %d: %v", len(list), want, err)
	}
}

// allWiped checks that nothing of what was read is left where it was.
func (r *swiper) allWiped() {
	r.t.Helper()
	for i, b := range r.given {
		if bytes.Contains(b, []byte("opaque")) {
			r.t.Errorf("swipe %d was not wiped", i)
		}
	}
}

// acknowledge lets the platform have all records.
func (r *swiper) acknowledge() { r.journal.Acknowledge(nil, r.journal.Head()) }

// forwarded is what the platform was handed of cards so far.
func (c *centre) forwarded() [][]byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.blobs)
}

// refuse has the platform refuse swipes for a reason, "" for none.
func (c *centre) refuse(code string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refuses = code
}

// forward takes an offline approval to be collected. The caller holds mu.
func (c *centre) forward(call *wire.Call) *wire.Outcome {
	if known := c.payments[call.Payment]; known != nil {
		o := *known
		return &o
	}
	if c.refuses != "" {
		return &wire.Outcome{Payment: call.Payment, Status: pos.Cancelled, Code: c.refuses, Text: "as the test wants it"}
	}
	c.payments[call.Payment] = &wire.Outcome{Payment: call.Payment, Status: pos.Pending}
	c.blobs = append(c.blobs, bytes.Clone(call.Opaque))
	o := *c.payments[call.Payment]
	return &o
}
