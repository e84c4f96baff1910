package zvt

import (
	"context"
	"errors"
	"fmt"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

// busy is the status and the refusal of a terminal that is still at work.
const busy byte = 0x9C

// enquire asks for the terminal's status with 05 01. A refusal is a status too: its code.
func (t *terminal) enquire(ctx context.Context) (byte, error) {
	data, err := t.complete(ctx, codec.APDU{Class: 0x05, Instr: 0x01}, listener{})
	var no *refusal
	if errors.As(err, &no) {
		return no.code, nil
	}
	if err != nil {
		return 0, err
	}
	return statusOf(data), nil
}

// statusOf reads the completion of 05 01: the status byte, or a version text (LLLVAR) and then the status byte. A
// status F0 looks like the begin of a version, which is one only if a status is left behind it. No data at all is a
// terminal that has nothing to complain of.
func statusOf(data []byte) byte {
	if len(data) == 0 {
		return 0
	}
	if version, ok := versionLength(data); ok {
		return data[version]
	}
	return data[0]
}

// versionLength is the length of the version text with its length bytes, if data begin with one and a status follows.
func versionLength(data []byte) (int, bool) {
	if len(data) < 4 {
		return 0, false
	}
	n := 3
	for i, scale := range []int{100, 10, 1} {
		if data[i]>>4 != 0xF || data[i]&0xF > 9 {
			return 0, false
		}
		n += int(data[i]&0xF) * scale
	}
	return n, n < len(data)
}

// state puts a status byte into words.
func state(status byte) drivers.State {
	s := drivers.State{Ready: status == 0, Code: fmt.Sprintf("%02x", status)}
	if !s.Ready {
		s.Text = "The terminal says: " + statusText(status) + ". " + remedy(status)
	}
	return s
}
