package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/agent/detect"
	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/all"
)

// devices looks at each device: what the running till says of it, its port, and what its family cannot do.
func devices(_ context.Context, t *till) (list []Finding) {
	if len(t.config.Devices) == 0 {
		return warn("no device is configured: the till takes cash and what the platform collects", "tillproof detect shows what stands at the ports, and the lines for till.yaml.")
	}
	for _, d := range t.config.Devices {
		d.Port = detect.WholePath(d.Port)
		var found []Finding
		for _, look := range []func(*till, *agent.DeviceConfig) []Finding{portOf, answers, namesPort, shared, sleeps, lacks} {
			found = append(found, look(t, &d)...)
		}
		for i := range found {
			found[i].Check = "device " + string(d.Name)
		}
		list = append(list, found...)
	}
	return list
}

// answers tells what the running till says of the device.
func answers(t *till, d *agent.DeviceConfig) []Finding {
	if t.status == nil {
		return nil
	}
	i := slices.IndexFunc(t.status.Devices, func(s api.Device) bool { return s.Name == d.Name })
	if i < 0 {
		return warn("the running till does not know it", "Start the till again: till.yaml has changed since.")
	}
	where := "tillproof detect --probe " + wireOf(d)
	switch s := t.status.Devices[i]; {
	case s.Code == "wrong_protocol":
		return bad(fmt.Sprintf("what stands there speaks another protocol than %s. %s", d.Driver, s.Text), "Stop the till and ask the device what it speaks: "+where)
	case d.Port != "" && !t.there(d.Port):
		return nil // said already, and the till learns it when it next writes
	case s.State == engine.Ready, s.State == engine.Busy:
		return fine(strings.TrimSpace(fmt.Sprintf("%s with driver %s. %s", s.State, d.Driver, s.Text)))
	case s.State == engine.Opening:
		return warn("it is being opened. "+s.Text, "Wait a minute and examine it again.")
	case s.State == engine.Absent:
		return missing("it does not answer. "+s.Text, "Check power and cable. To find out what speaks there, stop the till and run "+where)
	default:
		return missing(fmt.Sprintf("it has %s. %s", s.State, s.Text), "To find out what speaks there, stop the till and run "+where)
	}
}

// there says whether something stands under a path of the machine.
func (t *till) there(path string) bool {
	_, err := os.Stat(t.Machine.File(path))
	return err == nil
}

// wireOf names a device's wire as detect takes it.
func wireOf(d *agent.DeviceConfig) string {
	if d.TCP != "" {
		return "tcp:" + d.TCP
	}
	return d.Port
}

// portOf says whether the port is there, is one, and may be used. It opens nothing.
func portOf(t *till, d *agent.DeviceConfig) []Finding {
	if d.Port == "" {
		if t.status != nil {
			return nil
		}
		return fine(fmt.Sprintf("at %s on the network, where nobody asked now; tillproof detect --probe tcp:%s does", d.TCP, d.TCP))
	}
	path := t.Machine.File(d.Port)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return missing("there is no port "+d.Port+": unplugged, switched off, or under another name", "Check power and cable; tillproof detect shows the names that are there.")
	case err != nil:
		return missing("the port "+d.Port+" cannot be looked at: "+err.Error(), "Run this as the till's user.")
	case info.Mode()&os.ModeCharDevice == 0:
		return bad(d.Port+" is no serial port", "tillproof detect shows the ports; mend port in till.yaml.")
	}
	if group, ok := mayUse(path, info); !ok {
		return bad(fmt.Sprintf("this user may not open %s", d.Port), letOpen(d.Port, group))
	}
	return fine("the port " + d.Port + " is there and may be opened")
}

