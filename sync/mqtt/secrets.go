package mqtt

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// Files are the PEM files of one end of mutual TLS. Cert and Key stand together or not at all; without CA the system's authorities count.
type Files struct{ CA, Cert, Key string }

// Check says whether the names fit together. It reads nothing.
func (f Files) Check() error {
	if (f.Cert == "") != (f.Key == "") {
		return errors.New("a certificate and its key stand together or not at all")
	}
	return nil
}

// Secrets makes the TLS configuration of each connection from [Files], so that certificates that were renewed count for the next one. Files that cannot be
// used, such as a pair of which one half was written yet, leave the configuration before in force. It is safe for concurrent use.
type Secrets struct {
	files Files
	log   *slog.Logger

	mu   sync.Mutex
	last *tls.Config // that could be made; nil before
	ends time.Time   // of the certificate in last, zero without one
}

// NewSecrets makes secrets of files, which need not be there yet. Log may be nil.
func NewSecrets(files Files, log *slog.Logger) *Secrets {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Secrets{files: files, log: log}
}

// Config is the configuration for a connection now. The caller may change it. It fails when the files have never been usable.
func (s *Secrets) Config() (*tls.Config, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fresh, ends, err := s.files.config()
	switch {
	case err == nil:
		s.last, s.ends = fresh, ends
	case s.last == nil:
		return nil, fmt.Errorf("TLS: %w", err)
	default:
		s.log.Error("the TLS files cannot be used; those read before go on counting", "error", err)
	}
	if !s.ends.IsZero() && time.Now().After(s.ends) {
		s.log.Warn("the certificate for the broker has ended, by this machine's clock; enrol again with a new code", "ended_at", s.ends)
	}
	return s.last.Clone(), nil
}

func (f Files) config() (c *tls.Config, ends time.Time, err error) {
	c = &tls.Config{MinVersion: tls.VersionTLS12}
	if f.CA != "" {
		text, err := os.ReadFile(f.CA)
		if err != nil {
			return nil, ends, err
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(text) {
			return nil, ends, fmt.Errorf("%s: no certificate", f.CA)
		}
	}
	if f.Cert == "" {
		return c, ends, nil
	}
	pair, err := tls.LoadX509KeyPair(f.Cert, f.Key)
	if err != nil {
		return nil, ends, err
	}
	c.Certificates = []tls.Certificate{pair}
	return c, pair.Leaf.NotAfter, nil
}
