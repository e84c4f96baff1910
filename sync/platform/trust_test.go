package platform

import (
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/outbox/outboxtest"
	"github.com/tillproof/tillproof/sync/platform/pki"
	"github.com/tillproof/tillproof/sync/platform/trust"
	"github.com/tillproof/tillproof/sync/wire"
)

// revoke takes trust from a key behind a record, as the follower does after the command.
func (b *bench) revoke(till pos.TillID, kid cose.KeyID, last record.Head, heirs bool) {
	b.t.Helper()
	held := map[pos.Epoch]bool{}
	for m, err := range openLedger(b.t, b.path).Marks(b.t.Context()) {
		if err != nil {
			b.t.Fatal(err)
		}
		held[m.Head.Epoch] = held[m.Head.Epoch] || m.Till == till
	}
	b.tills.book.Know(trust.News{Revoked: []pki.Revocation{{Kid: kid, Till: till, Last: pki.Last{Epoch: last.Epoch, Seq: last.Seq}, Heirs: heirs}},
		Held: map[pos.TillID]map[pos.Epoch]bool{till: held}})
}

// TestWhatLiesBeforeARevocationStillArrives: records up to the last one that counts are money that moved; nothing behind it is believed.
func TestWhatLiesBeforeARevocationStillArrives(t *testing.T) {
	j := outboxtest.New("till-1")
	b := newBench(t, j)
	sale(j, 1)
	b.send(j, 1, 3)
	for n := 2; n <= 5; n++ {
		sale(j, n)
	}
	epoch := j.Head().Epoch
	last := headAt(t, j, 8)
	b.revoke("till-1", j.Signer.ID(), last, true)
	expect(t, "the records before, not delivered yet", b.send(j, 4, 6), wire.AckOK, 6)
	expect(t, "a batch across the end: what counts of it", b.send(j, 7, 15), wire.AckOK, 8)
	expect(t, "once more", b.send(j, 4, 15), wire.AckOK, 8)
	if _, err := b.tills.Verify("till-1", encode(t, cut(t, j, epoch, 9, 15))); !errors.Is(err, trust.ErrRevoked) || !errors.Is(err, ErrForged) {
		t.Errorf("what comes later: %v", err)
	}
	if _, err := b.tills.VerifyCall("till-1", letterOf(t, wire.Call{Op: wire.OpResults, Till: "till-1"}, j.Signer).message); !errors.Is(err, trust.ErrRevoked) {
		t.Errorf("a call: %v", err)
	}
	j.NewEpoch() // another epoch: a thief's new journal
	sale(j, 9)
	if _, err := b.tills.Verify("till-1", encode(t, cut(t, j, j.Head().Epoch, 1, 3))); !errors.Is(err, trust.ErrRevoked) {
		t.Errorf("a later epoch: %v", err)
	}
}

// TestAnEpochThatClaimsToBeOlderIsMadeUp: ids of epochs hold a time that who makes them chooses.
func TestAnEpochThatClaimsToBeOlderIsMadeUp(t *testing.T) {
	j := outboxtest.New("till-1")
	b := newBench(t, j)
	sale(j, 1)
	older := j.Head().Epoch
	j.NewEpoch()
	sale(j, 2)
	b.revoke("till-1", j.Signer.ID(), j.Head(), true)
	if _, err := b.tills.Verify("till-1", encode(t, cut(t, j, older, 1, 3))); err != nil {
		t.Errorf("an older epoch while the ledger holds none of the till: %v", err)
	}
	expect(t, "the last epoch that counts", b.send(j, 1, 3), wire.AckOK, 3)
	b.revoke("till-1", j.Signer.ID(), j.Head(), true)
	if _, err := b.tills.Verify("till-1", encode(t, cut(t, j, older, 1, 3))); !errors.Is(err, trust.ErrRevoked) {
		t.Errorf("an epoch that nobody has heard of: %v", err)
	}
	expect(t, "the epoch that the ledger holds", b.send(j, 1, 3), wire.AckOK, 3)
}

