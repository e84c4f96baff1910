package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/tillproof/tillproof"

// ranks is the import order: a package may import only packages of a lower rank. The reason says what would be lost without the rule.
var ranks = []struct {
	reason   string
	packages []string
}{
	{"the domain reads as a glossary and knows no technology; pages are guarded alike, whatever they show; numbers are shown alike, whatever they count", []string{"pos", "web", "web/measure"}},
	{"signing knows keys, not what is signed", []string{"store/cose"}},
	{"room on a disk is the same for whoever needs it", []string{"store/space"}},
	{"the bytes of a record are fixed before anybody stores, folds or ships them", []string{"store/record"}},
	{"what records mean is pure, and the same for till, platform and reconciliation", []string{"store/view"}},
	{"the journal knows no network, the driver contract no journal, the messages and checks no machinery",
		[]string{"store/journal", "store/vault", "drivers", "sync/wire", "sync/reconcile", "sync/policy"}},
	{"what a till is configured to names the cards that its policy refuses", []string{"sync/provision"}},
	{"a codec is shared with the simulator, the driver above it is not; what stands in a code is the same whoever reads it",
		[]string{"drivers/zvt/codec", "drivers/stx", "drivers/scanner/gs1", "qr/payload", "qr/image"}},
	{"families that share a link layer have messages of their own", []string{"drivers/transbank/codec", "drivers/ecr17/codec", "drivers/concert/codec", "drivers/hypercom/codec", "drivers/idtech/codec", "drivers/idtech/neo2"}},
	{"what a customer shows is judged by its text alone", []string{"qr/code"}},
	{"one folder per technology, blind to its siblings",
		[]string{"docs/beep", "drivers/drivertest", "drivers/serialport", "drivers/trace", "drivers/zvt", "drivers/scanner", "drivers/transbank", "drivers/ecr17", "drivers/concert", "drivers/hypercom", "drivers/idtech", "drivers/msr", "sync/outbox", "sync/mqtt", "sync/broker",
			"sync/calls", "sync/acquirer", "agent/goods", "agent/people", "sync/platform/database", "sync/platform/access", "sync/platform/overtake", "sync/courier"}},
	{"the parts of the platform answer alike over HTTP, and what they watch is known before it is shown", []string{"sync/platform/answer", "sync/platform/gaps"}},
	{"how a wallet's payment is brought to its end is the same for every acquirer", []string{"sync/wallet"}},
	{"tests of several packages share a conformance run", []string{"sync/outbox/outboxtest", "sync/broker/brokertest", "simulator/crash/draw", "sync/platform/database/databasetest"}},
	{"the parts of the platform are blind to each other, and each has tables of its own",
		[]string{"sync/platform/registry", "sync/platform/pki", "sync/platform/work", "sync/platform/presence", "sync/platform/messages", "sync/platform/leases", "sync/platform/health"}},
	{"whose signatures count is judged by what was revoked, whoever has said so", []string{"sync/platform/trust"}},
	{"who is enrolled is read from all that know it, and told to the judge", []string{"sync/platform/enrolled"}},
	{"what is owed is computed from what is known", []string{"sync/platform/settle"}},
	{"what tills are sent and the broker keeps is read from what is known, and decides nothing", []string{"sync/platform/publish"}},
	{"the back office shows what the parts know", []string{"sync/platform/office"}},
	{"simulated devices of all families keep their memories and lose their wires alike", []string{"simulator/chassis"}},
	{"keys of a test are derived alike by the reader that encrypts and the acquirer that decrypts", []string{"simulator/dukpt"}},
	{"an acquirer opens what a reader has encrypted", []string{"simulator/acquirer"}},
	{"only the list knows all drivers; the platform never sees the till; devices are simulated below every driver",
		[]string{"drivers/all", "sync/platform", "simulator/wire", "simulator/disk", "simulator/network", "simulator/zvtsim",
			"simulator/transbanksim", "simulator/ecr17sim", "simulator/concertsim", "simulator/hypercomsim", "simulator/idtechsim", "simulator/scannersim", "simulator/fleet"}},
	{"the simulators of all families are sold at over the same real wires", []string{"drivers/drivertest/live"}},
	{"what stands at the ports is found with every driver's knowledge", []string{"agent/detect"}},
	{"notices are signed and sent by name and number; what they say is the API's business", []string{"agent/webhook"}},
	{"the engine decides about money and knows no HTTP", []string{"agent/engine"}},
	{"the API serves an engine that others have built; the screens know nothing but the API", []string{"agent/api", "agent/ui"}},
	{"the agent wires a till", []string{"agent"}},
	{"a till is examined from outside, with what it is configured to", []string{"agent/doctor"}},
	{"a scenario starts whole tills and platforms", []string{"simulator/scenario", "simulator/faults"}},
	{"a command wires what it needs", []string{"command"}},
	{"main only calls", []string{""}},
}

