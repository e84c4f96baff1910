package scenario

import (
	"time"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/drivers"
)

// pace is how long people and devices take. The waits are shorter than in a shop: nobody wants to look on for half a minute while the card terminal
// takes a payment back.
type pace struct {
	card   time.Duration // the customer with the card; 0 for as long as people do
	answer string        // seconds that the terminal gives the till to answer a result (BMP 01)
	silent string        // seconds of silence after which the till gives up (T4)
}

func (o *Options) pace() pace {
	if o.Brisk {
		return pace{card: 5 * time.Millisecond, answer: "1", silent: "6"}
	}
	return pace{answer: "3", silent: "8"}
}

// terminalConfig is the card terminal in till.yaml.
func (d *Demo) terminalConfig() agent.DeviceConfig {
	p := d.opts.pace()
	c := agent.DeviceConfig{Name: device, Kind: drivers.KindCard, Driver: "zvt",
		Options: map[string]string{"result_timeout_s": p.answer, "t4_s": p.silent}}
	if d.outlet.Stream() {
		c.TCP = d.outlet.Address()
	} else {
		c.Port = d.outlet.Address()
	}
	return c
}
