package agent

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/token"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/mqtt"
)

// Config is till.yaml. Paths are relative to the file's folder.
type Config struct {
	Till     pos.TillID     `yaml:"till"`
	Merchant pos.MerchantID `yaml:"merchant"`
	Currency pos.Currency   `yaml:"currency"`
	Timezone string         `yaml:"timezone"` // IANA name of the shop's zone
	Data     string         `yaml:"data"`     // folder of journal, views, keys and api-token
	Platform PlatformConfig `yaml:"platform"`
	API      APIConfig      `yaml:"api"`
	Journal  JournalConfig  `yaml:"journal"`
	Devices  []DeviceConfig `yaml:"devices"`
	Tenders  []pos.Tender   `yaml:"tenders"`

	CashRounding pos.Minor `yaml:"cash_rounding"` // the smallest coin of currency, in minor units; 0 takes the country's usual one

	QR        []QRConfig `yaml:"qr"`        // payment QRs that the till can show, the favourite first
	Goods     string     `yaml:"goods"`     // goods.csv, "" for none
	Languages []string   `yaml:"languages"` // of the screens, the shop's first

	Webhooks []WebhookConfig `yaml:"webhooks"` // told what happens, over HTTP
}

// QRConfig is a payment QR that customers scan.
type QRConfig struct {
	Scheme string            `yaml:"scheme"`
	Source record.Source     `yaml:"source"` // local: made here from values, works without a network; platform: issued for each payment
	TTLS   int               `yaml:"ttl_s"`  // seconds that it is shown, 10-3600
	Values map[string]string `yaml:"values,omitempty"`
}

// mostRounding bounds cash_rounding: no coin that anybody rounds to is larger.
const mostRounding = 100_000

// defaultTTL is how long a QR is shown, in seconds.
const defaultTTL = 180

// UnmarshalYAML fills the defaults of one entry in.
func (q *QRConfig) UnmarshalYAML(decode func(any) error) error {
	type plain QRConfig
	filled := plain{TTLS: defaultTTL}
	err := decode(&filled)
	*q = QRConfig(filled)
	return err
}

// PlatformConfig says where records go. Without a broker the till keeps them.
type PlatformConfig struct {
	Broker  string `yaml:"broker"`   // tls://host:port; tcp://host:port on this machine only
	CA      string `yaml:"ca"`       // PEM file of the authority that vouches for the broker; "" for those that the system knows
	Cert    string `yaml:"cert"`     // PEM file of the till's certificate, with key; both are written by enrolment
	Key     string `yaml:"key"`      // PEM file of the certificate's key
	RootKey string `yaml:"root_key"` // public key, 64 hex digits: only what it, or a key that it vouches for, has signed frees a record
}

// APIConfig is the address of the local HTTP API.
type APIConfig struct {
	Listen       string   `yaml:"listen"`
	AllowedHosts []string `yaml:"allowed_hosts"` // names a browser may use for it, beside the address itself
}

// JournalConfig sizes the journal's files.
type JournalConfig struct {
	SegmentMiB    int `yaml:"segment_mib"`    // 1-1024; the space is taken when a file is made
	RetentionDays int `yaml:"retention_days"` // 1-3650; what the platform has signed for is removed after it
}

// DeviceConfig names a device and its wire: a serial port or a TCP address.
type DeviceConfig struct {
	Name    pos.DeviceName    `yaml:"name"`
	Kind    drivers.Kind      `yaml:"kind"`
	Driver  string            `yaml:"driver"`
	Port    string            `yaml:"port,omitempty"`
	TCP     string            `yaml:"tcp,omitempty"`
	Baud    int               `yaml:"baud,omitempty"`    // 0: what the driver starts from
	Framing string            `yaml:"framing,omitempty"` // of the serial line, such as 7E1; "" for what the driver starts from
	Options map[string]string `yaml:"options,omitempty"`
}

// defaults are the values of keys that the file leaves out.
func defaults() Config {
	return Config{
		Currency: "EUR", Timezone: "UTC", Data: "data",
		API:     APIConfig{Listen: "127.0.0.1:7788", AllowedHosts: []string{}},
		Journal: JournalConfig{SegmentMiB: journal.DefaultSegment >> 20, RetentionDays: 90},
		Devices: []DeviceConfig{}, Tenders: []pos.Tender{pos.Cash, pos.Card}, QR: []QRConfig{}, Languages: []string{"en", "zh-CN"},
		Webhooks: []WebhookConfig{},
	}
}

// LoadConfig reads and checks a configuration. An error names file and line and what to write instead.
func LoadConfig(path string) (Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Config{}, errConfig(path, err)
	}
	c := defaults()
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&c); err != nil {
		return Config{}, errConfig(position(path, err), err)
	}
	if key, err := c.check(); err != nil {
		return Config{}, errConfig(fmt.Sprintf("%s:%d", path, lineOf(text, key)), fmt.Errorf("%s: %w", key, err))
	}
	if c.CashRounding == 0 {
		c.CashRounding = pos.CashStep(c.Currency)
	}
	c.Data = beside(path, c.Data)
	if c.Goods != "" {
		c.Goods = beside(path, c.Goods)
	}
	for i, d := range c.Devices {
		if d.Port != "" {
			c.Devices[i].Port = beside(path, d.Port)
		}
	}
	for _, file := range []*string{&c.Platform.CA, &c.Platform.Cert, &c.Platform.Key} {
		if *file != "" {
			*file = beside(path, *file)
		}
	}
	for i, w := range c.Webhooks {
		c.Webhooks[i].SecretFile = beside(path, w.SecretFile)
	}
	return c, nil
}

