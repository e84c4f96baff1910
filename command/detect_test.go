package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/agent/detect"
	"github.com/tillproof/tillproof/agent/doctor"
	"github.com/tillproof/tillproof/pos"
)

// machineWithAPort is a copy of the system's files with one card terminal on USB.
func machineWithAPort(t *testing.T) detect.Machine {
	t.Helper()
	root := t.TempDir()
	for path, text := range map[string]string{
		"sys/devices/usb1/1-1/idVendor": "11ca", "sys/devices/usb1/1-1/idProduct": "0220", "sys/devices/usb1/1-1/product": "Thing",
		"sys/devices/usb1/1-1/1-1:1.0/bInterfaceNumber": "00", "sys/class/tty/ttyACM0/dev": "166:0", "dev/serial/by-id/README": "",
	} {
		full := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{"sys/class/tty/ttyACM0/device": "../../../devices/usb1/1-1/1-1:1.0", "dev/serial/by-id/usb-Thing-if00": "../../ttyACM0"} {
		if err := os.Symlink(target, filepath.Join(root, link)); err != nil {
			t.Skipf("symbolic links: %v", err)
		}
	}
	return detect.Machine(root)
}

func TestDetectPrintsATable(t *testing.T) {
	c, out := &cobra.Command{}, &bytes.Buffer{}
	c.SetOut(out)
	c.SetErr(&bytes.Buffer{})
	d := &detecting{machine: machineWithAPort(t)}
	if err := d.runSurvey(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	const want = `PORT          STATE    WHAT IS THERE
/dev/ttyACM0  free     Verifone card terminal; its country decides the family: zvt, ecr17, concert, transbank, hypercom
                       name that stays: /dev/serial/by-id/usb-Thing-if00
                       usb 11ca:0220, Thing

Next: tillproof detect --probe /dev/serial/by-id/usb-Thing-if00 asks what it speaks
`
	if out.String() != want {
		t.Errorf("%s", out)
	}
	out.Reset()
	d.json = true
	if err := d.runSurvey(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	var list struct{ Ports []map[string]any }
	if err := json.Unmarshal(out.Bytes(), &list); err != nil || len(list.Ports) != 1 || list.Ports[0]["by_id"] != "/dev/serial/by-id/usb-Thing-if00" || list.Ports[0]["kind"] != "card_terminal" {
		t.Errorf("%v of %s", err, out)
	}
	if names := d.names(); len(names) != 2 || !strings.HasPrefix(names[1], "/dev/serial/by-id/usb-Thing-if00\t") {
		t.Errorf("%q", names)
	}
}

func TestASystemWithoutAListOfPortsSaysWhatToDo(t *testing.T) {
	c := &cobra.Command{}
	c.SetOut(&bytes.Buffer{})
	err := (&detecting{machine: detect.Machine(t.TempDir())}).runSurvey(t.Context(), c)
	if codeOf(err) != exitAway || !strings.Contains(err.Error(), "ports_unknown") {
		t.Errorf("%v", err)
	}
}

// A relative name must not hide who uses the port.
func TestAPortIsProbedByItsWholePath(t *testing.T) {
	t.Chdir("/")
	for given, want := range map[string]string{"dev/ttyS0": "/dev/ttyS0", "./dev/../dev/ttyS0": "/dev/ttyS0", "/dev/ttyS0": "/dev/ttyS0", "tcp:a:1": "tcp:a:1"} {
		if path := probePath(given); path != want && runtime.GOOS != "windows" {
			t.Errorf("%s: %s", given, path)
		}
	}
}

func TestWhatIsBestDoneNextAtThePorts(t *testing.T) {
	usb := func(path string, kind detect.Kind) detect.Port {
		return detect.Port{Path: path, Bus: detect.OnUSB, Kind: kind}
	}
	talks, used := usb("/dev/a", detect.Adapter), usb("/dev/b", detect.Adapter)
	talks.Heard = []detect.Heard{{Baud: 9600, Bytes: 5, Guess: "zvt"}}
	used.Users = []string{"minicom, process 7"}
	for want, ports := range map[string][]detect.Port{
		"/dev/a speaks like zvt":     {usb("/dev/c", detect.CardTerminal), talks},
		"--probe /dev/c asks":        {usb("/dev/d", detect.Adapter), usb("/dev/c", detect.CardTerminal)},
		"--probe /dev/d asks":        {usb("/dev/d", detect.Adapter), used},
		"every port is in use":       {used},
		"unplug and plug the device": {usb("/dev/d", detect.Adapter), usb("/dev/e", detect.Adapter)},
	} {
		if next := nextPort(ports); !strings.Contains(next, want) {
			t.Errorf("%q, want %q", next, want)
		}
	}
	if err := usedByOthers(&used); err == nil || !strings.Contains(err.Error(), "minicom") {
		t.Errorf("%v", err)
	}
	if err := usedByOthers(&talks); err != nil {
		t.Errorf("%v", err)
	}
}

func TestFindingsAreAlignedAndColouredOnATerminalOnly(t *testing.T) {
	f := doctor.Finding{Check: "disk", State: doctor.Problem, Text: strings.Repeat("word ", 30), Next: "Free some space."}
	plain, painted := &bytes.Buffer{}, &bytes.Buffer{}
	printFinding(plain, paintFor(plain), f)
	printFinding(painted, true, f)
	for i, line := range strings.Split(strings.TrimSpace(plain.String()), "\n") {
		if len(line) > stateWide+checkWide+4+textWide || i > 0 && !strings.HasPrefix(line, strings.Repeat(" ", stateWide+checkWide+4)) {
			t.Errorf("line %d: %q", i, line)
		}
	}
	if strings.Contains(plain.String(), "\x1b") || !strings.HasPrefix(painted.String(), "\x1b[31mproblem\x1b[0m  disk ") || !strings.Contains(plain.String(), "-> Free some space.") {
		t.Errorf("%q and %q", plain, painted)
	}
	out := &bytes.Buffer{}
	printExamination(out, []doctor.Finding{{Check: "a", State: doctor.Warning, Text: "x", Next: "wait"}, f, {Check: "b", State: doctor.OK, Text: "y"}})
	if out.String() != "\nok: 1, warnings: 1, problems: 1\nNext: disk: Free some space.\n" {
		t.Errorf("%q", out)
	}
}

// Who may not read a till's token must not be told to start the till.
func TestATokenThatMayNotBeReadIsNoTillThatIsAway(t *testing.T) {
	var e *pos.Error
	if err := errNoToken("127.0.0.1:1", fs.ErrPermission); !errors.As(err, &e) || strings.Contains(e.Next, "tillproof run") || codeOf(err) != exitAway {
		t.Errorf("%+v", e)
	}
	if err := errNoToken("127.0.0.1:1", fs.ErrNotExist); !errors.As(err, &e) || !strings.Contains(e.Next, "tillproof run") {
		t.Errorf("%+v", e)
	}
}
