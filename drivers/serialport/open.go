package serialport

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
	"go.bug.st/serial"
)

// codeUnavailable is the code of every failure to open (CONTRACT.md §2).
const codeUnavailable pos.ErrorCode = "device_unavailable"

// Open opens the serial line at path with the given settings and drops what had been received before.
//
// The path may be a stable name such as /dev/serial/by-id/...; the device behind it is resolved first. The port is locked for this
// process, by a file beside others in the system's temporary directory. Errors are *pos.Error with code device_unavailable: no
// money moved, since nothing was sent. They are Transient, but for settings that no serial line has, which are Permanent.
func Open(path string, line drivers.Line) (*Port, error) {
	mode, err := modeOf(line)
	if err != nil {
		return nil, refused(pos.Permanent, err.Error(), "Correct the settings of the device.", nil)
	}
	device, err := resolve(path)
	if err != nil {
		return nil, explain(path, err)
	}
	lock, err := acquire(device)
	if err != nil {
		return nil, err
	}
	raw, err := openRaw(device, mode)
	if err != nil {
		lock.release()
		return nil, explain(path, err)
	}
	return start(raw, device, line, lock), nil
}

// openRaw opens the port in the library. No modem line is set or asked for: not every port has them.
func openRaw(device string, mode *serial.Mode) (serial.Port, error) {
	raw, err := serial.Open(device, mode)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(raw.SetReadTimeout(readTick), raw.ResetInputBuffer()); err != nil {
		_ = raw.Close()
		return nil, err
	}
	return raw, nil
}

// modeOf translates the settings of a line.
func modeOf(line drivers.Line) (*serial.Mode, error) {
	parity := map[drivers.Parity]serial.Parity{
		drivers.NoParity: serial.NoParity, drivers.EvenParity: serial.EvenParity, drivers.OddParity: serial.OddParity}
	stop := map[int]serial.StopBits{1: serial.OneStopBit, 2: serial.TwoStopBits}
	p, knownParity := parity[line.Parity]
	s, knownStop := stop[line.StopBits]
	if line.Baud <= 0 || line.DataBits < 7 || line.DataBits > 8 || !knownParity || !knownStop {
		return nil, fmt.Errorf("no serial line has %d baud, %d data bits, parity %q and %d stop bits",
			line.Baud, line.DataBits, string(line.Parity), line.StopBits)
	}
	return &serial.Mode{BaudRate: line.Baud, DataBits: line.DataBits, Parity: p, StopBits: s}, nil
}

// explain says what a failure to open means and what to do.
func explain(path string, err error) error {
	var pe *serial.PortError
	coded := errors.As(err, &pe)
	switch {
	case errors.Is(err, fs.ErrNotExist), coded && pe.Code() == serial.PortNotFound:
		return refused(pos.Transient, "There is no serial device at "+path+".",
			"Check the cable and the power of the device; it is opened again by itself.", err)
	case errors.Is(err, fs.ErrPermission), coded && pe.Code() == serial.PermissionDenied:
		return refused(pos.Transient, "The serial device "+path+" may not be opened by this user.",
			"Add the user that runs the till to the group that owns the device (often dialout), then start the till again.", err)
	case coded && pe.Code() == serial.PortBusy:
		return refused(pos.Transient, "The serial device "+path+" is in use by another program.",
			"Close the other program; the device is opened again by itself.", err)
	case coded && pe.Code() == serial.InvalidSerialPort:
		return refused(pos.Transient, path+" is not a serial device, or it refuses the settings.",
			"Check the device's path and line settings in the configuration.", err)
	}
	return refused(pos.Transient, "The serial device "+path+" cannot be opened.",
		"Check the cable, the adapter and the line settings; the device is opened again by itself.", err)
}

func refused(retry pos.Retry, text, next string, cause error) error {
	return pos.NewError(codeUnavailable, retry, pos.NoneMoved, text, next).Because(cause)
}
