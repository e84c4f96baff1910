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

// makePlaces makes the folders and chooses the addresses.
func makePlaces(dir, listen string) (places, error) {
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
	if p.till, err = chosen(listen); err != nil {
		return places{}, err
	}
	p.platform, err = freeAddress()
	return p, err
}

// chosen turns port 0 into a port, which then stays the same over kills of the agent.
func chosen(listen string) (string, error) {
	_, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", fmt.Errorf("--listen %q is not host:port: %w", listen, err)
	}
	if port != "0" {
		return listen, nil
	}
	return freeAddress()
}

// writeConfigs makes the keys of both ends and writes till.yaml and platform.yaml, which name each other's public keys.
func (p *places) writeConfigs(terminal agent.DeviceConfig, tillBroker, platformBroker string) error {
	till, err := cose.LoadOrCreate(agent.PathsIn(filepath.Dir(p.tillConfig)).Key)
	if err != nil {
		return err
	}
	centre, err := cose.LoadOrCreate(filepath.Join(filepath.Dir(p.platformConfig), "platform.pem"))
	if err != nil {
		return err
	}
	return errors.Join(
		write(p.tillConfig, agent.Config{
			Till: tillID, Merchant: merchantID, Currency: currency, Timezone: "Europe/Berlin", Data: ".",
			Platform: agent.PlatformConfig{Broker: "tcp://" + tillBroker, RootKey: hex.EncodeToString(centre.Public())},
			API:      agent.APIConfig{Listen: p.till, AllowedHosts: []string{}},
			Journal:  agent.JournalConfig{SegmentMiB: 8},
			Devices:  []agent.DeviceConfig{terminal},
			Tenders:  []pos.Tender{pos.Cash, pos.Card},
		}),
		write(p.platformConfig, platform.Config{
			Data: ".", Broker: "tcp://" + platformBroker, Listen: p.platform,
			Merchants: []platform.MerchantConfig{{Merchant: merchantID, Tills: []platform.TillConfig{{Till: tillID, PublicKey: hex.EncodeToString(till.Public())}}}},
		}))
}

func write(path string, config any) error {
	text, err := yaml.Marshal(config)
	if err != nil {
		return err
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
