package people

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
)

// fakeClock is a machine whose clocks the test moves.
type fakeClock struct{ now moment }

func newClock() *fakeClock {
	return &fakeClock{moment{wall: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC).UnixMilli(), mono: 3_600_000, boot: "first"}}
}

// pass lets time go by.
func (c *fakeClock) pass(d time.Duration) {
	c.now.wall += d.Milliseconds()
	c.now.mono += d.Milliseconds()
}

// reboot starts the machine anew: it was off for a while and has been up for a second.
func (c *fakeClock) reboot(off time.Duration) {
	c.now = moment{wall: c.now.wall + off.Milliseconds() + 1000, mono: 1000, boot: c.now.boot + "+"}
}

// openAt opens a list as a fresh process would, with hashes that are cheap enough for many tries.
func openAt(t testing.TB, path string, c *fakeClock) *People {
	t.Helper()
	p, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	p.cost = cost{Time: 1, Memory: 64, Threads: 1}
	if c != nil {
		p.clock = func() moment { return c.now }
	}
	return p
}

// newShop is a list with a cashier and a supervisor.
func newShop(t testing.TB, c *fakeClock) (p *People, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "people.json")
	p = openAt(t, path, c)
	for _, x := range []struct {
		who Person
		pin string
	}{{Person{"ada", "Ada", Cashier}, "8305"}, {Person{"bob", "Bob", Supervisor}, "730551"}} {
		if err := p.Add(x.who, x.pin); err != nil {
			t.Fatal(err)
		}
	}
	return p, path
}

// codeOf is an error's code, "" for none.
func codeOf(err error) pos.ErrorCode {
	var e *pos.Error
	if !errors.As(err, &e) {
		return ""
	}
	return e.Code
}

// wants checks an error's code, and that it says what it means for the money and what to do.
func wants(t testing.TB, err error, code pos.ErrorCode) *pos.Error {
	t.Helper()
	var e *pos.Error
	if !errors.As(err, &e) || e.Code != code || e.Money != pos.NoneMoved || e.Text == "" || e.Next == "" {
		t.Fatalf("got %v, want %s", err, code)
	}
	return e
}

func TestVerify(t *testing.T) {
	p, _ := newShop(t, nil)
	for _, c := range []struct {
		id   pos.PersonID
		pin  string
		need Role
		code pos.ErrorCode
	}{
		{"ada", "8305", Cashier, ""},
		{"bob", "730551", Cashier, ""},
		{"bob", "730551", Supervisor, ""},
		{"ada", "8305", Supervisor, "not_permitted"},
		{"ada", "8305", "", "not_permitted"},
		{"ada", "8305", "owner", "not_permitted"},
		{"ada", "8306", Cashier, "pin_wrong"},
		{"ada", "83050", Cashier, "pin_wrong"},
		{"ada", "", Cashier, "pin_wrong"},
		{"ada", "730551", Cashier, "pin_wrong"},
		{"bob", "8305", Supervisor, "pin_wrong"},
		{"eve", "8305", Cashier, "pin_wrong"},
		{"", "", Cashier, "pin_wrong"},
	} {
		who, err := p.Verify(c.id, c.pin, c.need)
		if c.code == "" {
			if err != nil || who.ID != c.id {
				t.Errorf("%v: %v, %v", c, who, err)
			}
			continue
		}
		wants(t, err, c.code)
		if who != (Person{}) {
			t.Errorf("%v: a refusal names %v", c, who)
		}
	}
}

