package platform

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/wallet"
)

// AcquirerConfig is one who collects the money of codes and QRs.
type AcquirerConfig struct {
	Name       string   `yaml:"name"`                  // [a-z0-9-], 3 to 32; payments in progress stay with it, so it is not to be reused for another
	URL        string   `yaml:"url"`                   // https://..., or http:// on this machine
	SecretFile string   `yaml:"secret_file,omitempty"` // file with the bearer's secret, white space around it is dropped
	Schemes    []string `yaml:"schemes"`               // of the codes and QRs that it takes; "*" for all that no other one takes
}

// WalletConfig changes the times of payments by code and QR; what is 0 or absent is as in [wallet.Defaults].
type WalletConfig struct {
	Workers      int                   `yaml:"workers,omitempty"`        // calls to acquirers at the same time
	CallTimeoutS int                   `yaml:"call_timeout_s,omitempty"` // after which a call is unclear
	FirstQueryMS int                   `yaml:"first_query_ms,omitempty"` // from an unclear payment call to the first query
	WatchS       []int                 `yaml:"watch_s,omitempty"`        // when to look for late money, seconds from the end, ascending
	Rules        map[string]RuleConfig `yaml:"rules,omitempty"`          // by scheme
	CollectTries int                   `yaml:"collect_tries,omitempty"`  // how often a refused offline approval may be asked for again
	CollectS     int                   `yaml:"collect_s,omitempty"`      // for how long, from the first refusal
}

// RuleConfig changes the rule of one scheme; what is absent is as in [wallet.RuleOf].
type RuleConfig struct {
	IntervalMS   int  `yaml:"interval_ms,omitempty"`    // between queries
	GiveUpS      int  `yaml:"give_up_s,omitempty"`      // from the payment call to the last query
	CancelAfterS *int `yaml:"cancel_after_s,omitempty"` // earliest cancel after the payment call; 0 for at once
}

// longest bounds every time, so that none overflows.
const longest = 30 * 24 * 3600

// settings are the configured times over the defaults.
func (w *WalletConfig) settings() wallet.Settings {
	s := wallet.Defaults()
	if w.Workers > 0 {
		s.Workers = w.Workers
	}
	set(&s.CallTimeout, w.CallTimeoutS, time.Second)
	set(&s.FirstQuery, w.FirstQueryMS, time.Millisecond)
	set(&s.CollectFor, w.CollectS, time.Second)
	if w.CollectTries > 0 {
		s.CollectTries = w.CollectTries
	}
	if len(w.WatchS) > 0 {
		s.Watch = nil
		for _, v := range w.WatchS {
			s.Watch = append(s.Watch, time.Duration(v)*time.Second)
		}
	}
	s.Rules = map[string]wallet.Rule{}
	for scheme, c := range w.Rules {
		rule := wallet.RuleOf(scheme)
		set(&rule.Interval, c.IntervalMS, time.Millisecond)
		set(&rule.GiveUp, c.GiveUpS, time.Second)
		if c.CancelAfterS != nil {
			rule.CancelAfter = time.Duration(*c.CancelAfterS) * time.Second
		}
		s.Rules[scheme] = rule
	}
	return s
}

func set(to *time.Duration, value int, unit time.Duration) {
	if value > 0 {
		*to = time.Duration(value) * unit
	}
}

// check returns the YAML path of the first value that cannot be used, and why.
func (w *WalletConfig) check() (at string, err error) {
	for _, v := range []struct {
		at         string
		value, max int
	}{
		{"$.wallet.workers", w.Workers, 1000}, {"$.wallet.call_timeout_s", w.CallTimeoutS, 300}, {"$.wallet.first_query_ms", w.FirstQueryMS, 60_000},
		{"$.wallet.collect_tries", w.CollectTries, 15}, {"$.wallet.collect_s", w.CollectS, longest},
	} {
		if v.value < 0 || v.value > v.max {
			return v.at, fmt.Errorf("%d is not between 0 (as usual) and %d", v.value, v.max)
		}
	}
	last := 0
	for _, v := range w.WatchS {
		if v <= last || v > longest {
			return "$.wallet.watch_s", fmt.Errorf("watch_s must ascend from 1 to at most %d", longest)
		}
		last = v
	}
	for scheme, r := range w.Rules {
		cancel := 0
		if r.CancelAfterS != nil {
			cancel = *r.CancelAfterS
		}
		if min(r.IntervalMS, r.GiveUpS, cancel) < 0 || max(r.IntervalMS/1000, r.GiveUpS, cancel) > longest {
			return "$.wallet.rules." + scheme, fmt.Errorf("a time of the rule for %q is out of range", scheme)
		}
	}
	return "", nil
}

// checkAcquirers returns the YAML path of the first acquirer that cannot be used, and why.
func checkAcquirers(list []AcquirerConfig) (at string, err error) {
	var names, schemes []string
	for i, a := range list {
		at = fmt.Sprintf("$.acquirers[%d].name", i)
		if _, err := pos.ParseTillID(a.Name); err != nil {
			return at, fmt.Errorf("acquirer %q is not 3 to 32 characters of a-z, 0-9 and -", a.Name)
		}
		if slices.Contains(names, a.Name) {
			return at, fmt.Errorf("acquirer %s stands twice", a.Name)
		}
		if err := checkURL(a.URL); err != nil {
			return fmt.Sprintf("$.acquirers[%d].url", i), err
		}
		at = fmt.Sprintf("$.acquirers[%d].schemes", i)
		if len(a.Schemes) == 0 {
			return at, fmt.Errorf("acquirer %s takes no scheme; write [\"*\"] for all", a.Name)
		}
		for _, scheme := range a.Schemes {
			if scheme == "" || slices.Contains(schemes, scheme) {
				return at, fmt.Errorf("scheme %q is empty or stands twice", scheme)
			}
			schemes = append(schemes, scheme)
		}
		names = append(names, a.Name)
	}
	return "", nil
}

// checkURL wants TLS wherever a customer's code would leave this machine.
func checkURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("url is not an address such as https://acquirer.example")
	}
	ip := net.ParseIP(u.Hostname())
	local := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	if u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return fmt.Errorf("url %q: only https, since customers' codes travel there; http on this machine only", text)
	}
	return nil
}

// secret reads the bearer's secret; "" when none is configured.
func (c *AcquirerConfig) secret() (string, error) {
	if c.SecretFile == "" {
		return "", nil
	}
	text, err := os.ReadFile(c.SecretFile)
	secret := strings.TrimSpace(string(text))
	if err == nil && secret == "" {
		err = fmt.Errorf("%s is empty", c.SecretFile)
	}
	return secret, err
}
