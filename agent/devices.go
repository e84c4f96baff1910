package agent

import (
	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/all"
	"github.com/tillproof/tillproof/drivers/trace"
	"github.com/tillproof/tillproof/pos"
)

// settings are what the driver of a device is made with.
func (d DeviceConfig) settings(currency pos.Currency) drivers.Settings {
	return drivers.Settings{Currency: currency, Stream: d.TCP != "", Options: d.Options}
}

// line is the setting of a device's serial line.
func (d DeviceConfig) line(driver drivers.Driver) (drivers.Line, error) {
	line := driver.Line
	if d.Baud > 0 {
		line.Baud = d.Baud
	}
	return line.Framed(d.Framing)
}

// lacks lists what a device cannot do, as its driver says under its settings; known without a wire. A driver that is not there lacks nothing.
func (d DeviceConfig) lacks(currency pos.Currency) []drivers.Function {
	driver, err := findDriver(d, currency)
	if err != nil || driver.Lacks == nil {
		return nil
	}
	return driver.Lacks(d.settings(currency))
}

// lacks lists what each device cannot do.
func (c *Config) lacks() map[pos.DeviceName][]drivers.Function {
	all := map[pos.DeviceName][]drivers.Function{}
	for _, d := range c.Devices {
		all[d.Name] = d.lacks(c.Currency)
	}
	return all
}

// driverInfo is what the API says of the devices' drivers.
func (c *Config) driverInfo() map[pos.DeviceName]api.DriverInfo {
	info := map[pos.DeviceName]api.DriverInfo{}
	for _, d := range c.Devices {
		info[d.Name] = api.DriverInfo{Driver: d.Driver, Kind: string(d.Kind), Lacks: d.lacks(c.Currency)}
	}
	return info
}

// newTaps makes a tap for the wire of each device, switched off.
func (c *Config) newTaps() map[pos.DeviceName]*trace.Tap {
	taps := map[pos.DeviceName]*trace.Tap{}
	for _, d := range c.Devices {
		taps[d.Name] = trace.New(all.Decode(d.Driver))
	}
	return taps
}
