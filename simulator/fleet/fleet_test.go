package fleet

import (
	"context"
	"encoding/hex"
	"iter"
	"path/filepath"
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/broker"
	"github.com/tillproof/tillproof/sync/platform"
)

// center is a broker and a platform for the fleets of a test.
type center struct {
	broker   string
	database string
	key      cose.PublicKey
}

const testSeed = 7

// newCenter starts a broker and a platform that knows so many tills of the test's seed.
func newCenter(t *testing.T, tills int) *center {
	t.Helper()
	b, err := broker.Listen("127.0.0.1:0", broker.OwnTopics)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	c := &center{broker: b.Addr(), database: filepath.Join(dir, "ledger.db")}
	signer, err := cose.LoadOrCreate(filepath.Join(dir, "platform.pem"))
	if err != nil {
		t.Fatal(err)
	}
	c.key = signer.Public()
	config := platform.Config{Database: c.database, Keys: filepath.Join(dir, "platform.pem"), Broker: "tcp://" + b.Addr()}
	merchant := platform.MerchantConfig{Merchant: "corner-shop"}
	Keys(testSeed, tills, func(till pos.TillID, key cose.PublicKey) {
		merchant.Tills = append(merchant.Tills, platform.TillConfig{Till: till, PublicKey: hex.EncodeToString(key)})
	})
	config.Merchants = []platform.MerchantConfig{merchant}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	ready := make(chan string, 1)
	go func() { done <- platform.Serve(ctx, config, platform.Options{Ready: func(string) { ready <- "" }}) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	select {
	case <-ready:
	case err := <-done:
		done <- err
		t.Fatal(err)
	}
	return c
}

// shelf shows a platform's ledger to the proof.
type shelf struct{ *platform.Ledger }

func (s shelf) Marks(ctx context.Context) iter.Seq2[Mark, error] {
	return func(yield func(Mark, error) bool) {
		for m, err := range s.Ledger.Marks(ctx) {
			if !yield(Mark{m.Till, m.Head}, err) {
				return
			}
		}
	}
}

func (s shelf) Payments(ctx context.Context) iter.Seq2[Payment, error] {
	return func(yield func(Payment, error) bool) {
		for p, err := range s.Ledger.Payments(ctx) {
			if !yield(Payment{p.Till, p.Epoch, p.Tender, p.Status, p.Money}, err) {
				return
			}
		}
	}
}

func (c *center) prove(t *testing.T, f *Fleet) *Proof {
	t.Helper()
	ledger, err := platform.OpenLedger(c.database)
	if err != nil {
		t.Fatal(err)
	}
	defer ledger.Close()
	proof, err := f.Prove(t.Context(), shelf{ledger})
	if err != nil {
		t.Fatal(err)
	}
	return proof
}

func TestAFleetUnderCutsDeliversEverythingOnce(t *testing.T) {
	c := newCenter(t, 200)
	f, err := New(Options{Tills: 200, Backlog: 20, Rate: 100, Cuts: 60, Duration: 3 * time.Second, Seed: testSeed, Merchant: "corner-shop", Broker: c.broker,
		Platform: c.key})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	r, err := f.Run(ctx)
	if err != nil {
		t.Fatalf("%v: %+v", err, r)
	}
	if r.Acknowledged != r.Records || r.Records < 200*20+perSale || r.Counts.Cuts < 5 || r.Counts.Connects < 200+r.Counts.Cuts/2 {
		t.Errorf("%+v", r)
	}
	if r.Live.Sales+r.Behind.Sales != int(r.Records-200*20)/perSale || r.Live.P99 < r.Live.P50 || r.Counts.Forks+r.Counts.Held+r.Counts.Ignored > 0 {
		t.Errorf("%+v", r)
	}
	if p := c.prove(t, f); !p.OK || p.Heads != 200 || p.Payments != p.Ledger || !p.Totals.Equal(p.LedgerTaken) || len(p.Totals[pos.Card]) != 2 {
		t.Errorf("%+v", p)
	}
	f.tills[3].tip-- // a ledger that has one record more than the fleet made
	if p := c.prove(t, f); p.OK || p.Heads != 199 || len(p.Differences) == 0 {
		t.Errorf("%+v", p)
	}
}

func TestATillThatNobodyKnowsIsSaid(t *testing.T) {
	c := newCenter(t, 2)
	f, err := New(Options{Tills: 3, Backlog: 5, Seed: testSeed, Merchant: "corner-shop", Broker: c.broker, Platform: c.key, Patience: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	r, err := f.Run(t.Context())
	if err == nil || r.Acknowledged != 10 {
		t.Errorf("%v %+v", err, r)
	}
	if p := c.prove(t, f); p.OK || p.Heads != 2 {
		t.Errorf("%+v", p)
	}
}
