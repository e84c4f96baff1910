package mqtt_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tillproof/tillproof/sync/mqtt"
)

// pair writes a certificate, which is its own authority, and its key.
func pair(t *testing.T, number int64) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(number), Subject: pkix.Name{CommonName: "till-1"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
}

// TestCertificatesAreReadForEachConnection, and a pair of which one half was written yet leaves the one before in force.
func TestCertificatesAreReadForEachConnection(t *testing.T) {
	dir := t.TempDir()
	files := mqtt.Files{CA: filepath.Join(dir, "ca.pem"), Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}
	write := func(path string, text []byte) {
		t.Helper()
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := mqtt.NewSecrets(files, nil)
	if c, err := s.Config(); err == nil {
		t.Errorf("files that are not there: %+v", c)
	}
	cert, key := pair(t, 1)
	write(files.CA, cert)
	write(files.Cert, cert)
	write(files.Key, key)
	shows := func(number int64) {
		t.Helper()
		c, err := s.Config()
		if err != nil || c.RootCAs == nil || len(c.Certificates) != 1 || c.Certificates[0].Leaf.SerialNumber.Int64() != number {
			t.Errorf("not certificate %d: %v", number, err)
		}
	}
	shows(1)
	cert, key = pair(t, 2)
	write(files.Key, key)
	shows(1)
	write(files.Cert, cert)
	shows(2)
	write(files.CA, []byte("nothing"))
	shows(2)
	if err := os.Remove(files.Cert); err != nil {
		t.Fatal(err)
	}
	shows(2)
	if c, err := mqtt.NewSecrets(mqtt.Files{}, nil).Config(); err != nil || c.RootCAs != nil || len(c.Certificates) != 0 {
		t.Errorf("no files at all: %v", err)
	}
	if (mqtt.Files{Cert: "a"}).Check() == nil || (mqtt.Files{Key: "a"}).Check() == nil || (mqtt.Files{CA: "a"}).Check() != nil {
		t.Error("half a pair passes")
	}
}

func TestPlainTCPStaysOnThisMachine(t *testing.T) {
	for address, good := range map[string]bool{
		"tcp://127.0.0.1:1883": true, "tcp://localhost:1883": true, "tcp://[::1]:1883": true, "tls://broker.example:8883": true, "tls://192.0.2.1:8883": true,
		"tcp://192.0.2.1:1883": false, "tcp://broker.example:1883": false, "tcp://localhost.example:1883": false, "tcp://0.0.0.0:1883": false,
		"ws://127.0.0.1:80": false, "127.0.0.1:1883": false,
	} {
		if err := mqtt.CheckBroker(address); (err == nil) != good {
			t.Errorf("%s: %v", address, err)
		}
	}
}