// beside resolves a path against the folder of the configuration.
func beside(config, path string) string {
	if filepath.IsAbs(path) || !strings.ContainsAny(path, `/\.`) && strings.HasPrefix(strings.ToUpper(path), "COM") {
		return path
	}
	return filepath.Join(filepath.Dir(config), path)
}

// check returns the first key whose value cannot be used.
func (c *Config) check() (key string, err error) {
	if _, err := pos.ParseTillID(string(c.Till)); err != nil {
		return "till", err
	}
	if _, err := pos.ParseMerchantID(string(c.Merchant)); err != nil {
		return "merchant", err
	}
	if _, err := pos.ParseCurrency(string(c.Currency)); err != nil {
		return "currency", err
	}
	if c.CashRounding < 0 || c.CashRounding > mostRounding {
		return "cash_rounding", fmt.Errorf("%d is not between 0 and %d", c.CashRounding, mostRounding)
	}
	if _, err := time.LoadLocation(c.Timezone); err != nil {
		return "timezone", err
	}
	if c.Journal.SegmentMiB < 1 || c.Journal.SegmentMiB > 1024 {
		return "segment_mib", fmt.Errorf("%d is not between 1 and 1024", c.Journal.SegmentMiB)
	}
	if c.Journal.RetentionDays < 1 || c.Journal.RetentionDays > 3650 {
		return "retention_days", fmt.Errorf("%d is not between 1 and 3650", c.Journal.RetentionDays)
	}
	if err := checkListen(c.API.Listen); err != nil {
		return "listen", err
	}
	if c.Platform.Broker != "" {
		if err := mqtt.CheckBroker(c.Platform.Broker); err != nil {
			return "broker", err
		}
		if err := c.Platform.files().Check(); err != nil {
			return "cert", err
		}
		if _, err := cose.ParsePublicKey(c.Platform.RootKey); err != nil {
			return "root_key", err
		}
	}
	if key, err := c.checkDevices(); err != nil {
		return key, err
	}
	if err := c.checkWebhooks(); err != nil {
		return "webhooks", err
	}
	return c.checkTenders()
}

// checkTenders sees to it that every tender can work: a code and most QRs need the platform.
func (c *Config) checkTenders() (key string, err error) {
	for _, t := range c.Tenders {
		switch {
		case t != pos.Cash && t != pos.Card && t != pos.Code && t != pos.QR:
			return "tenders", fmt.Errorf("%q is not a tender (cash, card, code, qr)", t)
		case t == pos.Code && c.Platform.Broker == "":
			return "tenders", errors.New("tender code needs platform.broker: only the platform can collect a customer's code")
		case t == pos.QR && len(c.QR) == 0:
			return "tenders", errors.New("tender qr needs at least one entry in qr")
		}
	}
	for _, language := range c.Languages {
		if language != "en" && language != "zh-CN" {
			return "languages", fmt.Errorf("%q is not a language of this version (en, zh-CN)", language)
		}
	}
	if len(c.Languages) == 0 {
		return "languages", errors.New("the screens need at least one language (en, zh-CN)")
	}
	_, err = c.qrs()
	return "qr", err
}

// checkListen keeps the API on this machine: it speaks no TLS.
func checkListen(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%q is not host:port", address)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("%q is not a loopback address; others would need TLS, which this version has not", host)
	}
	return nil
}

func (c *Config) checkDevices() (key string, err error) {
	seen := map[pos.DeviceName]bool{}
	for _, d := range c.Devices {
		switch {
		case d.Name == "":
			return "devices", errors.New("a device has no name")
		case seen[d.Name]:
			return "devices", fmt.Errorf("two devices are called %q", d.Name)
		case (d.Port == "") == (d.TCP == ""):
			return "devices", fmt.Errorf("device %q needs either port or tcp", d.Name)
		}
		seen[d.Name] = true
		driver, err := findDriver(d, c.Currency)
		if err != nil {
			return "devices", err
		}
		if _, err := d.line(driver); err != nil {
			return "devices", fmt.Errorf("device %q: %w", d.Name, err)
		}
	}
	return "", nil
}

func errConfig(where string, err error) error {
	return pos.NewError("config_invalid", pos.Permanent, pos.NoneMoved, fmt.Sprintf("The configuration cannot be used: %s.", where),
		"Mend it and start again; `tillproof config check --print` shows every key. Nothing was started.").Because(err)
}

// position is file:line of a decoding error.
func position(path string, err error) string {
	var e interface {
		error
		GetToken() *token.Token
	}
	if errors.As(err, &e) && e.GetToken() != nil {
		return fmt.Sprintf("%s:%d", path, e.GetToken().Position.Line)
	}
	return path
}

// lineOf finds the line of a key, 1 when the file leaves it out.
func lineOf(text []byte, key string) int {
	for i, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), key+":") {
			return i + 1
		}
	}
	return 1
}
