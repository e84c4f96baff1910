package pki_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/platform/database/databasetest"
	"github.com/tillproof/tillproof/sync/platform/pki"
	"github.com/tillproof/tillproof/sync/wire"
)

func renewalAndRevocationOfCertificates(t *testing.T, address string) {
	b, a := newBench(t, address), newAsker(t)
	if _, err := b.Renew(t.Context(), "till-1", a.csr()); !isCode(err, "not_found") {
		t.Errorf("a till that never enrolled: %v", err)
	}
	first, err := b.Enrol(t.Context(), a.request(b.code("till-1", time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	same, err := b.Renew(t.Context(), "till-1", a.csr())
	if err != nil || leaf(t, string(same)).SerialNumber.Cmp(leaf(t, first.Cert).SerialNumber) != 0 {
		t.Errorf("a repeated request was given another certificate: %v", err)
	}
	next := newAsker(t)
	renewed, err := b.Renew(t.Context(), "till-1", next.csr())
	if err != nil || leaf(t, string(renewed)).Subject.CommonName != "till-1" || !next.key.PublicKey.Equal(leaf(t, string(renewed)).PublicKey) {
		t.Error(err)
	}
	if n, err := b.RevokeCertificates(t.Context(), "till-1", "stolen"); n != 2 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := b.Renew(t.Context(), "till-1", next.csr()); !isCode(err, "not_found") {
		t.Errorf("a till whose certificates are revoked: %v", err)
	}
	if _, err := b.Enrol(t.Context(), a.request(b.code("till-2", time.Hour))); err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(b.CRLFile())
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	list, err := x509.ParseRevocationList(block.Bytes)
	if err != nil || len(list.RevokedCertificateEntries) != 2 || list.CheckSignatureFrom(leaf(t, first.CA)) != nil {
		t.Errorf("%+v, %v", list, err)
	}
	if certs, err := b.Certificates(t.Context()); err != nil || len(certs) != 3 {
		t.Errorf("%+v, %v", certs, err)
	}
}

func TestCertificatesForServersAndPlatforms(t *testing.T) {
	b := newBench(t, databasetest.SQLite(t))
	cert, key, err := b.Server(t.Context(), []string{"broker.example", "192.0.2.7"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tls.X509KeyPair(cert, key); err != nil {
		t.Error(err)
	}
	c := leaf(t, string(cert))
	if c.VerifyHostname("broker.example") != nil || c.VerifyHostname("192.0.2.7") != nil || c.ExtKeyUsage[0] != x509.ExtKeyUsageServerAuth || len(c.ExtKeyUsage) != 1 {
		t.Errorf("%+v", c)
	}
	cert, _, err = b.Platform(t.Context())
	if err != nil || leaf(t, string(cert)).Subject.CommonName != "platform" {
		t.Error(err)
	}
	for _, bad := range [][]string{nil, {""}, {"a b"}, {"*.example"}, {"a..b"}} {
		if _, _, err := b.Server(t.Context(), bad); err == nil {
			t.Errorf("%q: issued", bad)
		}
	}
	foreign := b.open(filepath.Join(t.TempDir(), "elsewhere"), nil)
	if _, _, err := foreign.Platform(t.Context()); !isCode(err, "authority_unusable") {
		t.Errorf("a replica without the authority's files: %v", err)
	}
	if _, _, err := b.open(b.dir, nil).Platform(t.Context()); err != nil {
		t.Error(err)
	}
}

func trustThatWasTakenNeverComesBack(t *testing.T, address string) {
	b := newBench(t, address)
	kid, early, late := cose.KeyID{1}, pos.NewEpoch(time.UnixMilli(1000)), pos.NewEpoch(time.UnixMilli(2000))
	revoke := func(epoch pos.Epoch, seq pos.Seq, heirs bool) pki.Revocation {
		t.Helper()
		if err := b.Revoke(t.Context(), pki.Revocation{Kid: kid, Till: "till-1", Last: pki.Last{Epoch: epoch, Seq: seq}, Heirs: heirs}); err != nil {
			t.Fatal(err)
		}
		list, err := b.Revocations(t.Context())
		if err != nil || len(list) != 1 {
			t.Fatalf("%+v, %v", list, err)
		}
		return list[0]
	}
	before, _ := b.Version(t.Context())
	if r := revoke(late, 7, true); r.Last != (pki.Last{Epoch: late, Seq: 7}) || !r.Heirs || r.Till != "till-1" {
		t.Errorf("%+v", r)
	}
	if r := revoke(late, 9, false); r.Last.Seq != 7 || !r.Heirs {
		t.Errorf("%+v", r)
	}
	if r := revoke(early, 9, false); r.Last != (pki.Last{Epoch: early, Seq: 9}) {
		t.Errorf("%+v", r)
	}
	if after, _ := b.Version(t.Context()); after != before+3 {
		t.Errorf("version %d became %d", before, after)
	}
	last := pki.Last{Epoch: late, Seq: 7}
	if !last.Covers(late, 7) || last.Covers(late, 8) || !last.Covers(early, 100) || (pki.Last{}).Covers(early, 1) {
		t.Error("what comes before is not what counts")
	}
}

func theRootVouchesForKeys(t *testing.T, address string) {
	b := newBench(t, address)
	codec, err := wire.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	_, own, err := b.KeyList(t.Context())
	if err != nil || own.Version != 1 || own.Find(b.signer.ID()) == nil {
		t.Fatalf("a platform that is its own root: %+v, %v", own, err)
	}
	root := newSigner(t)
	b2 := newBench(t, databasetest.SQLite(t))
	p := b2.open(b2.dir, root.Public())
	if message, list, err := p.KeyList(t.Context()); message != nil || list != nil || err != nil {
		t.Errorf("before the root has signed: %v, %v", list, err)
	}
	next := newSigner(t)
	draft := pki.Draft(nil)
	draft.Version = 1
	now := time.Now()
	draft.Admit(b2.signer.Public(), now.Add(-time.Minute), time.Hour)
	draft.Admit(next.Public(), now.Add(-time.Minute), time.Hour)
	sign := func(d *pki.KeyDraft, by *cose.Signer) []byte {
		t.Helper()
		list, err := d.List(now)
		if err != nil {
			t.Fatal(err)
		}
		message, err := codec.SealKeys(list, by)
		if err != nil {
			t.Fatal(err)
		}
		return message
	}
	if err := p.InstallKeys(t.Context(), sign(draft, next)); !isCode(err, "request_invalid") {
		t.Errorf("signed by another: %v", err)
	}
	good := sign(draft, root)
	if err := errors.Join(p.InstallKeys(t.Context(), good), p.InstallKeys(t.Context(), good)); err != nil {
		t.Error(err)
	}
	_, list, err := p.KeyList(t.Context())
	if err != nil || len(list.Keys) != 2 || list.Keys[0].Until == 0 || list.Keys[1].Until != 0 {
		t.Errorf("two generations: %+v, %v", list, err)
	}
	draft.Revoked = []string{next.ID().String()}
	if err := p.InstallKeys(t.Context(), sign(draft, root)); !isCode(err, "request_invalid") {
		t.Errorf("the same version with other words: %v", err)
	}
	draft.Version, draft.Revoked = 2, []string{b2.signer.ID().String()}
	if err := p.InstallKeys(t.Context(), sign(draft, root)); !isCode(err, "request_invalid") {
		t.Errorf("a list that silences this platform: %v", err)
	}
}
