//go:build linux || darwin

package doctor

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/drivers/serialport"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/journal"
)

func TestAWellTillHasNoProblem(t *testing.T) {
	w := newWorld(t)
	w.runs()
	list := w.examine()
	if Verdict(list) != Well || slices.ContainsFunc(list, func(f Finding) bool { return f.State != OK }) {
		t.Errorf("%s", show(list))
	}
	for _, c := range append(checks(), check{name: "config"}) {
		if !slices.ContainsFunc(list, func(f Finding) bool { return strings.HasPrefix(f.Check, c.name) }) && c.name != "delivery" && c.name != "certificate" {
			t.Errorf("nothing said of %s", c.name)
		}
	}
}

// superblock is the begin of an ext4 disk with the features.
func superblock(compat byte) string {
	b := make([]byte, 2048)
	b[1024+0x38], b[1024+0x39], b[1024+0x5D] = 0x53, 0xEF, compat
	return string(b)
}

// TestEveryIllnessIsTold makes the till ill in one way at a time.
func TestEveryIllnessIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		ill   func(w *world)
		check string
		state State
		text  string
		next  string
		code  int
	}{
		"unknown key":         {func(w *world) { w.config += "colour: red\n" }, "config", Problem, "colour", "config check", BadConfig},
		"driver option":       {func(w *world) { w.edit("driver: zvt", "driver: zvt, options: {speed: '9'}") }, "config", Problem, "speed", "Mend", BadConfig},
		"does not run":        {func(*world) {}, "agent", Warning, "does not run", "tillproof run", Well},
		"another till":        {func(w *world) { w.runs().Till = "till-2" }, "agent", Problem, "something else", "api.listen", Wrong},
		"other version":       {func(w *world) { w.runs(); w.version = "v2" }, "version", Warning, "version v1 is running", "Start the till again", Well},
		"no zone":             {func(w *world) { w.edit("timezone: Europe/Berlin\n", "") }, "timezone", Warning, "UTC", "timezone", Well},
		"never ran":           {func(w *world) { _ = os.RemoveAll(filepath.Join(w.folder, "data")) }, "files", Warning, "never run", "Nothing", Well},
		"open token":          {func(w *world) { _ = os.Chmod(filepath.Join(w.folder, "data/api-token"), 0o644) }, "files", Problem, "0644", "chmod 600", Wrong},
		"open key":            {func(w *world) { _ = os.Chmod(filepath.Join(w.folder, "data/keys/till.pem"), 0o640) }, "files", Problem, "0640", "chmod 600", Wrong},
		"damaged key":         {func(w *world) { _ = os.WriteFile(filepath.Join(w.folder, "data/keys/till.pem"), []byte("x"), 0o600) }, "files", Problem, "no key", "backup", Wrong},
		"damaged journal":     {func(w *world) { w.journal("01a20418-1462-7594-aaa2-1870ff897964.00000001.seg", "x") }, "journal", Problem, "cannot be read", "not delete", Wrong},
		"unknown payment":     {func(w *world) { w.runs().Unknown = []pos.PaymentID{{1}} }, "payments", Warning, "1 payment is not known", "Do not charge again", Well},
		"disk stopped":        {func(w *world) { w.runs().Disk.State = journal.DiskStopped }, "disk", Problem, "no new sale", "Free", Wrong},
		"disk low":            {func(w *world) { w.runs().Disk.State = journal.DiskLow }, "disk", Warning, "warns", "Free", Well},
		"in memory":           {func(w *world) { w.mounted("tmpfs tmpfs rw") }, "file system", Problem, "power cut", "on a disk", Wrong},
		"on the network":      {func(w *world) { w.mounted("nfs4 nas:/tills rw") }, "file system", Problem, "nfs4", "ext4", Wrong},
		"in a container":      {func(w *world) { w.mounted("overlay overlay rw") }, "file system", Warning, "container", "volume", Well},
		"read only":           {func(w *world) { w.mounted("ext4 /dev/sda1 ro") }, "file system", Problem, "reading only", "dmesg", Wrong},
		"no barriers":         {func(w *world) { w.mounted("ext4 /dev/sda1 rw,nobarrier") }, "file system", Problem, "barriers", "fstab", Wrong},
		"fast commit":         {func(w *world) { w.kernel("5.10.93-7"); w.file("dev/sda1", superblock(4)) }, "file system", Problem, "fast_commit", "tune2fs", Wrong},
		"fast commit unseen":  {func(w *world) { w.kernel("5.15.26") }, "file system", Warning, "fast_commit", "dumpe2fs", Well},
		"old kernel, no fast": {func(w *world) { w.kernel("5.15.26"); w.file("dev/sda1", superblock(0)) }, "file system", OK, "without fast_commit", "", Well},
		"clock doubted":       {func(w *world) { w.runs().Clock.Doubted = true }, "clock", Problem, "doubts", "timedatectl", Wrong},
		"clock behind":        {func(w *world) { w.now = w.now.Add(-time.Hour); w.journal("a.seg", "") }, "clock", Problem, "behind", "timedatectl", Wrong},
		"nobody keeps time":   {func(w *world) { w.synced = false }, "clock", Warning, "no time service", "timedatectl", Well},
		"unplugged":           {func(w *world) { _ = os.Remove(filepath.Join(w.root, "dev/ttyUSB0")) }, "device card", Problem, "there is no port", "detect", Unavailable},
		"no port at all":      {func(w *world) { _ = os.Remove(filepath.Join(w.root, "dev/ttyUSB0")); w.file("dev/ttyUSB0", "") }, "device card", Problem, "no serial port", "detect", Wrong},
		"numbered":            {func(w *world) { w.edit(byID, "/dev/ttyUSB0") }, "device card", Warning, "another number", "port: " + byID, Well},
		"login":               {func(w *world) { w.link("etc/systemd/system/getty.target.wants/serial-getty@ttyUSB0.service", "/x") }, "device card", Problem, "login", "disable --now serial-getty@ttyUSB0", Wrong},
		"console":             {func(w *world) { w.file("proc/cmdline", "console=ttyUSB0,9600\n") }, "device card", Problem, "console", "command line", Wrong},
		"another program":     {func(w *world) { w.file("proc/77/comm", "minicom\n"); w.link("proc/77/fd/3", "/dev/ttyUSB0") }, "device card", Problem, "minicom, process 77", "Stop that program", Wrong},
		"modem manager":       {func(w *world) { w.file("proc/78/comm", "ModemManager\n") }, "programs", Warning, "modems", "systemctl disable", Well},
		"braille":             {func(w *world) { w.file("proc/79/comm", "brltty\n") }, "programs", Warning, "braille", "brltty", Well},
		"autosuspend":         {func(w *world) { w.file("sys/devices/usb1/1-1/power/control", "auto\n") }, "device card", Warning, "autosuspend", `ATTR{idVendor}=="0403"`, Well},
		"wrong protocol":      {func(w *world) { w.failed("wrong_protocol", engine.Failed) }, "device card", Problem, "another protocol", "--probe " + byID, Wrong},
		"silent device":       {func(w *world) { w.failed("device_unavailable", engine.Absent) }, "device card", Problem, "does not answer", "--probe", Unavailable},
		"new device":          {func(w *world) { w.runs().Devices = nil }, "device card", Warning, "does not know", "Start the till again", Well},
		"opening device":      {func(w *world) { w.runs().Devices[0].State = engine.Opening }, "device card", Warning, "being opened", "Wait", Well},
		"no devices":          {func(w *world) { w.edit("  - {name: card, kind: card, driver: zvt, port: "+byID+"}\n", "  []\n") }, "device", Warning, "no device", "detect", Well},
		"on TCP":              {func(w *world) { w.edit("port: "+byID, "tcp: '10.0.0.7:20007'") }, "device card", OK, "tcp:10.0.0.7:20007", "", Well},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c.ill(w)
			list := w.examine()
			found := slices.ContainsFunc(list, func(f Finding) bool {
				return f.Check == c.check && f.State == c.state && strings.Contains(f.Text, c.text) && strings.Contains(f.Next, c.next)
			})
			if !found || Verdict(list) != c.code {
				t.Errorf("verdict %d, want %d and %s %s %q -> %q%s", Verdict(list), c.code, c.state, c.check, c.text, c.next, show(list))
			}
		})
	}
}

