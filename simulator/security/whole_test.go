package security_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/broker"
	"github.com/tillproof/tillproof/sync/mqtt"
	"github.com/tillproof/tillproof/sync/wire"
)

// TestFromCodeToCutOff is the life of a till's trust, with the program's own commands: enrolment by a code, sales over mutual TLS, a change of the
// platform's keys under an offline root, and the end of a till that was stolen.
func TestFromCodeToCutOff(t *testing.T) {
	c, s := newCentre(t), newShop(t)
	c.start()
	code := fields(t, c.people("enrol-code", "--merchant", "shop", "--till", "till-1", "--json"))["code"].(string)
	first, _ := s.enrol(0, c, code)
	if again, _ := s.enrol(0, c, code); again != first {
		t.Errorf("the same code by the same till: %s, then %s", first, again)
	}
	text, err := os.ReadFile(s.path("till.yaml"))
	if err != nil || !strings.Contains(string(text), "# the corner shop\n") || !strings.Contains(string(text), "# for the POS") || strings.Count(string(text), "platform:") != 1 {
		t.Errorf("%v\n%s", err, text)
	}
	thief := newShop(t)
	if _, says := thief.enrol(1, c, code); !strings.Contains(says, "used already") || !strings.Contains(says, "money: none moved") {
		t.Errorf("a stolen code: %s", says)
	}
	s.start()
	s.sell()
	s.delivered("the first sale")

	t.Run("the platform's keys change", func(t *testing.T) { changeKeys(t, c, s) })
	t.Run("an older list of keys", func(t *testing.T) { replayKeys(t, c, s) })
	t.Run("the till is stolen", func(t *testing.T) { stealTill(t, c, s) })
}

// listOf is the version of the list that a till goes by.
func (s *shop) listOf(root cose.PublicKey) uint64 {
	s.t.Helper()
	raw, err := os.ReadFile(s.path("data/keys/platform-keys.cose"))
	if err != nil {
		return 0
	}
	codec, err := wire.NewCodec()
	if err != nil {
		s.t.Fatal(err)
	}
	list, err := codec.OpenKeys(raw, cose.OneKey(root))
	if err != nil {
		s.t.Fatal(err)
	}
	return list.Version
}

func (c *centre) root() cose.PublicKey {
	c.t.Helper()
	root, err := cose.Load(c.path("root.pem"))
	if err != nil {
		c.t.Fatal(err)
	}
	return root.Public()
}

func changeKeys(t *testing.T, c *centre, s *shop) {
	former, err := cose.Load(c.path("platform.pem"))
	if err != nil {
		t.Fatal(err)
	}
	tillproof(t, 3, "platform", "keys", "switch", "-c", c.path("platform.yaml")) // there is no next key yet
	c.people("keys", "next")
	tillproof(t, 1, "platform", "keys", "switch", "-c", c.path("platform.yaml")) // no till would listen to it
	c.signKeys()
	eventually(t, "the new list has not reached the till", func() bool { return s.listOf(c.root()) == 2 })
	s.sell()
	s.delivered("signed by the former key, beside the next one")
	c.people("keys", "switch")
	c.stop()
	c.start()
	s.sell()
	s.delivered("signed by the next key")
	c.signKeys("--revoke", former.ID().String())
	eventually(t, "the list that revokes has not reached the till", func() bool { return s.listOf(c.root()) == 3 })
	s.stop()
	s.start()
	s.sell()
	s.delivered("after a restart, with the former key revoked")
}

// replayKeys brings an older list, well signed, over the broker itself: it was good once.
func replayKeys(t *testing.T, c *centre, s *shop) {
	old := wire.KeyList{Version: 2, At: 1, Keys: []wire.PlatformKey{{Public: newSigner(t).Public(), Use: wire.UseAll}}}
	root, err := cose.Load(c.path("root.pem"))
	if err != nil {
		t.Fatal(err)
	}
	codec, err := wire.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	message, err := codec.SealKeys(&old, root)
	if err != nil {
		t.Fatal(err)
	}
	secrets := mqtt.NewSecrets(mqtt.Files{CA: c.path("keys/ca.pem"), Cert: c.path("client.pem"), Key: c.path("client-key.pem")}, nil)
	conn, err := mqtt.Dial(t.Context(), mqtt.Options{Broker: "tls://" + c.broker.Addr(), ClientID: "platform-x", User: "platform", Secure: secrets.Config})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.PublishRetained(t.Context(), topic("till-1", wire.DownKeys), message); err != nil {
		t.Fatal(err)
	}
	s.stop()
	s.start() // the broker gives it the retained one again
	s.sell()
	s.delivered("after an older list")
	if v := s.listOf(c.root()); v != 3 {
		t.Errorf("the till goes by version %d", v)
	}
}