func TestListAndEdits(t *testing.T) {
	p, path := newShop(t, nil)
	want := []Person{{"ada", "Ada", Cashier}, {"bob", "Bob", Supervisor}}
	if got := p.List(); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	wants(t, p.Add(Person{"ada", "Another", Cashier}, "8306"), "person_exists")
	wants(t, p.Remove("eve"), "person_unknown")
	wants(t, p.Unlock("eve"), "person_unknown")
	wants(t, p.SetPIN("eve", "8306"), "person_unknown")
	wants(t, p.SetPIN("ada", "12"), "pin_invalid")
	for _, who := range []Person{{"Ada", "A", Cashier}, {"", "A", Cashier}, {"c", "", Cashier}, {"c", "a\nb", Cashier}, {"c", "\xff", Cashier},
		{"c", strings.Repeat("é", 65), Cashier}, {"c", "C", "owner"}, {"c", "C", ""}} {
		wants(t, p.Add(who, "8306"), "person_invalid")
	}
	if err := errors.Join(p.Add(Person{"c", strings.Repeat("é", 64), Cashier}, "8306"), p.SetPIN("c", "9931"), p.Remove("ada")); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Verify("c", "9931", Cashier); err != nil {
		t.Error(err)
	}
	_, err := p.Verify("c", "8306", Cashier)
	wants(t, err, "pin_wrong")
	if got := p.List(); len(got) != 2 || got[0].ID != "bob" {
		t.Errorf("%v", got)
	}
}

func TestNobodyIsSetUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "people.json")
	p := openAt(t, path, nil)
	_, err := p.Verify("ada", "8305", Cashier)
	wants(t, err, "no_people")
	if list := p.List(); list == nil || len(list) != 0 {
		t.Errorf("%v", list)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a look made the file: %v", err)
	}
	_, err = Open(filepath.Join(t.TempDir(), "missing", "people.json"))
	wants(t, err, "disk_failed")
}

func TestCheckPIN(t *testing.T) {
	for pin, ok := range map[string]bool{"8305": true, "1224": true, "9012345678": false, "7890": false, "0987": false, "830519264417": true,
		"": false, "830": false, "8305192644170": false, "0000": false, "999999999999": false, "1234": false, "4321": false, "56789": false,
		"12a4": false, "８３０５": false, " 8305": false, "1235": true, "1357": true} {
		err := CheckPIN(pin)
		if (err == nil) != ok {
			t.Errorf("%q: %v", pin, err)
		}
		if err != nil && pin != "" && strings.Contains(fmt.Sprintf("%+v", wants(t, err, "pin_invalid")), pin) {
			t.Errorf("%q: the error repeats it", pin)
		}
	}
}

// The file holds no PIN in any form that could be read back, and each PIN has a salt of its own.
func TestTheFileHoldsHashesOnly(t *testing.T) {
	p, path := newShop(t, nil)
	if err := p.Add(Person{"eve", "Eve", Cashier}, "730551"); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil || strings.Contains(string(text), "730551") {
		t.Fatal("the file holds a PIN", err)
	}
	f, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if b, e := f.find("bob"), f.find("eve"); b.PIN.Hash == e.PIN.Hash || b.PIN.Salt == e.PIN.Salt {
		t.Error("equal PINs look equal")
	}
}

// New PINs cost what doc and security page say, and never more than a small till has.
func TestTheCost(t *testing.T) {
	c := defaultCost()
	if c.Memory > 32<<10 || c.Memory < 19<<10 || c.Time < 2 {
		t.Errorf("%+v", c)
	}
	p := pin{cost: c, Salt: strings.Repeat("00", saltBytes), Hash: strings.Repeat("00", hashBytes)}
	if err := p.check(); err != nil {
		t.Error(err)
	}
	text, err := json.Marshal(p)
	if err != nil || !strings.HasPrefix(string(text), `{"time":2,"memory_kib":19456,"threads":1,"salt":"`) {
		t.Errorf("%s, %v", text, err)
	}
}

// The reference implementation's command gives this hash (argon2 tillproof-salt01 -id -t 2 -k 64 -p 1 -l 32). Were ours ever another one, nobody
// would get in after an upgrade.
func TestTheHashIsArgon2id(t *testing.T) {
	p := pin{cost: cost{Time: 2, Memory: 64, Threads: 1}, Salt: "74696c6c70726f6f662d73616c743031",
		Hash: "4a6d3c887c252c6ca4184457abbb0508c13897adbc2929ea3f088fda51f0056d"}
	if err := p.check(); err != nil || !p.matches("8305") || p.matches("8306") {
		t.Error("another hash", err)
	}
}
