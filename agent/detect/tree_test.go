package detect

import (
	"os"
	"path/filepath"
	"testing"
)

// tree is a copy of the system's files in a folder of its own.
type tree struct {
	t    *testing.T
	root string
}

func newTree(t *testing.T) tree { return tree{t, t.TempDir()} }

func (f tree) machine() Machine { return Machine(f.root) }

func (f tree) file(path, text string) {
	f.t.Helper()
	full := filepath.Join(f.root, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
		f.t.Fatal(err)
	}
}

func (f tree) link(path, target string) {
	f.t.Helper()
	full := filepath.Join(f.root, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		f.t.Fatal(err)
	}
	if err := os.Symlink(target, full); err != nil {
		f.t.Fatal(err)
	}
}

// usb adds a USB device with one port: name is ttyUSB0 or ttyACM0, which hang at different depths.
func (f tree) usb(name, vendor, product, serial string) {
	device := "sys/devices/pci0/usb1/1-" + name
	for file, text := range map[string]string{"idVendor": vendor, "idProduct": product, "manufacturer": "Maker\x1b[31m", "product": "Thing " + name, "serial": serial,
		"power/control": "auto", "power/autosuspend_delay_ms": "2000", "1-1:1.0/bInterfaceNumber": "00"} {
		f.file(filepath.Join(device, file), text+"\n")
	}
	at := device + "/1-1:1.0"
	if name[:6] == "ttyUSB" {
		at += "/" + name
	}
	f.link(at+"/driver", "../../../bus/usb/drivers/some_sio")
	f.file(at+"/tty/"+name+"/dev", "188:0\n")
	rel, err := filepath.Rel(filepath.Join(f.root, "sys/class/tty", name), filepath.Join(f.root, at))
	if err != nil {
		f.t.Fatal(err)
	}
	f.file("sys/class/tty/"+name+"/dev", "188:0\n")
	f.link("sys/class/tty/"+name+"/device", rel)
	f.link("dev/serial/by-id/usb-Maker_Thing_"+serial+"-if00-port0", "../../"+name)
}

// board adds a port of the board; kind is the chip's number, 0 for a socket that is not fitted.
func (f tree) board(name, kind string) {
	f.file("sys/class/tty/"+name+"/type", kind+"\n")
	f.file("sys/devices/platform/serial8250/"+name+"/id", "\n")
	f.link("sys/class/tty/"+name+"/device", "../../../devices/platform/serial8250/"+name)
}