// stealTill: what the till has delivered stays, what it had before is taken, what comes later is not, and its certificate lets it in no more.
func stealTill(t *testing.T, c *centre, s *shop) {
	out := fields(t, c.people("revoke", "till-1", "--reason", "stolen", "--json"))
	if out["certificates"].(float64) < 1 || len(out["kids"].([]any)) != 1 {
		t.Errorf("%v", out)
	}
	status := s.ask("GET", "/v1/status", "")
	if status["seq"].(float64) != out["last"].(map[string]any)["seq"].(float64) {
		t.Errorf("%v is not where the till stands: %v", out["last"], status["seq"])
	}
	said := func(text string) func() bool {
		return func() bool { return strings.Contains((&locked{w: &c.log}).text(), text) }
	}
	eventually(t, "the platform has not heard of it", said("a key of a till is revoked"))
	s.sell() // cash is taken all the same
	eventually(t, "the platform has not refused it", said("signed by a revoked key"))
	eventually(t, "nobody is asked to look at it", func() bool { return strings.Contains(c.people("work", "list", "--json"), "revoked_key") })
	if s.ask("GET", "/v1/status", "")["acked_seq"] != status["seq"] {
		t.Error("a record behind the revocation was acknowledged")
	}
	list := fields(t, c.people("certs", "--json"))["items"].([]any)
	for _, item := range list {
		if c := item.(map[string]any); c["name"] == "till-1" && c["revoked_at"] == nil {
			t.Errorf("it still counts: %v", c)
		}
	}
}

func TestEnrolmentSaysWhatIsWrong(t *testing.T) {
	c, other, s := newCentre(t), newCentre(t), newShop(t)
	c.start()
	other.start()
	code := func(c *centre, till string) string {
		return fields(t, c.people("enrol-code", "--merchant", "shop", "--till", till, "--json"))["code"].(string)
	}
	for name, a := range map[string]struct {
		exit       int
		code, says string
		at         string
	}{
		"mistyped":              {1, "0000", "no code of a platform", "https://" + c.address},
		"of another platform":   {1, code(other, "till-1"), "not the platform that the code names", "https://" + c.address},
		"no network":            {3, code(c, "till-1"), "cannot be reached", "https://127.0.0.1:1"},
		"plain HTTP far away":   {2, code(c, "till-1"), "cannot be used", "http://platform.example:80"},
		"not an HTTP server":    {3, code(c, "till-1"), "cannot be reached", "https://" + c.broker.Addr()},
		"a made-up code for it": {1, madeUp(t, c), "knows no such code", "https://" + c.address},
	} {
		t.Run(name, func(t *testing.T) {
			_, says := tillproof(t, a.exit, "enrol", "--code", a.code, "--platform", a.at, "-c", s.path("till.yaml"))
			if !strings.Contains(says, a.says) || !strings.Contains(says, "next:") {
				t.Error(says)
			}
		})
	}
	if err := os.WriteFile(s.path("till.yaml"), []byte("till: till-7\nmerchant: shop\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, says := s.enrol(1, c, code(c, "till-8")); !strings.Contains(says, "names till till-7") {
		t.Error(says)
	}
	if _, err := agent.LoadConfig(s.path("till.yaml")); err != nil {
		t.Errorf("a refused enrolment left a till that cannot start: %v", err)
	}
	s.enrol(0, c, code(c, "till-7"))
	if _, says := tillproof(t, 1, "platform", "enrol-code", "--merchant", "nobody", "--till", "till-9", "-c", c.path("platform.yaml")); !strings.Contains(says, "nobody") {
		t.Error(says)
	}
}

// madeUp is a code with the right platform and a secret that was guessed.
func madeUp(t *testing.T, c *centre) string {
	good := strings.ReplaceAll(fields(t, c.people("enrol-code", "--merchant", "shop", "--till", "till-5", "--json"))["code"].(string), "-", "")
	return strings.Repeat("0", 16) + good[16:]
}

// TestTheTillBelievesNoOtherPlatform: a thief with a broker and a platform of his own, and a till that was turned to it.
func TestTheTillBelievesNoOtherPlatform(t *testing.T) {
	c, s := newCentre(t), newShop(t)
	c.start()
	s.enrol(0, c, fields(t, c.people("enrol-code", "--merchant", "shop", "--till", "till-1", "--json"))["code"].(string))
	foreign := newAuthority(t)
	b, err := broker.ListenTLS("127.0.0.1:0", foreign.files, broker.OwnTopics)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	text, err := os.ReadFile(s.path("till.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	turned := strings.Replace(string(text), c.broker.Addr(), b.Addr(), 1)
	if turned == string(text) {
		t.Fatalf("no broker in\n%s", text)
	}
	config := filepath.Join(s.dir, "turned.yaml")
	if err := os.WriteFile(config, []byte(turned), 0o600); err != nil {
		t.Fatal(err)
	}
	loaded, err := agent.LoadConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	secrets := mqtt.NewSecrets(mqtt.Files{CA: loaded.Platform.CA, Cert: loaded.Platform.Cert, Key: loaded.Platform.Key}, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	conn, err := mqtt.Dial(ctx, mqtt.Options{Broker: loaded.Platform.Broker, ClientID: "till-1", Secure: secrets.Config})
	if err == nil {
		conn.Close()
		t.Fatal("the till has connected to somebody else's broker")
	}
	if !strings.Contains(err.Error(), "certificate") {
		t.Errorf("%v", err)
	}
}
