package agent

import (
	"bytes"
	"crypto/ed25519"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/sync/provision"
)

// configured is a till's side of the platform's configuration, on a journal of its own.
type configuredTill struct {
	t        *testing.T
	dir      string
	platform *cose.Signer
	journal  *journal.Journal
	*configuring
}

func signerOf(t *testing.T, seed byte) *cose.Signer {
	t.Helper()
	s, err := cose.NewSigner(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newConfiguredTill(t *testing.T) *configuredTill {
	c := &configuredTill{t: t, dir: t.TempDir(), platform: signerOf(t, 7)}
	c.open()
	t.Cleanup(func() { _ = c.journal.Close() })
	return c
}

func (c *configuredTill) open() {
	c.t.Helper()
	j, err := journal.Open(journal.Options{Dir: filepath.Join(c.dir, "journal"), Views: filepath.Join(c.dir, "views.db"), Till: "till-1", Signer: signerOf(c.t, 8),
		Version: "test", Clock: journal.SystemClock, Segment: 1 << 20})
	if err != nil {
		c.t.Fatal(err)
	}
	c.journal = j
	keys := cose.OneKey(c.platform.Public())
	if c.configuring, err = openConfiguring(filepath.Join(c.dir, "config-from-platform"), "till-1", j, keys, keys, slog.New(slog.DiscardHandler)); err != nil {
		c.t.Fatal(err)
	}
}

func (c *configuredTill) restart() {
	c.t.Helper()
	if err := c.journal.Close(); err != nil {
		c.t.Fatal(err)
	}
	c.open()
}

// message is a configuration as the platform sends it.
func (c *configuredTill) message(version uint64, name string) []byte {
	c.t.Helper()
	message, err := provision.Seal(&provision.Document{Till: "till-1", Version: version, Shop: &provision.Shop{Name: name}}, c.platform)
	if err != nil {
		c.t.Fatal(err)
	}
	return message
}

// holds checks what is in force, and what the journal says of it.
func (c *configuredTill) holds(version uint64, name string) {
	c.t.Helper()
	d := c.current()
	if d == nil || d.Version != version || d.Shop.Name != name || c.journal.Views().Till().Config != version {
		c.t.Errorf("%+v, journal %d; not %d %s", d, c.journal.Views().Till().Config, version, name)
	}
}

func TestAConfigurationIsKeptAndJournalled(t *testing.T) {
	c := newConfiguredTill(t)
	if c.current() != nil || c.hotlist() != nil {
		t.Error("there is a configuration before one came")
	}
	if err := c.take(c.message(3, "three")); err != nil {
		t.Fatal(err)
	}
	c.holds(3, "three")
	head := c.journal.Head()
	if err := c.take(c.message(3, "three")); err != nil || c.journal.Head() != head {
		t.Errorf("the same again: %v", err)
	}
	if err := c.take(c.message(2, "two")); err == nil {
		t.Error("an older one was taken")
	}
	c.holds(3, "three")
	c.restart()
	c.holds(3, "three")
	if err := c.take(c.message(5, "five")); err != nil {
		t.Fatal(err)
	}
	c.holds(5, "five")
}

func TestAnOlderOrDamagedFileDoesNotCount(t *testing.T) {
	c := newConfiguredTill(t)
	if err := c.take(c.message(3, "three")); err != nil {
		t.Fatal(err)
	}
	old, err := os.ReadFile(c.path)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.take(c.message(4, "four")); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"older": old, "damaged": []byte("x"), "another's": nil} {
		if content == nil {
			own := c.platform
			c.platform = signerOf(t, 9)
			content = c.message(9, "evil")
			c.platform = own
		}
		if err := os.WriteFile(c.path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		c.restart()
		if d := c.current(); d != nil {
			t.Errorf("%s: %+v is in force", name, d)
		}
	}
	if err := c.take(c.message(3, "three")); err == nil {
		t.Error("the journal does not keep an older one away")
	}
	if err := c.take(c.message(4, "four")); err != nil { // the platform sends it again
		t.Fatal(err)
	}
	c.holds(4, "four")
}

// TestACutBetweenFileAndRecordIsMended: the file is written first, so a till that was cut knows the configuration and has yet to say so.
func TestACutBetweenFileAndRecordIsMended(t *testing.T) {
	c := newConfiguredTill(t)
	if err := os.WriteFile(c.path, c.message(6, "six"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.restart()
	c.holds(6, "six")
}

func TestAForeignConfigurationIsRefused(t *testing.T) {
	c := newConfiguredTill(t)
	other, err := provision.Seal(&provision.Document{Till: "till-2", Version: 1}, c.platform)
	if err != nil {
		t.Fatal(err)
	}
	for name, message := range map[string][]byte{"another till's": other, "nobody's": {1, 2, 3}} {
		if err := c.take(message); err == nil || c.current() != nil {
			t.Errorf("%s: taken", name)
		}
	}
	for n := range 5 { // only the last one that waits counts, and none blocks
		c.receive([]byte{byte(n)})
	}
	if got := <-c.waiting; got[0] != 4 {
		t.Errorf("%v", got)
	}
}
