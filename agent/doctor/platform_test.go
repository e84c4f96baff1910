//go:build linux || darwin

package doctor

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// authority signs certificates.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	a := &authority{t: t}
	a.cert, a.key = a.sign("authority", 24*time.Hour)
	return a
}

func (a *authority) sign(name string, life time.Duration) (*x509.Certificate, *ecdsa.PrivateKey) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	plan := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-100 * 24 * time.Hour),
		NotAfter: time.Now().Add(life), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	parent, signer := a.cert, a.key
	if parent == nil {
		plan.IsCA, plan.BasicConstraintsValid, plan.KeyUsage = true, true, x509.KeyUsageCertSign
		parent, signer = plan, key
	}
	raw, err := x509.CreateCertificate(rand.Reader, plan, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert, key
}

// enrolled gives the till the files of an enrolment and a broker at an address.
func (w *world) enrolled(a *authority, life time.Duration, broker string) {
	cert, key := a.sign("till-1", life)
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		w.t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"ca.pem": {Type: "CERTIFICATE", Bytes: a.cert.Raw}, "till.pem": {Type: "CERTIFICATE", Bytes: cert.Raw},
		"till-key.pem": {Type: "PRIVATE KEY", Bytes: raw}} {
		if err := os.WriteFile(filepath.Join(w.folder, name), pem.EncodeToMemory(block), 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	w.config += "platform: {broker: '" + broker + "', ca: ca.pem, cert: till.pem, key: till-key.pem, root_key: " + strings.Repeat("ab", 32) + "}\n"
}

// broker takes connections by TLS of tills of an authority, and never says a word of MQTT.
func broker(t *testing.T, of, clients *authority) (address string) {
	cert, key := of.sign("broker", time.Hour)
	pool := x509.NewCertPool()
	pool.AddCert(clients.cert)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}},
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1)) // until the other end has gone
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return "tls://" + l.Addr().String()
}

func TestTheWayToThePlatform(t *testing.T) {
	ours, theirs := newAuthority(t), newAuthority(t)
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		ill   func(w *world)
		check string
		state State
		text  string
		code  int
	}{
		"well":              {func(w *world) { w.enrolled(ours, 80*day, broker(w.t, ours, ours)) }, "platform", OK, "takes the till's certificate", Well},
		"connected":         {func(w *world) { w.runs(); w.enrolled(ours, 80*day, "tls://127.0.0.1:1") }, "platform", OK, "is connected", Well},
		"away":              {func(w *world) { w.enrolled(ours, 80*day, "tls://127.0.0.1:1") }, "platform", Problem, "cannot be reached", Unavailable},
		"till not believed": {func(w *world) { w.enrolled(ours, 80*day, broker(w.t, ours, theirs)) }, "platform", Problem, "do not believe each other", Wrong},
		"another broker":    {func(w *world) { w.enrolled(ours, 80*day, broker(w.t, theirs, ours)) }, "platform", Problem, "do not believe each other", Wrong},
		"plain, here":       {func(w *world) { w.enrolled(ours, 80*day, plain(w.t)) }, "platform", OK, "takes connections", Well},
		"ends soon":         {func(w *world) { w.enrolled(ours, 10*day, broker(w.t, ours, ours)) }, "certificate", Warning, "for 9 more days", Well},
		"has ended":         {func(w *world) { w.enrolled(ours, -day, "tls://127.0.0.1:1") }, "certificate", Problem, "has ended", Wrong},
		"clock far behind": {func(w *world) { w.enrolled(ours, day, "tls://127.0.0.1:1"); w.now = w.now.Add(-200 * day) },
			"certificate", Problem, "not good yet", Wrong},
		"key of another": {func(w *world) {
			w.enrolled(ours, 80*day, "tls://127.0.0.1:1")
			raw, err := os.ReadFile(filepath.Join(w.folder, "ca.pem"))
			if err != nil || os.WriteFile(filepath.Join(w.folder, "till.pem"), raw, 0o600) != nil {
				w.t.Fatal(err)
			}
		}, "certificate", Problem, "cannot be used", Wrong},
		"no authority": {func(w *world) {
			w.enrolled(ours, 80*day, "tls://127.0.0.1:1")
			if err := os.Remove(filepath.Join(w.folder, "ca.pem")); err != nil {
				w.t.Fatal(err)
			}
		}, "certificate", Problem, "no broker can be believed", Wrong},
		"open key": {func(w *world) {
			w.enrolled(ours, 80*day, broker(w.t, ours, ours))
			if err := os.Chmod(filepath.Join(w.folder, "till-key.pem"), 0o644); err != nil {
				w.t.Fatal(err)
			}
		}, "files", Problem, "may be read by others", Wrong},
		"backlog": {func(w *world) {
			s := w.runs()
			s.Backlog.Records, s.Backlog.OldestAt = 3, w.now.Add(-50*time.Hour).UTC().Format(time.RFC3339)
			w.enrolled(ours, 80*day, "tls://127.0.0.1:1")
		}, "delivery", Warning, "for 50 hours; nothing is lost", Well},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c.ill(w)
			list := w.examine()
			found := slices.ContainsFunc(list, func(f Finding) bool {
				return f.Check == c.check && f.State == c.state && strings.Contains(f.Text, c.text)
			})
			if !found || Verdict(list) != c.code {
				t.Errorf("verdict %d, want %d and %s %s %q%s", Verdict(list), c.code, c.state, c.check, c.text, show(list))
			}
		})
	}
}

// plain is a broker without TLS, which may stand on this machine only.
func plain(t *testing.T) (address string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return "tcp://" + l.Addr().String()
}