// TestTheHeirOfARevokedKeyCountsForNoMore, unless only the key was revoked: then the till goes on with the one that it has named.
func TestTheHeirOfARevokedKeyCountsForNoMore(t *testing.T) {
	for _, whole := range []bool{true, false} {
		j := outboxtest.New("till-1")
		b := newBench(t, j)
		sale(j, 1)
		former, next := j.Signer, otherSigner(t)
		j.Commit(&record.KeyChange{Public: record.Hex(next.Public())})
		j.Signer = next
		sale(j, 2)
		b.revoke("till-1", former.ID(), headAt(t, j, 4), whole)
		expect(t, "up to the change", b.send(j, 1, 4), wire.AckOK, 4)
		_, err := b.tills.Verify("till-1", encode(t, cut(t, j, j.Head().Epoch, 5, 7)))
		if whole != errors.Is(err, trust.ErrRevoked) || !whole && err != nil {
			t.Errorf("whole till %v: %v", whole, err)
		}
		heirs := b.tills.book.Inherited()
		if whole != (len(heirs) == 1) || whole && (heirs[0].Kid != next.ID() || heirs[0].Last.Seq != 4) {
			t.Errorf("to be written down: %+v", heirs)
		}
	}
}

func TestATillThatIsUnknownOrDisabled(t *testing.T) {
	j := outboxtest.New("till-9")
	b := newBench(t)
	sale(j, 1)
	message := encode(t, cut(t, j, j.Head().Epoch, 1, 3))
	if _, err := b.tills.Verify("till-9", message); !errors.Is(err, ErrForged) || len(b.tills.book.Missed()) != 1 {
		t.Errorf("%v; asked for a look: %d", err, len(b.tills.book.Missed()))
	}
	b.tills.book.Know(trust.News{Keys: map[pos.TillID][]cose.PublicKey{"till-9": {j.Signer.Public()}}, Silent: map[pos.TillID]bool{"till-9": true}})
	if _, err := b.tills.Verify("till-9", message); err != nil {
		t.Errorf("records of a disabled till: %v", err)
	}
	call := letterOf(t, wire.Call{Op: wire.OpResults, Till: "till-9"}, j.Signer).message
	if _, err := b.tills.VerifyCall("till-9", call); !errors.Is(err, ErrForged) {
		t.Errorf("a call of a disabled till: %v", err)
	}
	b.tills.book.Know(trust.News{})
	if _, err := b.tills.VerifyCall("till-9", call); err != nil {
		t.Error(err)
	}
}

// headAt is the head that a journal's newest epoch had at a number.
func headAt(t *testing.T, j *outboxtest.Journal, seq pos.Seq) record.Head {
	t.Helper()
	for _, r := range j.Records() {
		if r.Seq == seq && r.Epoch == j.Head().Epoch {
			return r.Head()
		}
	}
	t.Fatalf("no record %d", seq)
	return record.Head{}
}

