//go:build linux || darwin

package doctor

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/agent/detect"
	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/simulator/wire"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const byID = "/dev/serial/by-id/usb-FTDI_A1-if00-port0"

// world is a till on a machine that is well; tests make it ill.
type world struct {
	t       *testing.T
	root    string // of the machine's files
	folder  string // of till.yaml
	config  string
	status  *api.Status // nil: the till does not run
	listen  string
	now     time.Time
	synced  bool
	version string
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, root: t.TempDir(), folder: t.TempDir(), now: time.Now(), synced: true, version: "v1", listen: "127.0.0.1:1"}
	far, err := wire.OpenPTY()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = far.Close() })
	w.link("dev/ttyUSB0", far.Path())
	w.link(byID, "../../ttyUSB0")
	w.file("sys/devices/usb1/1-1/idVendor", "0403\n")
	w.file("sys/devices/usb1/1-1/idProduct", "6001\n")
	w.file("sys/devices/usb1/1-1/power/control", "on\n")
	w.file("sys/devices/usb1/1-1/ttyUSB0/port_number", "0\n")
	w.file("sys/class/tty/ttyUSB0/dev", "188:0\n")
	w.link("sys/class/tty/ttyUSB0/device", "../../../devices/usb1/1-1/ttyUSB0")
	w.file("proc/self/mountinfo", "22 1 0:21 / /proc rw - proc proc rw\n30 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n")
	w.file("proc/sys/kernel/osrelease", "6.1.0-13-amd64\n")
	w.config = "till: till-1\nmerchant: shop-1\ntimezone: Europe/Berlin\napi: {listen: '" + w.listen + "'}\ndevices:\n  - {name: card, kind: card, driver: zvt, port: " + byID + "}\n"
	w.made()
	return w
}

// made makes what a first start makes.
func (w *world) made() {
	p := agent.PathsIn(filepath.Join(w.folder, "data"))
	if err := os.MkdirAll(filepath.Dir(p.Token), 0o700); err != nil {
		w.t.Fatal(err)
	}
	if _, err := cose.LoadOrCreate(p.Key); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(p.Token, []byte("secret\n"), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) path(path string) string {
	full := filepath.Join(w.root, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		w.t.Fatal(err)
	}
	return full
}

func (w *world) file(path, text string) {
	if err := os.WriteFile(w.path(path), []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) link(path, target string) {
	full := w.path(path)
	_ = os.Remove(full)
	if err := os.Symlink(target, full); err != nil {
		w.t.Fatal(err)
	}
}

// edit replaces a part of till.yaml.
func (w *world) edit(from, to string) {
	if !strings.Contains(w.config, from) {
		w.t.Fatalf("till.yaml has no %q", from)
	}
	w.config = strings.Replace(w.config, from, to, 1)
}

// runs lets the till answer at its address as one that is well.
func (w *world) runs() *api.Status {
	w.status = &api.Status{Till: "till-1", Version: "v1", Mode: "online", Seq: 7, Disk: api.Disk{State: journal.DiskOK},
		Devices: []api.Device{{Name: "card", Driver: "zvt", Kind: "card", State: engine.Ready}}}
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret" || r.URL.Path != "/v1/status" {
			out.WriteHeader(http.StatusUnauthorized)
			return
		}
		_ = json.NewEncoder(out).Encode(w.status)
	}))
	w.t.Cleanup(server.Close)
	w.edit(w.listen, server.Listener.Addr().String())
	return w.status
}

// write writes till.yaml.
func (w *world) write() (path string) {
	path = filepath.Join(w.folder, "till.yaml")
	if err := os.WriteFile(path, []byte(w.config), 0o644); err != nil {
		w.t.Fatal(err)
	}
	return path
}

// examine is what the doctor says.
func (w *world) examine() []Finding {
	w.t.Helper()
	path := w.write()
	t := &till{Options: Options{Config: path, Machine: detect.Machine(w.root), Version: w.version}, now: w.now,
		synced: func() (bool, bool) { return w.synced, true }}
	told := 0
	list := t.examine(w.t.Context(), func(Finding) { told++ })
	if told != len(list) {
		w.t.Errorf("%d findings told, %d returned", told, len(list))
	}
	for _, f := range list {
		if f.Check == "" || f.Text == "" || (f.State == OK) != (f.Next == "") {
			w.t.Errorf("a finding without words or a step: %+v", f)
		}
	}
	return list
}

func show(list []Finding) string {
	var b strings.Builder
	for _, f := range list {
		fmt.Fprintf(&b, "\n%-8s %-12s %s -> %s", f.State, f.Check, f.Text, f.Next)
	}
	return b.String()
}