// oneImporter keeps each of the libraries that we may have to replace behind one package.
var oneImporter = map[string]string{
	"go.etcd.io/bbolt":                    "store/journal",
	"go.bug.st/serial":                    "drivers/serialport",
	"github.com/eclipse/paho.mqtt.golang": "sync/mqtt",
	"github.com/mochi-mqtt/server/v2":     "sync/broker",
	"github.com/skip2/go-qrcode":          "qr/image",
	"github.com/hanwen/go-fuse/v2":        "simulator/disk",
	"github.com/jackc/pgx/v5":             "sync/platform/database",
	"modernc.org/sqlite":                  "sync/platform/database",
	"github.com/prometheus":               "web/measure",
}

// forbidden are rules that ranks alone do not give.
var forbidden = []struct{ from, to, reason string }{
	{"sync/platform", "store/journal", "the platform is not a till"},
	{"sync/platform", "sync/outbox", "the platform is not a till"},
	{"simulator/zvtsim", "drivers/zvt", "a simulator that shares the driver's mind agrees with its mistakes"},
	{"simulator/zvtsim", "drivers/serialport", "a simulated device sits at the other end of the wire"},
	{"simulator/transbanksim", "drivers/transbank", "a simulator that shares the driver's mind agrees with its mistakes"},
	{"simulator/ecr17sim", "drivers/ecr17", "a simulator that shares the driver's mind agrees with its mistakes"},
	{"simulator/concertsim", "drivers/concert", "a simulator that shares the driver's mind agrees with its mistakes"},
	{"simulator/hypercomsim", "drivers/hypercom", "a simulator that shares the driver's mind agrees with its mistakes"},
	{"simulator/idtechsim", "drivers/idtech", "a simulator that shares the driver's mind agrees with its mistakes"},
	{"sync/calls", "store/journal", "a call knows no journal: what is durable is the engine's business"},
	{"sync/wallet", "sync/wire", "the closed loop knows acquirers and a store, no messages"},
	{"simulator/acquirer", "sync/wallet", "an acquirer that shares the loop's mind agrees with its mistakes"},
	{"simulator/scannersim", "drivers/scanner", "a simulator that shares the driver's mind agrees with its mistakes"},
	{"simulator/scannersim", "drivers/scanner/gs1", "a simulated scanner knows no meaning"},
	{"agent/ui", "agent/engine", "the screens talk to the API like everybody else"},
	{"sync/outbox", "store/journal", "the pump pulls from any journal"},
}

func TestImportOrder(t *testing.T) {
	rank := map[string]int{}
	for i, r := range ranks {
		for _, p := range r.packages {
			rank[p] = i
		}
	}
	for from, imports := range imports(t) {
		fromRank, known := rank[from]
		if !known {
			t.Errorf("package %q has no rank: give it one, with a reason", from)
			continue
		}
		for _, to := range imports {
			checkLibrary(t, from, to)
			own, isOwn := strings.CutPrefix(to, module+"/")
			if !isOwn {
				continue
			}
			if toRank, known := rank[own]; known && toRank >= fromRank {
				t.Errorf("%s imports %s, which stands no lower; %s", from, own, ranks[toRank].reason)
			}
			for _, rule := range forbidden {
				if rule.from == from && rule.to == own {
					t.Errorf("%s imports %s: %s", from, own, rule.reason)
				}
			}
		}
	}
}

func checkLibrary(t *testing.T, from, to string) {
	t.Helper()
	for library, importer := range oneImporter {
		if (to == library || strings.HasPrefix(to, library+"/")) && from != importer {
			t.Errorf("%s imports %s: only %s may", from, to, importer)
		}
	}
	if from == "pos" && strings.Contains(to, ".") {
		t.Errorf("pos imports %s: it knows the standard library only", to)
	}
}

// imports reads the imports of every package of the module, tests left out.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != "." || d.Name() == "testdata" || path == "bench"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(path))
		if dir == "." {
			dir = ""
		}
		for _, spec := range file.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			found[dir] = append(found[dir], name)
		}
		return nil
	})
	if err != nil || len(found) == 0 {
		t.Fatalf("nothing read: %v", err)
	}
	return found
}
