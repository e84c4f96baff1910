package agent

import (
	"fmt"
	"time"

	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/agent/goods"
	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/qr/payload"
	"github.com/tillproof/tillproof/store/record"
)

// qrs makes the ways to be paid by QR out of the configuration. Each local one is tried with an amount and a reference, so that a missing value is
// found now and not by a customer.
func (c *Config) qrs() ([]engine.QR, error) {
	list := []engine.QR{}
	for _, q := range c.QR {
		way := engine.QR{Scheme: q.Scheme, Source: q.Source, TTL: time.Duration(q.TTLS) * time.Second}
		switch {
		case q.TTLS < 10 || q.TTLS > 3600:
			return nil, fmt.Errorf("%s: ttl_s %d is not between 10 and 3600", q.Scheme, q.TTLS)
		case q.Source == record.FromTill:
			if err := c.makeLocal(&way, q); err != nil {
				return nil, err
			}
		case q.Source != record.FromPlatform:
			return nil, fmt.Errorf("%s: source %q is neither local nor platform", q.Scheme, q.Source)
		case c.Platform.Broker == "":
			return nil, fmt.Errorf("%s: source platform needs platform.broker", q.Scheme)
		case q.Scheme == "" || len(q.Values) > 0:
			return nil, fmt.Errorf("%q: a QR of source platform has a scheme and no values", q.Scheme)
		}
		list = append(list, way)
	}
	return list, nil
}

// makeLocal lets the till write the payloads of a scheme.
func (c *Config) makeLocal(way *engine.QR, q QRConfig) error {
	scheme, known := payload.Find(q.Scheme)
	switch {
	case !known || !scheme.CanEncode():
		return fmt.Errorf("%q is not a scheme that the till can make; `tillproof qr encode` lists them", q.Scheme)
	case !scheme.TakesReference(q.Values):
		return fmt.Errorf("%s carries no reference, so that nobody could say which payment came; take another scheme", q.Scheme)
	}
	way.Make = func(amount pos.Money, reference string) (string, string, error) {
		text, err := scheme.Encode(q.Values, amount, reference)
		if err != nil {
			return "", "", err
		}
		summary, err := payload.Read(text)
		if err != nil {
			return "", "", err
		}
		return text, summary.Reference, nil
	}
	if _, _, err := way.Make(pos.Money{Amount: 10000, Currency: c.Currency}, "ABCD00000001"); err != nil {
		return fmt.Errorf("%s: %w", q.Scheme, err)
	}
	return nil
}

// names lists the devices of a kind in the order of the configuration.
func (c *Config) names(kind drivers.Kind) (names []pos.DeviceName) {
	for _, d := range c.Devices {
		if d.Kind == kind {
			names = append(names, d.Name)
		}
	}
	return names
}

// stock reads goods.csv, nil when none is configured.
func (c *Config) stock() (*goods.Goods, error) {
	if c.Goods == "" {
		return nil, nil
	}
	g, err := goods.Load(c.Goods, c.Currency)
	if err != nil {
		return nil, errConfig(c.Goods, err)
	}
	return g, nil
}

// shop is what the screens are told of the configuration.
func (c *Config) shop() api.Shop {
	s := api.Shop{Currency: c.Currency, Timezone: c.Timezone, Tenders: c.Tenders, Languages: c.Languages, CashStep: c.CashRounding}
	for _, q := range c.QR {
		s.QR = append(s.QR, api.ShopQR{Scheme: q.Scheme, Source: q.Source})
	}
	return s
}
