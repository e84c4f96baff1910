package doctor

import (
	"context"
	"fmt"

	"github.com/tillproof/tillproof/agent/detect"
)

// programs looks for those that are known to take serial ports away from others.
func programs(_ context.Context, t *till) (list []Finding) {
	usb := t.usesUSB()
	for _, p := range t.Machine.Processes() {
		switch {
		case p.Name == "ModemManager" && usb:
			list = append(list, warn(fmt.Sprintf("%s runs: it writes to new serial ports to find modems, in the middle of a payment too", p),
				"sudo systemctl disable --now ModemManager; or a udev rule ENV{ID_MM_DEVICE_IGNORE}=\"1\" for the device.")...)
		case p.Name == "brltty" && usb:
			list = append(list, warn(fmt.Sprintf("%s runs: it takes adapters for braille displays and keeps them", p), "sudo systemctl disable --now brltty brltty-udev, or remove the package brltty.")...)
		}
	}
	if len(list) == 0 {
		return fine("none is known to take serial ports away")
	}
	return list
}

// usesUSB says whether a configured device is on USB, or cannot be told.
func (t *till) usesUSB() bool {
	for _, d := range t.config.Devices {
		if d.Port == "" {
			continue
		}
		if p := t.Machine.Find(t.ports, d.Port); p == nil || p.Bus == detect.OnUSB {
			return true
		}
	}
	return false
}