// journal puts a file among the journal's.
func (w *world) journal(name, text string) {
	dir := filepath.Join(w.folder, "data/journal")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) mounted(as string) {
	w.file("proc/self/mountinfo", "30 1 8:1 / / rw,relatime - ext4 /dev/sdz1 rw\n31 1 8:2 / "+strings.ReplaceAll(real(w.t, w.folder), " ", `\040`)+" rw,relatime - "+as+"\n")
}

func real(t *testing.T, path string) string {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func (w *world) kernel(release string) { w.file("proc/sys/kernel/osrelease", release+"\n") }

// failed lets the running till tell a fault of its device.
func (w *world) failed(code pos.ErrorCode, state engine.DeviceState) {
	d := &w.runs().Devices[0]
	d.Code, d.State, d.Text = code, state, "The terminal says something."
}

func TestAPortThatAnotherTillHasIsTold(t *testing.T) {
	w := newWorld(t)
	release, err := serialport.Hold(filepath.Join(w.root, "dev/ttyUSB0"))
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	if list := w.examine(); Verdict(list) != Unavailable || !strings.Contains(show(list), "a port has one user") {
		t.Errorf("%s", show(list))
	}
}

// The till learns that a port is gone when it next writes, and until then tells that the device is ready.
func TestADeviceWhosePortIsGoneIsNotReady(t *testing.T) {
	w := newWorld(t)
	w.runs()
	if err := os.Remove(filepath.Join(w.root, "dev/ttyUSB0")); err != nil {
		t.Fatal(err)
	}
	if list := w.examine(); Verdict(list) != Unavailable || strings.Contains(show(list), "ready with driver") {
		t.Errorf("%s", show(list))
	}
}

// Who may not look must not be told that nothing is there, nor be led into the group of root.
func TestWhoMayNotLookIsToldSo(t *testing.T) {
	tr := &till{silent: fmt.Errorf("%w: %w", errNoToken, fs.ErrPermission)}
	if list := runs(t.Context(), tr); len(list) != 1 || list[0].State != Problem || !strings.Contains(list[0].Next, "as the till's user") {
		t.Errorf("%+v", list)
	}
	if next := letOpen("/dev/ttyX0", "root"); strings.Contains(next, "-aG root") || !strings.Contains(next, "ttyX0") {
		t.Error(next)
	}
	if next := letOpen("/dev/ttyX0", "uucp"); !strings.Contains(next, "-aG uucp") {
		t.Error(next)
	}
}

func TestNoConfigurationIsAllThatIsSaid(t *testing.T) {
	list := Examine(t.Context(), Options{Config: filepath.Join(t.TempDir(), "none.yaml"), Machine: "/"}, func(Finding) {})
	if len(list) != 1 || Verdict(list) != BadConfig {
		t.Errorf("%s", show(list))
	}
}

func TestTheDoctorWritesNothing(t *testing.T) {
	w := newWorld(t)
	w.examine()
	before := w.content()
	w.examine()
	if after := w.content(); !bytes.Equal(before, after) {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
}

// content is every file of the till with its size and time.
func (w *world) content() []byte {
	var b bytes.Buffer
	for _, dir := range []string{filepath.Join(w.folder, "data"), w.root} {
		err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err == nil {
				b.WriteString(path + " " + info.Mode().String() + " " + info.ModTime().String() + "\n")
			}
			return err
		})
		if err != nil {
			w.t.Fatal(err)
		}
	}
	return b.Bytes()
}

func TestKernelsThatLoseFastCommits(t *testing.T) {
	for release, want := range map[string]bool{"5.4.0": false, "5.10.93-7-amd64": true, "5.10.94": false, "5.13.19": true, "5.15.26": true, "5.15.27-rc": false,
		"5.16.1": true, "5.17.0": false, "6.1.0-13-amd64": false, "": false, "x.y": false} {
		if losesFastCommits(release) != want {
			t.Errorf("%q: %v", release, !want)
		}
	}
}