// letOpen is how the till's user gets a port that belongs to a group. Nobody is put into root's for that.
func letOpen(port, group string) string {
	if group == "root" {
		return fmt.Sprintf("Give the port to a group of its own by a rule of udev (KERNEL==%q, GROUP=\"dialout\", MODE=\"0660\"), and the till's user to that group (sudo usermod -aG dialout USER).",
			filepath.Base(port))
	}
	return fmt.Sprintf("Add the till's user to the group %s (sudo usermod -aG %s USER) and let it log in again.", group, group)
}

// numbered says whether a path changes with the order in which devices are plugged in.
func numbered(path string) bool {
	path = filepath.Clean(path)
	return strings.HasPrefix(path, "/dev/ttyUSB") || strings.HasPrefix(path, "/dev/ttyACM")
}

// namesPort advises the name that stays.
func namesPort(t *till, d *agent.DeviceConfig) []Finding {
	if !numbered(d.Port) {
		return nil
	}
	next := "Use its name in /dev/serial/by-id; tillproof detect shows it."
	if p := t.Machine.Find(t.ports, d.Port); p != nil && p.ByID != "" {
		next = "Write port: " + p.ByID
	}
	return warn(fmt.Sprintf("%s gets another number when devices are plugged in another order: the till would talk to the wrong one", d.Port), next)
}

// shared looks for others at the port: programs that have it open, a login, the kernel's console.
func shared(t *till, d *agent.DeviceConfig) (list []Finding) {
	p := t.portOf(d)
	if p == nil {
		return nil
	}
	if p.Console {
		next := "Take console=" + filepath.Base(p.Path) + " off the kernel's command line and start the machine again."
		if unit := t.Machine.Getty(filepath.Base(p.Path)); unit != "" {
			next = "sudo systemctl disable --now " + filepath.Base(unit)
		}
		list = append(list, bad(fmt.Sprintf("a login or the kernel's console uses %s: it takes the device's bytes for typing, and writes to it", p.Path), next)...)
	}
	for _, user := range p.Users {
		list = append(list, bad(fmt.Sprintf("%s has %s open too: each takes bytes away from the other", user, p.Path), "Stop that program, or keep it off the port.")...)
	}
	if t.status == nil && p.Lock != "" {
		list = append(list, missing(fmt.Sprintf("%s has %s open", p.Lock, p.Path), "Stop it before this till starts: a port has one user.")...)
	}
	return list
}

// sleeps warns of ports that the system switches off when they are idle.
func sleeps(t *till, d *agent.DeviceConfig) []Finding {
	p := t.portOf(d)
	if p == nil || !p.Sleeps {
		return nil
	}
	return warn(fmt.Sprintf("the system may switch %s off when it is idle (USB autosuspend): some devices do not wake up", p.Path),
		fmt.Sprintf(`A udev rule: ACTION=="add", SUBSYSTEM=="usb", ATTR{idVendor}=="%s", ATTR{idProduct}=="%s", ATTR{power/control}="on"`, p.USB.Vendor, p.USB.Product))
}

// portOf is the machine's port of a device, nil for one on the network or that is not in the list.
func (t *till) portOf(d *agent.DeviceConfig) *detect.Port {
	if d.Port == "" {
		return nil
	}
	return t.Machine.Find(t.ports, d.Port)
}

// lacks tells in one line what the family cannot do.
func lacks(t *till, d *agent.DeviceConfig) []Finding {
	for _, driver := range all.Drivers() {
		if driver.Name != d.Driver || driver.Kind != drivers.KindCard {
			continue
		}
		var list []drivers.Function
		if driver.Lacks != nil {
			list = driver.Lacks(drivers.Settings{Currency: t.config.Currency, Stream: d.TCP != "", Options: d.Options})
		}
		if len(list) == 0 {
			return fine(fmt.Sprintf("%s does all that a till wants", d.Driver))
		}
		names := make([]string, len(list))
		for i, f := range list {
			names[i] = string(f)
		}
		return fine(fmt.Sprintf("%s does not do: %s", d.Driver, strings.Join(names, ", ")))
	}
	return nil
}
