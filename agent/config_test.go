package agent_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/pos"
)

// load writes a till.yaml and loads it.
func load(t *testing.T, text string) (agent.Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "till.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return agent.LoadConfig(path)
}

const least = "till: till-1\nmerchant: shop\n"

func TestTheLeastConfiguration(t *testing.T) {
	c, err := load(t, least)
	if err != nil {
		t.Fatal(err)
	}
	if c.Currency != "EUR" || c.Timezone != "UTC" || filepath.Base(c.Data) != "data" || !filepath.IsAbs(c.Data) || c.API.Listen != "127.0.0.1:7788" ||
		c.Journal.SegmentMiB != 64 || len(c.Devices) != 0 || len(c.Tenders) != 2 || c.Platform.Broker != "" {
		t.Errorf("%+v", c)
	}
}

func TestPathsAreBesideTheFile(t *testing.T) {
	c, err := load(t, least+`data: store
devices:
  - {name: one, kind: card, driver: zvt, port: dev/one}
  - {name: two, kind: card, driver: zvt, port: /dev/two, baud: 115200, options: {password: "123456"}}
  - {name: three, kind: card, driver: zvt, port: COM3}
  - {name: four, kind: card, driver: zvt, tcp: "192.0.2.1:20007"}
`)
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Dir(c.Data)
	if filepath.Base(c.Data) != "store" || c.Devices[0].Port != filepath.Join(folder, "dev", "one") || c.Devices[1].Port != "/dev/two" ||
		c.Devices[2].Port != "COM3" || c.Devices[3].Port != "" {
		t.Errorf("%+v", c)
	}
}

func TestWhatCannotBeUsedIsRefusedWithItsLine(t *testing.T) {
	key := strings.Repeat("ab", 32)
	device := func(fields string) string { return least + "devices:\n  - {" + fields + "}\n" }
	for name, c := range map[string]struct{ text, line, says string }{
		"no till":            {"merchant: shop\n", ":1", "till"},
		"till with capitals": {"merchant: shop\n\ntill: Till\n", ":3", "till"},
		"no merchant":        {"till: till-1\n", ":1", "merchant"},
		"bad merchant":       {"till: till-1\nmerchant: a/b\n", ":2", "merchant"},
		"no such currency":   {least + "currency: EUX\n", ":3", "currency"},
		"no such zone":       {least + "timezone: Mars/Olympus\n", ":3", "timezone"},
		"segment too small":  {least + "journal:\n  segment_mib: 0\n", ":4", "1 and 1024"},
		"segment too large":  {least + "journal:\n  segment_mib: 1025\n", ":4", "1 and 1024"},
		"no root key":        {least + "platform:\n  broker: tcp://127.0.0.1:1883\n", "", "root_key"},
		"short root key":     {least + "platform:\n  broker: tcp://127.0.0.1:1883\n  root_key: abcd\n", ":5", "root_key"},
		"broker no address":  {least + "platform:\n  broker: 127.0.0.1\n  root_key: " + key + "\n", ":4", "broker"},
		"broker no scheme":   {least + "platform:\n  broker: 127.0.0.1:1883\n  root_key: " + key + "\n", ":4", "broker"},
		"listens to all":     {least + "api:\n  listen: 0.0.0.0:7788\n", ":4", "loopback"},
		"listens anywhere":   {least + "api:\n  listen: \":7788\"\n", ":4", "loopback"},
		"listens nowhere":    {least + "api:\n  listen: localhost\n", ":4", "host:port"},
		"no such tender":     {least + "tenders: [cash, gold]\n", ":3", "gold"},
		"later tender":       {least + "tenders: [qr]\n", ":3", "qr"},
		"unknown key":        {least + "colour: red\n", ":3", "colour"},
		"unknown deep key":   {least + "api:\n  port: 1\n", ":4", "port"},
		"no YAML":            {"till: [\n", ":1", ""},
		"number of a list":   {least + "devices: 5\n", ":3", ""},
		"device no name":     {device("kind: card, driver: zvt, port: a"), ":3", "no name"},
		"device twice":       {device("name: a, kind: card, driver: zvt, port: a}\n  - {name: a, kind: card, driver: zvt, port: b"), ":3", "two devices"},
		"device no wire":     {device("name: a, kind: card, driver: zvt"), ":3", "either port or tcp"},
		"device two wires":   {device("name: a, kind: card, driver: zvt, port: a, tcp: \"b:1\""), ":3", "either port or tcp"},
		"no such driver":     {device("name: a, kind: card, driver: zvx, port: a"), ":3", "zvt"},
		"driver other kind":  {device("name: a, kind: scanner, driver: zvt, port: a"), ":3", "kind card"},
		"driver option":      {device("name: a, kind: card, driver: zvt, port: a, options: {speed: \"9\"}"), ":3", "speed"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, c.text)
			var e *pos.Error
			if !errors.As(err, &e) || e.Code != "config_invalid" || e.Money != pos.NoneMoved || e.Next == "" {
				t.Fatalf("%v", err)
			}
			if !strings.Contains(e.Text, "till.yaml"+c.line) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want line %q and %q", err, c.line, c.says)
			}
		})
	}
	if _, err := agent.LoadConfig(filepath.Join(t.TempDir(), "none.yaml")); err == nil {
		t.Error("a configuration that is not there was loaded")
	}
}

func TestLoopbackInAllSpellings(t *testing.T) {
	for _, listen := range []string{"localhost:0", "127.0.0.1:0", "\"[::1]:0\"", "127.1.2.3:80"} {
		if _, err := load(t, least+"api:\n  listen: "+listen+"\n"); err != nil {
			t.Errorf("%s: %v", listen, err)
		}
	}
}
