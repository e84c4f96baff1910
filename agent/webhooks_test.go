package agent_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/agent/api"
)

// office is the shop's own software on real HTTP.
type office struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	orders []string
}

func newOffice(t *testing.T) *office {
	o := &office{status: http.StatusOK}
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m struct{ Data api.Payment }
		err := json.NewDecoder(r.Body).Decode(&m)
		o.mu.Lock()
		defer o.mu.Unlock()
		if w.WriteHeader(o.status); err == nil && o.status == http.StatusOK {
			o.orders = append(o.orders, string(m.Data.Order)+" "+string(m.Data.Status))
		}
	}))
	t.Cleanup(o.Close)
	return o
}

func (o *office) answer(status int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.status = status
}

func (o *office) heard() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Join(o.orders, ", ")
}

// The whole agent: what is sold while the shop's software is down reaches it after a restart of the till, and a receiver that hangs delays no sale and
// no end.
func TestTheShopsSoftwareIsTold(t *testing.T) {
	w := newWorld(t, t.TempDir())
	shop, deaf := newOffice(t), make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-deaf }))
	t.Cleanup(silent.Close)
	t.Cleanup(func() { close(deaf) })
	secret := filepath.Join(w.dir, "keys", "shop.secret")
	w.config = w.load("webhooks:\n  - {url: \"" + shop.URL + "/told\", secret_file: " + secret + "}\n  - {name: deaf, url: \"" + silent.URL + "\", secret_file: " + secret + "}\n")
	w.start()
	w.pay("cash", "A-1", 500, "0s")
	w.until("the first sale is told", func() bool { return shop.heard() == "A-1 approved" })
	shop.answer(http.StatusInternalServerError)
	w.pay("cash", "A-2", 500, "0s")
	var list struct{ Items []api.Webhook }
	w.until("the hook is failing", func() bool {
		w.ask(http.MethodGet, "/v1/webhooks", nil, &list)
		return len(list.Items) == 2 && list.Items[0].State == "failing"
	})
	w.stop()
	shop.answer(http.StatusOK)
	w.start()
	w.pay("cash", "A-3", 500, "0s")
	w.ask(http.MethodPost, "/v1/webhooks/w1/retry", nil, nil)
	w.until("everything is told", func() bool { return shop.heard() == "A-1 approved, A-2 approved, A-3 approved" })
	w.stop()
	key, err := os.ReadFile(secret)
	if err != nil {
		t.Fatal(err)
	}
	places, err := os.ReadFile(agent.PathsIn(w.dir).Webhooks)
	if err != nil || strings.Contains(string(places), strings.TrimSpace(string(key))) || strings.Contains(string(places), "/told") {
		t.Errorf("%s, %v", places, err)
	}
	w.verify()
}

func TestWebhooksThatCannotBeUsedAreRefused(t *testing.T) {
	for name, c := range map[string]struct{ entry, says string }{
		"plain http":     {`{url: "http://pos.example/x", secret_file: s}`, "private address"},
		"public address": {`{url: "http://192.0.2.7/x", secret_file: s}`, "private address"},
		"other scheme":   {`{url: "ftp://10.0.0.1/x", secret_file: s}`, "https"},
		"no host":        {`{url: "https:///x", secret_file: s}`, "https"},
		"no url":         {`{secret_file: s}`, "https"},
		"password":       {`{url: "https://anna:hunter2@pos.example/", secret_file: s}`, "password"},
		"no secret":      {`{url: "https://pos.example/x"}`, "secret_file"},
		"unknown event":  {`{url: "https://pos.example/x", secret_file: s, events: [payment.made]}`, "payment.updated"},
		"name":           {`{name: "Shop 1", url: "https://pos.example/x", secret_file: s}`, "a-z"},
		"same name":      {`{name: w2, url: "https://pos.example/x", secret_file: s}` + "\n  - " + `{url: "https://pos.example/x", secret_file: s}`, "two webhooks"},
		"unknown key":    {`{url: "https://pos.example/x", secret: s}`, "secret"},
	} {
		_, err := load(t, least+"webhooks:\n  - "+c.entry+"\n")
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, url := range []string{"https://pos.example/x?y", "http://127.0.0.1:80/", "http://localhost/", "http://10.1.2.3/", "http://192.168.0.9:8080/", "http://172.16.0.1/",
		"http://[::1]:80/", "http://[fd00::1]/"} {
		c, err := load(t, least+"webhooks:\n  - {url: \""+url+"\", secret_file: keys/s, events: [shift.closed]}\n")
		if err != nil || c.Webhooks[0].Name != "w1" || !filepath.IsAbs(c.Webhooks[0].SecretFile) || len(c.SecretsToMake()) != 1 {
			t.Errorf("%s: %+v, %v", url, c.Webhooks, err)
		}
	}
}

func TestASecretThatCannotBeUsedKeepsTheAgentFromStarting(t *testing.T) {
	w := newWorld(t, t.TempDir())
	secret := filepath.Join(w.dir, "secret")
	write(t, secret, "hunter2\n")
	w.config = w.load("webhooks:\n  - {url: \"https://pos.example/x\", secret_file: " + secret + "}\n")
	if code := w.fails(); code != "config_invalid" {
		t.Errorf("%s", code)
	}
}

func TestAPlacesFileThatCannotBeReadIsNamed(t *testing.T) {
	w := newWorld(t, t.TempDir())
	mkdir(t, agent.PathsIn(w.dir).Webhooks)
	if code := w.fails(); code != "disk_failed" {
		t.Errorf("%s", code)
	}
}