func TestNothingPlainBeyondThisMachine(t *testing.T) {
	for text, says := range map[string]string{
		"broker: tcp://broker.example:1883\n":                                                     "plain TCP beyond this machine",
		"broker: tcp://192.0.2.1:1883\n":                                                          "plain TCP beyond this machine",
		"broker: tls://broker.example:8883\nlisten: 0.0.0.0:80\n":                                 "needs TLS",
		"broker: tls://broker.example:8883\nlisten: \":80\"\n":                                    "needs TLS",
		"broker: tls://broker.example:8883\nlisten: platform.example:80\n":                        "needs TLS",
		"broker: tls://broker.example:8883\nlisten: 0.0.0.0:443\nlisten_cert: a.pem\n":            "stand together",
		"broker: tls://broker.example:8883\nbroker_cert: a.pem\n":                                 "stand together",
		"broker: tcp://127.0.0.1:1883\npublic_broker: tcp://broker.example:1883\n":                "plain TCP beyond this machine",
		"broker: tls://broker.example:8883\nroot_key: abc\n":                                      "32 bytes",
		"broker: tls://broker.example:8883\nlisten: nowhere\n":                                    "host:port",
		"broker: tls://b.example:8883\nlisten: 0.0.0.0:443\nlisten_cert: a\nlisten_key: b\n":      "",
		"broker: tcp://[::1]:1883\nlisten: localhost:80\nbroker_cert: c.pem\nbroker_key: k.pem\n": "",
	} {
		path := filepath.Join(t.TempDir(), "platform.yaml")
		if err := os.WriteFile(path, []byte("data: .\n"+text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := LoadConfig(path)
		if (err == nil) != (says == "") || err != nil && (!strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "config_invalid")) {
			t.Errorf("%q: %v", text, err)
		}
		if err == nil && c.BrokerCert != "" && !filepath.IsAbs(c.BrokerCert) {
			t.Errorf("%q is not a path from everywhere", c.BrokerCert)
		}
	}
}

// TestTrustIsLookedAfterBesideAPlatform: what the commands do.
func TestTrustIsLookedAfterBesideAPlatform(t *testing.T) {
	folder := t.TempDir()
	j := outboxtest.New("till-1")
	config := Config{Data: folder, Database: filepath.Join(folder, "ledger.db"), Keys: filepath.Join(folder, "platform.pem"), Broker: "tcp://127.0.0.1:1",
		Merchants: []MerchantConfig{{Merchant: "shop", Tills: []TillConfig{{Till: "till-1", PublicKey: hex.EncodeToString(j.Signer.Public())}, {Till: "till-2"}}}}}
	keeper, err := OpenTrust(As(t.Context(), "command:tester"), config)
	if err != nil {
		t.Fatal(err)
	}
	defer keeper.Close()
	if _, err := keeper.NewCode(t.Context(), "shop", "till-2", pki.CodeLife); err != nil {
		t.Error(err)
	}
	if _, err := keeper.NewCode(t.Context(), "nobody", "till-3", pki.CodeLife); err == nil {
		t.Error("a code for a merchant that the registry does not know")
	}
	if last, err := keeper.Mark(t.Context(), "till-1"); err != nil || last != (pki.Last{}) {
		t.Errorf("%+v, %v", last, err)
	}
	if owner, err := keeper.OwnerOf(t.Context(), j.Signer.ID()); err != nil || owner != "till-1" {
		t.Errorf("%s, %v", owner, err)
	}
	if _, err := keeper.OwnerOf(t.Context(), cose.KeyID{}); err == nil {
		t.Error("a key of nobody has an owner")
	}
	kids, certificates, err := keeper.RevokeTill(t.Context(), "till-1", pki.Last{}, "lost")
	if err != nil || len(kids) != 1 || certificates != 0 {
		t.Errorf("%v, %d, %v", kids, certificates, err)
	}
	if _, _, err := keeper.RevokeTill(t.Context(), "till-2", pki.Last{}, "lost"); err == nil {
		t.Error("a till without a key was revoked")
	}
	s := &Service{config: config, opts: Options{Log: slog.New(slog.DiscardHandler)}, signer: keeper.Signer, seal: keeper.Seal}
	defer s.close()
	for _, open := range []func(context.Context) error{s.openDatabase, s.openOffice} {
		if err := open(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if s.tills, err = NewTills(nil); err != nil {
		t.Fatal(err)
	}
	if s.custody, err = newCustody(t.Context(), s.db); err != nil {
		t.Fatal(err)
	}
	if err := s.openTrust(t.Context()); err != nil {
		t.Fatal(err)
	}
	sale(j, 1)
	if _, err := s.tills.Verify("till-1", encode(t, cut(t, j, j.Head().Epoch, 1, 3))); !errors.Is(err, trust.ErrRevoked) {
		t.Errorf("the follower has not taken the revocation over: %v", err)
	}
}
