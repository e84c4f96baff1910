package agent

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/wire"
)

// loadOrCreateTLSKey reads an ECDSA P-256 key from a PKCS #8 PEM file, or makes one there (mode 0600).
func loadOrCreateTLSKey(path string) (*ecdsa.PrivateKey, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return createTLSKey(path)
	}
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s: no PEM block", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s: not an ECDSA key", path)
	}
	return key, nil
}

func createTLSKey(path string) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, cose.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// certificates reads PEM; none at all is an error.
func certificates(text []byte) (list []*x509.Certificate, err error) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	if len(list) == 0 {
		return nil, errors.New("no certificate")
	}
	return list, nil
}

// issuedBy says whether an authority (its certificate, DER) has issued a certificate for clients.
func issuedBy(leaf *x509.Certificate, authority []byte) error {
	own, err := x509.ParseCertificate(authority)
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	pool.AddCert(own)
	_, err = leaf.Verify(x509.VerifyOptions{Roots: pool, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	return err
}

// enrolledConfig is till.yaml with the platform's section as the platform has answered. Everything else stays as it is, comments too.
func enrolledConfig(path string, a *wire.EnrolAnswer) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	section := fmt.Sprintf("broker: %q\nca: %s\ncert: %s\nkey: %s\nroot_key: %q\n", a.Broker, filepath.ToSlash(filepath.Join(tlsFolder, caFile)),
		filepath.ToSlash(filepath.Join(tlsFolder, certFile)), filepath.ToSlash(filepath.Join(tlsFolder, keyFile)), a.RootKey)
	had := map[string]any{}
	if err := yaml.Unmarshal(text, &had); err != nil {
		return nil, err
	}
	added := ""
	for _, line := range [][2]string{{"till", a.Till}, {"merchant", a.Merchant}} {
		if had[line[0]] == nil {
			added += line[0] + ": " + line[1] + "\n"
		}
	}
	if _, there := had["platform"]; !there {
		return []byte(ended(string(text)) + added + "platform:\n  " + strings.ReplaceAll(strings.TrimSpace(section), "\n", "\n  ") + "\n"), nil
	}
	file, err := parser.ParseBytes([]byte(ended(string(text))+added), parser.ParseComments)
	if err != nil {
		return nil, err
	}
	return replaced(file, section)
}

// replaced puts a section in the place of the platform's.
func replaced(file *ast.File, section string) ([]byte, error) {
	at, err := yaml.PathString("$.platform")
	if err != nil {
		return nil, err
	}
	if err := at.ReplaceWithReader(file, strings.NewReader(section)); err != nil {
		return nil, err
	}
	return []byte(ended(file.String())), nil
}

// ended is a text whose last line has an end.
func ended(text string) string {
	if text == "" || strings.HasSuffix(text, "\n") {
		return text
	}
	return text + "\n"
}

// silent is a log that nobody reads.
func silent() *slog.Logger { return slog.New(slog.DiscardHandler) }
