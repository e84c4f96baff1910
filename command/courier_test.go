package command

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/sync/platform"
)

// stickShop is a till without a network and a platform without a broker, with a stick between them.
type stickShop struct {
	t                     *testing.T
	till, platform, stick string // till.yaml, platform.yaml, a folder
	config                agent.Config
	address, token        string
	end                   func()
}

// newStickShop writes both configurations. The till is not running yet.
func newStickShop(t *testing.T, broker string) *stickShop {
	t.Helper()
	dir := t.TempDir()
	s := &stickShop{t: t, till: filepath.Join(dir, "till.yaml"), platform: filepath.Join(dir, "platform.yaml"), stick: t.TempDir()}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = free.Addr().String()
	free.Close()
	platformKey, err := cose.LoadOrCreate(filepath.Join(dir, "platform", "platform.pem"))
	if err != nil {
		t.Fatal(err)
	}
	tillKey, err := cose.LoadOrCreate(filepath.Join(dir, "data", "keys", "till.pem"))
	if err != nil {
		t.Fatal(err)
	}
	s.write(s.till, "till: till-1\nmerchant: shop-1\napi: {listen: %q}\njournal: {segment_mib: 1}\ntenders: [cash]\nplatform: {broker: %q, root_key: %x}\n",
		s.address, broker, platformKey.Public())
	s.write(s.platform, "data: platform\nbroker: tcp://127.0.0.1:1\nmerchants:\n- merchant: shop-1\n  tills:\n  - {till: till-1, public_key: %q}\n", hex.EncodeToString(tillKey.Public()))
	if s.config, err = agent.LoadConfig(s.till); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *stickShop) write(path, format string, values ...any) {
	s.t.Helper()
	if err := os.WriteFile(path, fmt.Appendf(nil, format, values...), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// open starts the till.
func (s *stickShop) open() {
	s.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	ready, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		ended <- agent.Run(ctx, s.config, agent.Options{Version: "test", Ready: func(a string) { ready <- a }})
	}()
	select {
	case <-ready:
	case err := <-ended:
		s.t.Fatal(err)
	}
	s.end = func() {
		stop()
		if err := <-ended; err != nil {
			s.t.Error(err)
		}
		s.end = func() {}
	}
	s.t.Cleanup(func() { s.end() })
	token, err := os.ReadFile(agent.PathsIn(s.config.Data).Token)
	if err != nil {
		s.t.Fatal(err)
	}
	s.token = strings.TrimSpace(string(token))
}

func (s *stickShop) ask(method, path, body string, answer any) {
	s.t.Helper()
	request, err := http.NewRequest(method, "http://"+s.address+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+s.token)
	request.Header.Set("Content-Type", "application/json")
	got, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer got.Body.Close()
	if err := json.NewDecoder(got.Body).Decode(answer); err != nil || got.StatusCode > 201 {
		s.t.Fatalf("%s %s: %s %v %v", method, path, got.Status, answer, err)
	}
}

// sell takes cash for so many orders.
func (s *stickShop) sell(first, n int) {
	s.t.Helper()
	for i := range n {
		var payment map[string]any
		s.ask(http.MethodPost, "/v1/payments", fmt.Sprintf(`{"order":"order-%d","amount":250,"currency":"EUR","tender":"cash"}`, first+i), &payment)
		if payment["status"] != "approved" {
			s.t.Fatalf("%v", payment)
		}
	}
}

func (s *stickShop) backlog() int {
	s.t.Helper()
	var status struct {
		Backlog struct{ Records int }
	}
	s.ask(http.MethodGet, "/v1/status", "", &status)
	return status.Backlog.Records
}

// file is a place on the stick.
func (s *stickShop) file(name string) string { return filepath.Join(s.stick, name) }

func (s *stickShop) export(name string, more ...string) string {
	s.t.Helper()
	return does(s.t, exitDone, append([]string{"journal", "export", "-c", s.till, "--json", "-o", s.file(name), "--seal", s.file("platform.pub")}, more...)...)
}

// carry imports a file and gives the till what came back.
func (s *stickShop) carry(name string) (imported platform.Imported, freed bool) {
	s.t.Helper()
	out := does(s.t, exitDone, "platform", "import", "-c", s.platform, "--json", s.file(name))
	if err := json.Unmarshal([]byte(out), &imported); err != nil {
		s.t.Fatal(err)
	}
	var done struct{ Freed bool }
	if err := json.Unmarshal([]byte(does(s.t, exitDone, "journal", "acknowledge", "-c", s.till, "--json", s.file(name)+ackSuffix)), &done); err != nil {
		s.t.Fatal(err)
	}
	return imported, done.Freed
}

// ledgerEqualsJournal compares what the platform holds with the till's own records, byte for byte.
func (s *stickShop) ledgerEqualsJournal() {
	s.t.Helper()
	var own, theirs []string
	r, err := journal.OpenReader(agent.PathsIn(s.config.Data).Journal)
	if err != nil {
		s.t.Fatal(err)
	}
	defer r.Close()
	for _, epoch := range r.Epochs() {
		if err := r.Each(epoch, 1, func(v journal.Stored) error { own = append(own, string(v.Raw)); return nil }); err != nil {
			s.t.Fatal(err)
		}
	}
	config, err := platform.LoadConfig(s.platform)
	if err != nil {
		s.t.Fatal(err)
	}
	l, err := platform.OpenLedger(config.Database)
	if err != nil {
		s.t.Fatal(err)
	}
	defer l.Close()
	for v, err := range l.Records(s.t.Context()) {
		if err != nil {
			s.t.Fatal(err)
		}
		theirs = append(theirs, string(v.Raw))
	}
	if strings.Join(own, "") != strings.Join(theirs, "") || len(own) != len(theirs) || len(own) == 0 {
		s.t.Errorf("the journal has %d records, the ledger %d", len(own), len(theirs))
	}
}

// An evening without a network: the till sells, a stick goes to the platform and comes back, while the till runs and after it was closed.
func TestAnOfflineEveningOnAStick(t *testing.T) {
	for name, broker := range map[string]string{"no broker": "", "a broker that is away": "tcp://127.0.0.1:1"} {
		t.Run(name, func(t *testing.T) {
			s := newStickShop(t, broker)
			does(t, exitDone, "platform", "seal-key", "-c", s.platform, "-o", s.file("platform.pub"))
			s.open()
			s.sell(1, 5)
			open := s.backlog()
			if open < 11 {
				t.Fatalf("%d records", open)
			}
			s.export("one")
			content, err := os.ReadFile(s.file("one"))
			if err != nil || strings.Contains(string(content), "order-1") || strings.Contains(string(content), "till-1") {
				t.Fatalf("the file shows what is in it, %v", err)
			}
			s.sell(6, 1)
			imported, freed := s.carry("one")
			if imported.Records != open || !freed || s.backlog() != s.since("more") {
				t.Fatalf("%+v, freed %v, %d open", imported, freed, s.backlog())
			}
			if imported, freed = s.carry("one"); imported.Records != open || freed {
				t.Errorf("again: %+v, freed %v", imported, freed)
			}
			s.sell(7, 3)
			s.end()
			s.export("two", "--since", "acknowledged") // the till is closed
			s.export("all")
			imported, freed = s.carry("two")
			if !freed || imported.Records < 8 || imported.Records >= open+12 || !imported.OK() {
				t.Errorf("%+v, freed %v", imported, freed)
			}
			if imported, freed = s.carry("all"); freed || imported.Records <= open {
				t.Errorf("%+v, freed %v", imported, freed)
			}
			s.ledgerEqualsJournal()
			s.open()
			if n := s.backlog(); n != 1 { // the boot record of just now
				t.Errorf("%d records are open after a restart", n)
			}
		})
	}
}

// since counts the records of an export of what is not acknowledged.
func (s *stickShop) since(name string) int {
	s.t.Helper()
	var out struct{ Records int }
	if err := json.Unmarshal([]byte(s.export(name, "--since", "acknowledged")), &out); err != nil {
		s.t.Fatal(err)
	}
	return out.Records
}

func TestAStickThatIsDamagedLostOrOld(t *testing.T) {
	s := newStickShop(t, "")
	does(t, exitDone, "platform", "seal-key", "-c", s.platform, "-o", s.file("platform.pub"))
	s.open()
	s.sell(1, 4)
	s.export("one")
	does(t, exitUsage, "journal", "export", "-c", s.till, "-o", s.file("x"), "--seal", s.file("platform.pub"), "--plain")
	does(t, exitUsage, "journal", "export", "-c", s.till, "-o", s.file("x"), "--seal", s.till)
	content, err := os.ReadFile(s.file("one"))
	if err != nil {
		t.Fatal(err)
	}
	s.write(s.file("cut"), "%s", content[:len(content)-9])
	out := does(t, exitNot, "platform", "import", "-c", s.platform, s.file("cut"))
	if !strings.Contains(out, "cut off at chunk 2") || !strings.Contains(out, "export it again") {
		t.Errorf("%s", out)
	}
	other := newStickShop(t, "")
	out = does(t, exitNot, "platform", "import", "-c", other.platform, s.file("one"))
	if !strings.Contains(out, "sealed to another key") {
		t.Errorf("%s", out)
	}
	does(t, exitDone, "journal", "acknowledge", "-c", s.till, s.file("cut")+ackSuffix) // what came before the cut counts
	if n := s.backlog(); n != 0 {
		t.Errorf("%d records are open", n)
	}
	s.sell(5, 1)
	s.end()
	s.export("two", "--since", "acknowledged")
	does(t, exitDone, "platform", "seal-key", "-c", other.platform, "-o", s.file("platform.pub"))
	does(t, exitNot, "platform", "import", "-c", other.platform, s.file("two")) // another platform
	does(t, exitNot, "journal", "acknowledge", "-c", s.till, s.file("two"))     // no acknowledgement
	s.write(s.file("other.ack"), "%s", must(os.ReadFile(s.file("two")+ackSuffix)))
	does(t, exitNot, "journal", "acknowledge", "-c", s.till, s.file("other.ack"))
}

func must(content []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return content
}
