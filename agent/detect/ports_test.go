package detect

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestPortsComeFromTheSystemsFiles(t *testing.T) {
	f := newTree(t)
	f.usb("ttyUSB10", "0403", "6001", "A50285BI")
	f.usb("ttyUSB9", "1a86", "7523", "")
	f.usb("ttyACM0", "0b00", "0054", "123")
	f.board("ttyS0", "4")
	f.board("ttyS1", "0")
	f.file("sys/class/tty/tty1/dev", "4:1\n") // a screen
	f.file("proc/cmdline", "quiet console=ttyS0,115200 root=/dev/sda1\n")
	f.file("proc/812/comm", "ModemManager\n")
	f.link("proc/812/fd/7", "/dev/ttyACM0")
	f.link("proc/812/fd/8", "/dev/ttyACM0")
	ports, err := f.machine().Ports()
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, p := range ports {
		names = append(names, p.Path)
	}
	if want := []string{"/dev/ttyACM0", "/dev/ttyS0", "/dev/ttyUSB9", "/dev/ttyUSB10"}; !slices.Equal(names, want) {
		t.Fatalf("%v, want %v", names, want)
	}
	acm, board, adapter := ports[0], ports[1], ports[3]
	if acm.Kind != CardTerminal || !strings.Contains(acm.Text, "Ingenico") || acm.Free() || !slices.Equal(acm.Users, []string{"ModemManager, process 812"}) {
		t.Errorf("%+v", acm)
	}
	if board.Bus != OnBoard || !board.Console || board.Free() || board.USB != nil {
		t.Errorf("%+v", board)
	}
	usb := &USB{Vendor: "0403", Product: "6001", Maker: "Maker[31m", Name: "Thing ttyUSB10", Serial: "A50285BI", Interface: "00"}
	if adapter.Kind != Adapter || !strings.Contains(adapter.Text, "FTDI") || adapter.Driver != "some_sio" || !adapter.Sleeps || !adapter.Free() || !reflect.DeepEqual(adapter.USB, usb) {
		t.Errorf("%+v %+v", adapter, adapter.USB)
	}
	if adapter.Name() != "/dev/serial/by-id/usb-Maker_Thing_A50285BI-if00-port0" {
		t.Errorf("called %s", adapter.Name())
	}
}

func TestAPortIsFoundByAnyOfItsNames(t *testing.T) {
	f := newTree(t)
	f.usb("ttyUSB0", "0403", "6001", "A1")
	f.file("dev/ttyUSB0", "")
	ports, err := f.machine().Ports()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"/dev/ttyUSB0", "/dev/serial/by-id/usb-Maker_Thing_A1-if00-port0"} {
		if p := f.machine().Find(ports, name); p == nil || p.Path != "/dev/ttyUSB0" {
			t.Errorf("%s: %+v", name, p)
		}
	}
	if p := f.machine().Find(ports, "/dev/ttyUSB1"); p != nil {
		t.Errorf("%+v", p)
	}
}

func TestALoginOnAPortIsSeen(t *testing.T) {
	f := newTree(t)
	f.board("ttyAMA0", "32")
	f.link("etc/systemd/system/getty.target.wants/serial-getty@ttyAMA0.service", "/lib/systemd/system/serial-getty@.service")
	ports, err := f.machine().Ports()
	if err != nil || len(ports) != 1 || !ports[0].Console {
		t.Fatalf("%+v, %v", ports, err)
	}
	if unit := f.machine().Getty("ttyAMA0"); unit != "/etc/systemd/system/getty.target.wants/serial-getty@ttyAMA0.service" {
		t.Errorf("unit %s", unit)
	}
}

func TestASystemWithoutTheFilesSaysSo(t *testing.T) {
	if _, err := newTree(t).machine().Ports(); !errors.Is(err, ErrNoList) {
		t.Errorf("%v", err)
	}
}

func TestVendorsAreKnownOnce(t *testing.T) {
	for _, id := range []string{"0b00", "11ca", "0acd", "0c2e", "05e0", "0403", "067b", "10c4", "1a86"} {
		v := vendorOf(id)
		if v.kind == Unknown || v.text == "" || (v.kind == Adapter) != strings.HasPrefix(v.text, "adapter (") {
			t.Errorf("%s: %+v", id, v)
		}
	}
	if vendorOf("ffff").kind != Unknown {
		t.Error("ffff is known")
	}
}
