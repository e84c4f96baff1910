package beep_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/docs/beep"
	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/drivertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) { drivertest.CardTerminal(t, bench{}) }

// bench joins driver and peer for the conformance run.
type bench struct{}

func (bench) Driver() drivers.Driver             { return beep.Driver() }
func (bench) Settings() drivers.Settings         { return drivers.Settings{Currency: "EUR"} }
func (bench) Keeps() bool                        { return true }
func (bench) NewPeer(*testing.T) drivertest.Peer { return newPeer() }

// The page leads through the driver piece by piece: its pieces, one after the other, are the file that is compiled here.
func TestThePageShowsTheDriverAsItIs(t *testing.T) {
	page, err := os.ReadFile("../add-a-driver.md")
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile("beep.go")
	if err != nil {
		t.Fatal(err)
	}
	var pieces []string
	for _, m := range regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		pieces = append(pieces, m[1])
	}
	shown := strings.Join(pieces, "\n")
	if shown == string(file) {
		return
	}
	for i, line := range strings.Split(string(file), "\n") {
		if got := strings.Split(shown, "\n"); i >= len(got) || got[i] != line {
			t.Fatalf("the page differs from beep.go in line %d: %q", i+1, line)
		}
	}
	t.Error("the page shows more than beep.go")
}

// A sale that somebody made at the terminal itself may have hidden the one that is looked for, so that nothing is claimed.
func TestASaleByHandHidesTheOneThatIsLookedFor(t *testing.T) {
	p := newPeer()
	defer p.Close()
	p.sales = []sale{{amount: 500, ticket: "BYHAND000001"}, {amount: 700, ticket: "BYHAND000002"}}
	terminal, err := beep.Driver().NewCardTerminal(p.Plug(), bench{}.Settings())
	if err != nil {
		t.Fatal(err)
	}
	found, err := terminal.Recover(t.Context(), drivers.Pending{Ref: "lost", Amount: drivertestMoney(1023), Before: drivers.Last{}})
	if err != nil || found.Verdict != drivers.Undecided || found.Again != 0 || !strings.Contains(found.Text, "without the till") {
		t.Errorf("%+v, %v", found, err)
	}
}

// A line without an end is noise in the end, and the driver goes on.
func TestNoiseIsPassedOver(t *testing.T) {
	till, device := drivertest.Wire()
	terminal, err := beep.Driver().NewCardTerminal(till, bench{}.Settings())
	if err != nil {
		t.Fatal(err)
	}
	_, _ = device.Write([]byte(strings.Repeat("#", 1000) + "\nLAST one\xff two\nLAST 1 2\n"))
	if _, err := terminal.Open(t.Context()); err == nil {
		t.Error("a broken answer was believed")
	}
	begun := time.Now()
	_ = device.Close()
	if _, err := terminal.Status(t.Context()); err == nil || time.Since(begun) > time.Second {
		t.Errorf("%v", err)
	}
}
