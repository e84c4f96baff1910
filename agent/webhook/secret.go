package webhook

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tillproof/tillproof/store/cose"
)

// Bounds of a secret in bytes, before base64 (Standard Webhooks 1.0.0, "Signature scheme").
const (
	leastSecret = 24
	mostSecret  = 64
	madeSecret  = 32
)

// secretPrefix marks a symmetric secret (Standard Webhooks 1.0.0, "Signature scheme").
const secretPrefix = "whsec_"

// Secrets are the keys that a hook signs with, the one in force first. Printing them shows their number only.
type Secrets struct{ keys [][]byte }

// String hides the keys from logs.
func (s Secrets) String() string { return fmt.Sprintf("%d secret(s)", len(s.keys)) }

// GoString hides the keys from logs.
func (s Secrets) GoString() string { return s.String() }

// LoadSecrets reads a file with one secret a line, or makes it with mode 0600 and one of 32 random bytes. While a receiver changes its secret the file
// has both: each request carries a signature by each. An error never holds what stands in the file.
func LoadSecrets(path string) (Secrets, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeSecret(path)
	}
	if err != nil {
		return Secrets{}, err
	}
	return parseSecrets(string(text))
}

func parseSecrets(text string) (s Secrets, err error) {
	for i, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		coded, ok := strings.CutPrefix(line, secretPrefix)
		key, err := base64.StdEncoding.DecodeString(coded)
		if !ok || err != nil || len(key) < leastSecret || len(key) > mostSecret {
			return Secrets{}, fmt.Errorf("line %d is not %s and the base64 of %d to %d bytes", i+1, secretPrefix, leastSecret, mostSecret)
		}
		s.keys = append(s.keys, key)
	}
	if len(s.keys) == 0 {
		return s, errors.New("the file holds no secret; remove it, and one is made")
	}
	return s, nil
}

func makeSecret(path string) (Secrets, error) {
	key := make([]byte, madeSecret)
	if _, err := rand.Read(key); err != nil {
		return Secrets{}, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return Secrets{}, err
	}
	return Secrets{keys: [][]byte{key}}, cose.WriteFile(path, []byte(secretPrefix+base64.StdEncoding.EncodeToString(key)+"\n"))
}

// sign makes the header webhook-signature: HMAC-SHA256 over id, seconds since 1970 and body, joined by dots (Standard Webhooks 1.0.0, "Signature
// scheme").
func (s Secrets) sign(id string, at int64, body []byte) string {
	var list []string
	for _, key := range s.keys {
		mac := hmac.New(sha256.New, key)
		fmt.Fprintf(mac, "%s.%d.", id, at)
		mac.Write(body)
		list = append(list, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(list, " ")
}
