package detect

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/tillproof/tillproof/drivers/serialport"
)

// ErrNoList says that this system does not tell its ports in files.
var ErrNoList = errors.New("this system does not list its serial ports; name the port")

// Ports lists the serial ports of the machine that have hardware behind them, by name. It opens no port. It fails with [ErrNoList] where there is no
// /sys/class/tty, which only Linux has.
func (m Machine) Ports() ([]Port, error) {
	entries, err := os.ReadDir(m.File("sys/class/tty"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoList
	}
	if err != nil {
		return nil, err
	}
	list, ids, users := []Port{}, m.byID(), m.users()
	for _, e := range entries {
		if p, ok := m.port(e.Name()); ok {
			p.ByID, p.Users = ids[p.Path], users[p.Path]
			p.Lock = serialport.Holder(m.File(p.Path))
			p.Users = slices.DeleteFunc(p.Users, func(user string) bool { return p.Lock != "" && sameProcess(user, p.Lock) })
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b Port) int { return compareNames(a.Path, b.Path) })
	return list, nil
}

// Find is the port with a name: its path, its name by id, or any link to it.
func (m Machine) Find(ports []Port, name string) *Port {
	real, err := filepath.EvalSymlinks(m.File(name))
	if err != nil {
		return nil
	}
	for i := range ports {
		if own, err := filepath.EvalSymlinks(m.File(ports[i].Path)); err == nil && own == real {
			return &ports[i]
		}
	}
	return nil
}

// port reads one entry of /sys/class/tty. What has no device behind it (consoles, pseudo-terminals) or no chip (a socket of the board that is not fitted) is none.
func (m Machine) port(name string) (p Port, ok bool) {
	class := m.File("sys/class/tty", name)
	device, err := filepath.EvalSymlinks(filepath.Join(class, "device"))
	if err != nil || strings.HasPrefix(name, "pty") || strings.HasPrefix(name, "hvc") {
		return Port{}, false
	}
	if kind := lineOf(filepath.Join(class, "type")); kind == "0" {
		return Port{}, false
	}
	p = Port{Path: "/dev/" + name, Bus: OnBoard, Kind: Unknown, Text: "a port of the machine itself: what is plugged in does not show",
		Driver: base(filepath.Join(device, "driver")), Console: m.console(name)}
	if usb, sleeps := m.usbOf(device); usb != nil {
		v := vendorOf(usb.Vendor)
		p.Bus, p.USB, p.Kind, p.Text, p.Sleeps = OnUSB, usb, v.kind, v.text, sleeps
	}
	return p, true
}

// usbOf walks up from a port's device to the USB device that it is part of. sleeps says that the system may switch that off when it is idle.
func (m Machine) usbOf(device string) (usb *USB, sleeps bool) {
	top, number := m.File("sys/devices"), ""
	if real, err := filepath.EvalSymlinks(top); err == nil {
		top = real
	}
	for dir := device; strings.HasPrefix(dir, top) && dir != top; dir = filepath.Dir(dir) {
		if n := lineOf(filepath.Join(dir, "bInterfaceNumber")); n != "" && number == "" {
			number = n
		}
		vendor := lineOf(filepath.Join(dir, "idVendor"))
		if vendor == "" {
			continue
		}
		delay, err := strconv.Atoi(lineOf(filepath.Join(dir, "power/autosuspend_delay_ms")))
		sleeps = lineOf(filepath.Join(dir, "power/control")) == "auto" && (err != nil || delay >= 0)
		return &USB{Vendor: vendor, Product: lineOf(filepath.Join(dir, "idProduct")), Maker: lineOf(filepath.Join(dir, "manufacturer")),
			Name: lineOf(filepath.Join(dir, "product")), Serial: lineOf(filepath.Join(dir, "serial")), Interface: number}, sleeps
	}
	return nil, false
}

// byID maps paths to their names in /dev/serial/by-id.
func (m Machine) byID() map[string]string {
	names := map[string]string{}
	entries, err := os.ReadDir(m.File("dev/serial/by-id"))
	if err != nil {
		return names // a machine without USB ports has none
	}
	for _, e := range entries {
		link := m.File("dev/serial/by-id", e.Name())
		if target, err := os.Readlink(link); err == nil {
			names["/dev/"+filepath.Base(target)] = m.own(link)
		}
	}
	return names
}

// console says whether the kernel writes its messages to the port or a login waits there: a device's bytes would be taken for typing.
func (m Machine) console(name string) bool {
	for _, word := range strings.Fields(m.Line("proc/cmdline")) {
		if word == "console="+name || strings.HasPrefix(word, "console="+name+",") {
			return true
		}
	}
	return m.Getty(name) != ""
}

// Getty is the unit file that starts a login on a port by its name (ttyS0), "" for none.
func (m Machine) Getty(name string) string {
	for _, dir := range []string{"etc/systemd/system/getty.target.wants", "run/systemd/generator/getty.target.wants", "etc/systemd/system/multi-user.target.wants"} {
		unit := m.File(dir, "serial-getty@"+name+".service")
		if _, err := os.Lstat(unit); err == nil {
			return m.own(unit)
		}
	}
	return ""
}

func base(link string) string {
	target, err := os.Readlink(link)
	if err != nil {
		return ""
	}
	return filepath.Base(target)
}

// compareNames puts ttyS9 before ttyS10.
func compareNames(a, b string) int {
	if len(a) != len(b) && numberless(a) == numberless(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

func numberless(name string) string { return strings.TrimRight(name, "0123456789") }
