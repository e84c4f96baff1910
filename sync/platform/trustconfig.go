package platform

import (
	"context"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"path/filepath"

	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/mqtt"
	"github.com/tillproof/tillproof/sync/platform/enrolled"
	"github.com/tillproof/tillproof/sync/platform/pki"
	"github.com/tillproof/tillproof/sync/platform/registry"
)

// brokerFiles are the TLS files of the platform towards the broker.
func (c *Config) brokerFiles() mqtt.Files {
	return mqtt.Files{CA: c.BrokerCA, Cert: c.BrokerCert, Key: c.BrokerKey}
}

// checkTrust returns the YAML path of the first value about TLS and keys that cannot be used, and why.
func (c *Config) checkTrust() (at string, err error) {
	if err := c.brokerFiles().Check(); err != nil {
		return "$.broker_cert", err
	}
	if err := c.checkListen(); err != nil {
		return "$.listen", err
	}
	if c.PublicBroker != "" {
		if err := mqtt.CheckBroker(c.PublicBroker); err != nil {
			return "$.public_broker", err
		}
	}
	if c.RootKey != "" {
		if _, err := cose.ParsePublicKey(c.RootKey); err != nil {
			return "$.root_key", err
		}
	}
	return "", nil
}

// checkListen wants TLS for an HTTP address beyond this machine.
func (c *Config) checkListen() error {
	if (c.ListenCert == "") != (c.ListenKey == "") {
		return errors.New("listen_cert and listen_key stand together or not at all")
	}
	if c.Listen == "" || c.ListenCert != "" {
		return nil
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("%q is not host:port", c.Listen)
	}
	if !mqtt.Loopback(host) {
		return fmt.Errorf("%q is beyond this machine and needs TLS: listen_cert and listen_key", c.Listen)
	}
	return nil
}

// trustPaths are the paths among the keys about TLS.
func (c *Config) trustPaths() []*string {
	return []*string{&c.BrokerCA, &c.BrokerCert, &c.BrokerKey, &c.ListenCert, &c.ListenKey, &c.CRL}
}

// pkiOptions are what the configuration says about keys and certificates.
func (c *Config) pkiOptions(signer *cose.Signer) (o pki.Options, err error) {
	o = pki.Options{Dir: filepath.Join(filepath.Dir(c.Keys), "keys"), CRL: c.CRL, Signer: signer, Broker: c.PublicBroker}
	if o.Broker == "" {
		o.Broker = c.Broker
	}
	if c.RootKey != "" {
		o.Root, err = hex.DecodeString(c.RootKey)
	}
	return o, err
}

// tills are those that the configuration names.
func (c *Config) tills() (list []registry.Till, err error) {
	for i := range c.Merchants {
		tills, err := c.Merchants[i].tills()
		if err != nil {
			return nil, err
		}
		list = append(list, tills...)
	}
	return list, nil
}

func (m *MerchantConfig) tills() (list []registry.Till, err error) {
	for _, t := range m.Tills {
		var key cose.PublicKey // enrolled later
		if t.PublicKey != "" {
			if key, err = cose.ParsePublicKey(t.PublicKey); err != nil {
				return nil, err
			}
		}
		list = append(list, registry.Till{Till: t.Till, Merchant: m.Merchant, PublicKey: key})
	}
	return list, nil
}

// openTrust opens what is known of keys, and has the tills' read.
func (s *Service) openTrust(ctx context.Context) error {
	if err := s.openPKI(ctx); err != nil {
		return err
	}
	roll, err := s.enrolled()
	if err != nil {
		return err
	}
	s.follower = &enrolled.Follower{Roll: roll, Book: s.tills.book, DB: s.db, Work: s.work, Owned: s.merchants.know, Log: s.opts.Log,
		Recall: func(ctx context.Context) error { return s.custody.Recall(ctx, s.tills) }}
	return s.follower.Take(ctx)
}

// openPKI opens the authority as the configuration says.
func (s *Service) openPKI(ctx context.Context) error {
	o, err := s.config.pkiOptions(s.signer)
	if err != nil {
		return err
	}
	o.Seal = s.seal.Public()
	s.pki, err = enrolled.OpenPKI(ctx, s.db, s.registry, o)
	return err
}

// enrolled says which tills there are, and with which keys.
func (s *Service) enrolled() (enrolled.Roll, error) {
	tills, err := s.config.tills()
	return enrolled.Roll{Configured: tills, Registry: s.registry, PKI: s.pki}, err
}

// secure wraps the HTTP address in TLS where the configuration names a certificate, which is read again when it changes.
func (s *Service) secure(l net.Listener) (net.Listener, error) {
	if s.config.ListenCert == "" {
		return l, nil
	}
	secrets := mqtt.NewSecrets(mqtt.Files{Cert: s.config.ListenCert, Key: s.config.ListenKey}, s.opts.Log)
	if _, err := secrets.Config(); err != nil {
		l.Close()
		return nil, err
	}
	return tls.NewListener(l, &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		return secrets.Config()
	}}), nil
}
