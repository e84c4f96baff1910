package agent

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/calls"
	"github.com/tillproof/tillproof/sync/wire"
)

func aSigner(t testing.TB) *cose.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := cose.NewSigner(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func aCodec(t testing.TB) *wire.Codec {
	t.Helper()
	c, err := wire.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestTheTillGoesByTheNewestListOfKeys: no older one counts, also after a restart, and what an unknown key has signed counts for nothing.
func TestTheTillGoesByTheNewestListOfKeys(t *testing.T) {
	folder, codec := t.TempDir(), aCodec(t)
	root, first, second, stranger := aSigner(t), aSigner(t), aSigner(t), aSigner(t)
	open := func() *keyring {
		t.Helper()
		k, err := openKeyring(folder, root.Public(), codec, silent())
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	now := time.Now().UnixMilli()
	hour := time.Hour.Milliseconds()
	list := func(version uint64, by *cose.Signer, revoked []cose.KeyID, keys ...wire.PlatformKey) []byte {
		t.Helper()
		message, err := codec.SealKeys(&wire.KeyList{Version: version, Keys: keys, Revoked: revoked, At: now}, by)
		if err != nil {
			t.Fatal(err)
		}
		return message
	}
	counts := func(k *keyring, s *cose.Signer, use wire.KeyUse, fresh, kept bool) {
		t.Helper()
		if _, ok := k.forUse(use)(s.ID()); ok != fresh {
			t.Errorf("%s for %s: %v", s.ID(), use, ok)
		}
		if _, ok := k.kept(use)(s.ID()); ok != kept {
			t.Errorf("%s for what is kept of %s: %v", s.ID(), use, ok)
		}
	}
	k := open()
	counts(k, root, wire.UseAck, true, true)
	counts(k, first, wire.UseAck, false, false)
	two := list(2, root, nil, wire.PlatformKey{Public: first.Public(), Use: wire.UseAll, Until: now + hour},
		wire.PlatformKey{Public: second.Public(), Use: wire.UseAck, From: now - hour})
	if err := k.take(list(9, stranger, nil, wire.PlatformKey{Public: stranger.Public(), Use: wire.UseAll})); err == nil || k.version() != 0 {
		t.Error("a stranger has named himself")
	}
	if err := errors.Join(k.take(two), k.take(two)); err != nil || k.version() != 2 {
		t.Error(err)
	}
	for _, k := range []*keyring{k, open()} {
		counts(k, root, wire.UseAck, false, false)
		counts(k, first, wire.UseReply, true, true)
		counts(k, second, wire.UseAck, true, true)
		counts(k, second, wire.UseReply, false, false)
		counts(k, stranger, wire.UseAck, false, false)
		for _, old := range [][]byte{list(1, root, nil, wire.PlatformKey{Public: stranger.Public(), Use: wire.UseAll}),
			list(2, root, nil, wire.PlatformKey{Public: stranger.Public(), Use: wire.UseAll})} {
			if err := k.take(old); err == nil || k.version() != 2 {
				t.Error("an older list was taken")
			}
		}
	}
	past := list(3, root, []cose.KeyID{second.ID()}, wire.PlatformKey{Public: first.Public(), Use: wire.UseAll, From: 1, Until: now - 48*hour},
		wire.PlatformKey{Public: second.Public(), Use: wire.UseAll})
	if err := k.take(past); err != nil {
		t.Error(err)
	}
	counts(k, first, wire.UseAck, false, true) // its time is over; what it has signed is still what it is
	counts(k, second, wire.UseAck, false, false)
	if err := os.WriteFile(filepath.Join(folder, keyListFile), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	counts(open(), root, wire.UseAck, true, true)
}

func TestAListThatCannotBeKeptIsNotTaken(t *testing.T) {
	folder, codec, root := t.TempDir(), aCodec(t), aSigner(t)
	k, err := openKeyring(filepath.Join(folder, "gone"), root.Public(), codec, silent())
	if err != nil {
		t.Fatal(err)
	}
	message, err := codec.SealKeys(&wire.KeyList{Version: 1, Keys: []wire.PlatformKey{{Public: aSigner(t).Public(), Use: wire.UseAll}}}, root)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.take(message); err == nil || k.version() != 0 {
		t.Error("a restart would bring the keys before back")
	}
}

// answering is a platform that answers calls for keys at once.
type answering struct {
	t      *testing.T
	codec  *wire.Codec
	signer *cose.Signer
	caller *calls.Caller
	certs  func(csr []byte) []byte
	asked  int
}

// Publish implements [calls.Courier].
func (a *answering) Publish(_ context.Context, _ string, message []byte) error {
	a.asked++
	call, err := a.codec.OpenCall(message, func(cose.KeyID) (cose.PublicKey, bool) { return a.signer.Public(), true })
	if err != nil || call.Op != wire.OpKeys {
		a.t.Errorf("%+v, %v", call, err)
		return err
	}
	reply, err := a.codec.SealReply(&wire.Reply{ID: call.ID, CallHash: wire.CallHash(message), Stage: wire.Final, Certs: a.certs(call.CSR)}, a.signer)
	if err != nil {
		a.t.Fatal(err)
	}
	a.caller.Receive(reply)
	return nil
}

func certificateFor(t *testing.T, name string, public any, life, left time.Duration) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(left - life), NotAfter: time.Now().Add(left)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, key)
	if err != nil {
		der, err = x509.CreateCertificate(rand.Reader, template, &x509.Certificate{Subject: pkix.Name{CommonName: "authority"}}, public, key)
	}
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// TestACertificateIsRenewedInTime: asked for in the last third of its life, taken only when it is the till's own and better than the one before.
func TestACertificateIsRenewedInTime(t *testing.T) {
	dir, codec, signer := t.TempDir(), aCodec(t), aSigner(t)
	files := PlatformConfig{Cert: filepath.Join(dir, "till.pem"), Key: filepath.Join(dir, "key.pem")}
	key, err := loadOrCreateTLSKey(files.Key)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := loadOrCreateTLSKey(files.Key); err != nil || !again.Equal(key) {
		t.Errorf("the key was made anew: %v", err)
	}
	const life = 90 * 24 * time.Hour
	caller := calls.New(calls.Options{Till: "till-1", Merchant: "shop", Signer: signer, Platform: cose.OneKey(signer.Public()), Codec: codec, Log: silent()})
	line := &answering{t: t, codec: codec, signer: signer, caller: caller}
	caller.Attach(t.Context(), line)
	till := &till{config: Config{Till: "till-1", Platform: files}, opts: Options{Log: silent()}, uplink: &uplink{caller: caller}}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		left  time.Duration
		given []byte
		asked int
		taken bool
	}{
		{"much time is left", life/3 + time.Hour, nil, 0, false},
		{"nothing is given", life/3 - time.Hour, nil, 1, false},
		{"for another key", life/3 - time.Hour, certificateFor(t, "till-1", other.Public(), life, life), 1, false},
		{"for another name", life/3 - time.Hour, certificateFor(t, "till-2", key.Public(), life, life), 1, false},
		{"that ends sooner", life/3 - time.Hour, certificateFor(t, "till-1", key.Public(), life, time.Hour), 1, false},
		{"a good one", life/3 - time.Hour, certificateFor(t, "till-1", key.Public(), life, life), 1, true},
		{"after the end", -time.Hour, certificateFor(t, "till-1", key.Public(), life, life), 1, true},
	} {
		before := certificateFor(t, "till-1", key.Public(), life, c.left)
		if err := os.WriteFile(files.Cert, before, 0o600); err != nil {
			t.Fatal(err)
		}
		line.asked, line.certs = 0, func([]byte) []byte { return c.given }
		err := till.renewIfDue(t.Context())
		if line.asked != c.asked || (err == nil) != (c.taken || c.asked == 0) {
			t.Errorf("%s: asked %d times, %v", c.name, line.asked, err)
		}
		after, _ := os.ReadFile(files.Cert)
		if taken := string(after) == string(c.given) && c.given != nil; taken != c.taken {
			t.Errorf("%s: taken %v", c.name, taken)
		}
		if _, err := tls.LoadX509KeyPair(files.Cert, files.Key); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestEnrolledConfigKeepsEverythingElse(t *testing.T) {
	answer := &wire.EnrolAnswer{Till: "till-1", Merchant: "shop", Broker: "tls://broker.example:8883", RootKey: "ab"}
	for name, text := range map[string]string{
		"no file":        "",
		"without":        "till: till-1\n# a comment\ncurrency: CHF # francs",
		"in flow style":  "till: till-1\nmerchant: shop\nplatform: {broker: \"tcp://127.0.0.1:1883\", root_key: cd}\ncurrency: CHF\n",
		"in block style": "merchant: shop\nplatform:\n  broker: tcp://127.0.0.1:1883\n  root_key: cd\n# a comment\ncurrency: CHF\n",
		"empty":          "platform:\ncurrency: CHF\n",
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "till.yaml")
			if name != "no file" {
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			for range 2 { // once more changes nothing
				out, err := enrolledConfig(path, answer)
				if err == nil {
					answer.RootKey = "0101010101010101010101010101010101010101010101010101010101010101"
					out, err = enrolledConfig(path, answer)
				}
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, out, 0o600); err != nil {
					t.Fatal(err)
				}
				c, err := LoadConfig(path)
				if err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				if c.Till != "till-1" || c.Merchant != "shop" || c.Platform.Broker != answer.Broker || c.Platform.RootKey != answer.RootKey ||
					c.Platform.Cert != filepath.Join(filepath.Dir(path), "tls", "till.pem") || name != "no file" && c.Currency != "CHF" {
					t.Errorf("%+v\n%s", c, out)
				}
			}
		})
	}
}
