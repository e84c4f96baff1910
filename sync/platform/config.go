package platform

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/mqtt"
	"github.com/tillproof/tillproof/sync/platform/database"
)

// Config is platform.yaml. Paths are relative to the file's folder; [LoadConfig] makes them usable from anywhere.
type Config struct {
	Data      string           `yaml:"data"`      // folder of the ledger, as ledger.db, and of the key
	Database  string           `yaml:"database"`  // path of the ledger, instead of data; or postgres://user@host/name, with data for the key or not
	Broker    string           `yaml:"broker"`    // tcp://host:port or tls://host:port
	Listen    string           `yaml:"listen"`    // HTTP address of the ledger's pages and /healthz; "" for none. They ask for no authorisation
	Keys      string           `yaml:"keys"`      // private key that signs acknowledgements (PKCS #8 PEM), created if missing; in data by default
	Merchants []MerchantConfig `yaml:"merchants"` // who may send

	BrokerCA     string `yaml:"broker_ca,omitempty"`     // PEM file of the authority that vouches for the broker; "" for those that the system knows
	BrokerCert   string `yaml:"broker_cert,omitempty"`   // PEM file of the platform's certificate towards the broker, with broker_key
	BrokerKey    string `yaml:"broker_key,omitempty"`    // PEM file of its key
	PublicBroker string `yaml:"public_broker,omitempty"` // the address that tills are told when they enrol; broker by default
	ListenCert   string `yaml:"listen_cert,omitempty"`   // PEM file of the certificate of listen, with listen_key; needed beyond this machine
	ListenKey    string `yaml:"listen_key,omitempty"`    // PEM file of its key
	RootKey      string `yaml:"root_key,omitempty"`      // public key (64 hex digits) that vouches for the platform's keys; the platform's own by default
	CRL          string `yaml:"crl,omitempty"`           // where the list of revoked certificates is written; keys/crl.pem beside the platform's key by default

	Acquirers []AcquirerConfig `yaml:"acquirers,omitempty"` // who collects the money of codes and QRs; without one such calls are declined
	Wallet    WalletConfig     `yaml:"wallet,omitempty"`
	Late      LateConfig       `yaml:"late,omitempty"` // how late is late, when ledger, journals and statements are compared

	Policies []PolicyConfig `yaml:"policies,omitempty"` // what tills may take while the platform is away; none: as they do without
}

// MerchantConfig is a merchant and its tills.
type MerchantConfig struct {
	Merchant pos.MerchantID `yaml:"merchant"`
	Tills    []TillConfig   `yaml:"tills"`
}

// TillConfig is a till and the key that signs its records.
type TillConfig struct {
	Till      pos.TillID `yaml:"till"`
	PublicKey string     `yaml:"public_key,omitempty"` // 64 hex digits; none: it is enrolled by a code
}

// LoadConfig reads and checks a configuration. An unknown key is an error. Every error is a *pos.Error with the code
// config_invalid, which names file and line; nothing was started then.
func LoadConfig(path string) (Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Config{}, invalid(path, err)
	}
	var c Config
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&c); err != nil {
		return Config{}, invalid(place(path, err), err)
	}
	if at, err := c.check(); err != nil {
		return Config{}, invalid(fmt.Sprintf("%s:%d", path, lineOf(text, at)), err)
	}
	c.settle(filepath.Dir(path))
	return c, nil
}

// settle fills in defaults and makes paths independent of the working folder.
func (c *Config) settle(folder string) {
	if c.Database == "" {
		c.Database = filepath.Join(c.Data, "ledger.db")
	}
	if c.Keys == "" {
		home := c.Data
		if home == "" && !database.IsPostgres(c.Database) {
			home = filepath.Dir(c.Database)
		}
		c.Keys = filepath.Join(home, "platform.pem")
	}
	paths := append(c.trustPaths(), &c.Data, &c.Database, &c.Keys)
	for i := range c.Acquirers {
		paths = append(paths, &c.Acquirers[i].SecretFile)
	}
	for _, path := range paths {
		if *path != "" && !filepath.IsAbs(*path) && !database.IsPostgres(*path) {
			*path = filepath.Join(folder, *path)
		}
	}
}

// check returns the YAML path of the first value that cannot be used, and why.
func (c *Config) check() (at string, err error) {
	postgres := database.IsPostgres(c.Database)
	if c.Data == "" && c.Database == "" {
		return "$", errors.New("data or database is missing: where is the ledger to be kept?")
	}
	if c.Data != "" && c.Database != "" && !postgres {
		return "$.database", errors.New("data and database exclude each other")
	}
	if err := mqtt.CheckBroker(c.Broker); err != nil {
		return "$.broker", err
	}
	if at, err := c.checkTrust(); err != nil {
		return at, err
	}
	if _, at, err = c.register(); err != nil {
		return at, err
	}
	if at, err := checkAcquirers(c.Acquirers); err != nil {
		return at, err
	}
	if at, err := c.checkPolicies(); err != nil {
		return at, err
	}
	if at, err := c.Late.check(); err != nil {
		return at, err
	}
	return c.Wallet.check()
}

// register collects the tills' keys.
func (c *Config) register() (keys map[pos.TillID]cose.PublicKey, at string, err error) {
	keys = map[pos.TillID]cose.PublicKey{}
	for i, m := range c.Merchants {
		at = fmt.Sprintf("$.merchants[%d].merchant", i)
		if _, err := pos.ParseMerchantID(string(m.Merchant)); err != nil {
			return nil, at, err
		}
		for k, t := range m.Tills {
			at = fmt.Sprintf("$.merchants[%d].tills[%d].till", i, k)
			key, err := t.check(keys)
			if err != nil {
				return nil, at, err
			}
			keys[t.Till] = key
		}
	}
	return keys, "", nil
}

// check reads one till. Names that begin like those of the platform's own connections would give a till the platform's rights at
// the broker.
func (t *TillConfig) check(others map[pos.TillID]cose.PublicKey) (cose.PublicKey, error) {
	if _, err := pos.ParseTillID(string(t.Till)); err != nil {
		return nil, err
	}
	if _, twice := others[t.Till]; twice {
		return nil, fmt.Errorf("till %s stands twice: a till id is unique over the platform", t.Till)
	}
	if reserved(t.Till) {
		return nil, fmt.Errorf("till id %q is reserved for the platform's connections", t.Till)
	}
	if t.PublicKey == "" {
		return nil, nil // it is enrolled by a code
	}
	key, err := cose.ParsePublicKey(t.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("till %s: %w", t.Till, err)
	}
	return key, nil
}

func invalid(where string, err error) error {
	return pos.NewError("config_invalid", pos.Permanent, pos.NoneMoved, fmt.Sprintf("The platform's configuration cannot be used: %s.", where),
		"Mend it and start again; the tills keep their records until then.").Because(err)
}

// place is file:line of a decoding error.
func place(path string, err error) string {
	var e interface {
		error
		GetToken() *token.Token
	}
	if errors.As(err, &e) && e.GetToken() != nil {
		return fmt.Sprintf("%s:%d", path, e.GetToken().Position.Line)
	}
	return path + ":1"
}

// lineOf finds the line of a YAML path; 1 when the file leaves it out.
func lineOf(text []byte, at string) int {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return 1
	}
	path, err := yaml.PathString(at)
	if err != nil {
		return 1
	}
	node, err := path.FilterFile(file)
	if err != nil || node == nil || at == "$" {
		return 1
	}
	return node.GetToken().Position.Line
}
