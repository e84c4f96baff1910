package scenario

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/zvtsim"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/platform"
)

// The demo's shop.
const (
	tillID     pos.TillID     = "demo-till"
	merchantID pos.MerchantID = "demo-shop"
	currency   pos.Currency   = "EUR"
	device     pos.DeviceName = "terminal"
	terminalID                = "52000001"
)

// places are the files of a demo and the addresses in its configurations.
type places struct {
	root           string
	tillConfig     string
	token          string
	till           string // host:port of the API
	platformConfig string
	platform       string // host:port
	devices        string
	terminal       string // the card terminal's own memory
	ledger         string
	journal        string
}

// makePlaces makes the folders and chooses the addresses, another one than the broker's each.
func makePlaces(dir, listen, broker string) (places, error) {
	root, err := filepath.Abs(dir)
	if err != nil {
		return places{}, err
	}
	p := places{root: root, tillConfig: filepath.Join(root, "till", "config.yaml"), token: filepath.Join(root, "till", "api-token"),
		platformConfig: filepath.Join(root, "platform", "config.yaml"), devices: filepath.Join(root, "devices"),
		terminal: filepath.Join(root, "devices", "terminal.json"), ledger: filepath.Join(root, "platform", "ledger.db"),
		journal: filepath.Join(root, "till", "journal")}
	for _, folder := range []string{"till", "platform", "devices"} {
		if err := os.MkdirAll(filepath.Join(root, folder), 0o700); err != nil {
			return places{}, err
		}
	}
	if p.till, err = chosen(listen, broker); err != nil {
		return places{}, err
	}
	p.platform, err = freeAddress(broker, p.till)
	return p, err
}

// chosen turns port 0 into a port, which then stays the same over kills of the agent.
func chosen(listen, broker string) (string, error) {
	_, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", fmt.Errorf("--listen %q is not host:port: %w", listen, err)
	}
	if port != "0" {
		return listen, nil
	}
	return freeAddress(broker)
}

// writeConfigs makes the keys of both ends and writes till.yaml and platform.yaml, which name each other's public keys, and what else they need.
func (d *Demo) writeConfigs() error {
	p := &d.places
	till, err := cose.LoadOrCreate(agent.PathsIn(filepath.Dir(p.tillConfig)).Key)
	if err != nil {
		return err
	}
	folder := filepath.Dir(p.platformConfig)
	centre, err := cose.LoadOrCreate(filepath.Join(folder, "platform.pem"))
	if err != nil {
		return err
	}
	return errors.Join(
		writeNew(filepath.Join(filepath.Dir(p.tillConfig), "goods.csv"), goodsList()),
		os.WriteFile(filepath.Join(folder, "acquirer-secret"), []byte(d.bank.secret+"\n"), 0o600),
		write(p.tillConfig, d.tillConfig(centre.Public())), write(p.platformConfig, d.platformConfig(till.Public())))
}

// tillConfig takes all tenders. Online the first QR is one that the platform issues; the bank transfer works without it. The account is the sample of
// the bank association, which belongs to nobody.
func (d *Demo) tillConfig(root cose.PublicKey) agent.Config {
	ttl := d.opts.pace().qr
	return agent.Config{
		Till: tillID, Merchant: merchantID, Currency: currency, Timezone: "Europe/Berlin", Data: ".",
		Platform: agent.PlatformConfig{Broker: "tcp://" + d.shop.Addr(), RootKey: hex.EncodeToString(root)},
		API:      agent.APIConfig{Listen: d.places.till, AllowedHosts: []string{}},
		Journal:  agent.JournalConfig{SegmentMiB: 8, RetentionDays: 90},
		Devices:  d.devices(),
		Tenders:  []pos.Tender{pos.Cash, pos.Card, pos.Code, pos.QR},
		QR: []agent.QRConfig{{Scheme: "wechat", Source: record.FromPlatform, TTLS: ttl}, {Scheme: "alipay", Source: record.FromPlatform, TTLS: ttl},
			{Scheme: "epc", Source: record.FromTill, TTLS: ttl, Values: map[string]string{"iban": "DE89370400440532013000", "name": "Tillproof Demo Shop"}}},
		Goods: "goods.csv", Languages: []string{"en", "zh-CN"},
	}
}

func (d *Demo) platformConfig(till cose.PublicKey) platform.Config {
	return platform.Config{
		Data: ".", Broker: "tcp://" + d.centre.Addr(), Listen: d.places.platform,
		Merchants: []platform.MerchantConfig{{Merchant: merchantID, Tills: []platform.TillConfig{{Till: tillID, PublicKey: hex.EncodeToString(till)}}}},
		Acquirers: []platform.AcquirerConfig{{Name: "demo-bank", URL: d.bank.url(), SecretFile: "acquirer-secret", Schemes: []string{"*"}}},
		Wallet:    d.opts.pace().wallet,
	}
}

func write(path string, config any) error {
	text, err := yaml.Marshal(config)
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}

// writeNew leaves a file as it is that somebody may have changed in a kept folder.
func writeNew(path string, text []byte) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	return os.WriteFile(path, text, 0o600)
}

// installTerminal gives a new card terminal the memory that every one in a shop has: the installer's test payment and its reversal. Without any
// transaction a terminal cannot prove that a sale was not taken, since its memory might as well have been emptied.
func (p *places) installTerminal() error {
	if _, err := os.Stat(p.terminal); err == nil {
		return nil
	}
	at := time.Now()
	text, err := json.Marshal(zvtsim.Memory{TerminalID: terminalID, Currency: currency, LastTrace: 2, LastReceipt: 2, Settlements: []zvtsim.Settlement{},
		Transactions: []zvtsim.Transaction{
			{Trace: 1, ReceiptNo: 1, Amount: 100, Currency: currency, Kind: zvtsim.Payment, At: at, Brand: "visa", Last4: "1111", Entry: 1, Reversed: true},
			{Trace: 2, ReceiptNo: 2, Amount: 100, Currency: currency, Kind: zvtsim.Reversal, At: at, Brand: "visa", Last4: "1111", Entry: 1, ReversalOf: 1},
		}})
	if err != nil {
		return err
	}
	return os.WriteFile(p.terminal, text, 0o600)
}
