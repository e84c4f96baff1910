package scenario

import (
	"time"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/sync/platform"
)

// pace is how long people and devices take. The waits are shorter than in a shop: nobody wants to look on for half a minute while the card terminal
// takes a payment back.
type pace struct {
	card   time.Duration // the customer with the card; 0 for as long as people do
	answer string        // seconds that the terminal gives the till to answer a result (BMP 01)
	silent string        // seconds of silence after which the till gives up (T4)
	qr     int           // seconds that a QR is shown
	wallet platform.WalletConfig
}

func (o *Options) pace() pace {
	if o.Brisk {
		return pace{card: 5 * time.Millisecond, answer: "1", silent: "6", qr: 10, wallet: briskWallet()}
	}
	return pace{answer: "3", silent: "8", qr: 180, wallet: livelyWallet()}
}

// livelyWallet asks the bank each second, so that who plays the customer sees the till follow at once.
func livelyWallet() platform.WalletConfig {
	each := platform.RuleConfig{IntervalMS: 1000}
	return platform.WalletConfig{FirstQueryMS: 1000, Rules: map[string]platform.RuleConfig{"wechat": each, "alipay": each, "epc": each}}
}

// briskWallet has customers who are given three seconds instead of a minute, and looks for late money soon and often.
func briskWallet() platform.WalletConfig {
	atOnce, second := 0, 1
	return platform.WalletConfig{CallTimeoutS: 2, FirstQueryMS: 300, WatchS: []int{1, 2, 3, 4, 6, 8, 12, 16, 20, 30, 40, 60, 90, 120},
		Rules: map[string]platform.RuleConfig{
			"wechat": {IntervalMS: 300, GiveUpS: 3, CancelAfterS: &second},
			"alipay": {IntervalMS: 300, GiveUpS: 3, CancelAfterS: &atOnce},
			"epc":    {IntervalMS: 300, GiveUpS: 3, CancelAfterS: &atOnce},
		}}
}

// devices are the entries of the demo's devices in till.yaml.
func (d *Demo) devices() []agent.DeviceConfig {
	p := d.opts.pace()
	return []agent.DeviceConfig{
		d.sockets.terminal.config(device, drivers.KindCard, "zvt", map[string]string{"result_timeout_s": p.answer, "t4_s": p.silent}),
		d.sockets.scanner.config("scanner", drivers.KindScanner, "scanner", nil),
	}
}
