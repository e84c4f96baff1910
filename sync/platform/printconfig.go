package platform

import (
	"reflect"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/wallet"
)

// Print is the configuration in force as YAML: every key, also those that the file leaves out. The password of a database is left out.
func (c Config) Print() ([]byte, error) {
	c.Database = database.Name(c.Database)
	c.Wallet, c.Late = c.Wallet.inForce(), c.Late.inForce()
	keys := everyKey(c)
	for i := range keys {
		if keys[i].Key == "wallet" {
			keys[i].Value = everyKey(c.Wallet)
		}
	}
	return yaml.Marshal(keys)
}

// inForce are the times of the wallet with the defaults filled in.
func (w *WalletConfig) inForce() WalletConfig {
	s := w.settings()
	full := WalletConfig{Workers: s.Workers, CallTimeoutS: int(s.CallTimeout / time.Second), FirstQueryMS: int(s.FirstQuery / time.Millisecond),
		CollectTries: s.CollectTries, CollectS: int(s.CollectFor / time.Second), Rules: map[string]RuleConfig{}}
	for _, at := range s.Watch {
		full.WatchS = append(full.WatchS, int(at/time.Second))
	}
	for scheme := range w.Rules {
		full.Rules[scheme] = ruleConfig(s.Rules[scheme])
	}
	return full
}

func ruleConfig(r wallet.Rule) RuleConfig {
	cancel := int(r.CancelAfter / time.Second)
	return RuleConfig{int(r.Interval / time.Millisecond), int(r.GiveUp / time.Second), &cancel}
}

// everyKey lists the keys of a struct in their order, with an empty list in place of none.
func everyKey(of any) (keys yaml.MapSlice) {
	v := reflect.ValueOf(of)
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		if name == "" {
			continue
		}
		value := v.Field(i).Interface()
		if v.Field(i).Kind() == reflect.Slice && v.Field(i).IsNil() {
			value = []string{}
		}
		keys = append(keys, yaml.MapItem{Key: name, Value: value})
	}
	return keys
}
