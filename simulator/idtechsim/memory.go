package idtechsim

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/idtech/codec"
	"github.com/tillproof/tillproof/simulator/chassis"
	"github.com/tillproof/tillproof/simulator/dukpt"
)

// Memory is what a reader keeps over power loss, as it stands in its file.
type Memory struct {
	Serial   string            `json:"serial"`   // ten characters
	KSN      string            `json:"ksn"`      // of the last swipe, hex; the counter 0 before the first
	Level    string            `json:"level"`    // of security, "0" to "4"
	Settings map[string]string `json:"settings"` // function to value, both hex
	Swipes   int               `json:"swipes"`   // that were encrypted, whether or not anybody took them
	Tampered bool              `json:"tampered,omitempty"`
}

// factory are the settings of a new reader (SecureMag User Manual): original format, masks of four and four, expiry masked, bank cards encrypted.
func factory() map[string]string {
	return map[string]string{
		"1a": "31", "41": "35", "49": "34", "4a": "34", "4b": "2a", "4c": "31", "50": "30", "5c": "37", "6f": "31", "84": "08", "85": "30", "86": "07",
	}
}

// Load reads the memory of a reader, whether it runs or not. The error is fs.ErrNotExist where none was written yet.
func Load(path string) (Memory, error) { return chassis.Load[Memory](path) }

// loadOrNew reads the memory, or begins one as the options want.
func loadOrNew(o Options) (Memory, error) {
	m := Memory{Serial: o.Serial, KSN: hex.EncodeToString(o.KSN), Level: o.Level, Settings: factory()}
	if o.NEO2 { // as its stripe head is delivered: everything encrypted, six and four digits and the expiry shown
		m.Settings["49"], m.Settings["50"], m.Settings["84"], m.Settings["85"] = "36", "31", "17", "31"
	}
	for function, value := range o.Settings {
		m.Settings[fmt.Sprintf("%02x", function)] = hex.EncodeToString(value)
	}
	if o.Path == "" {
		return m, nil
	}
	stored, err := Load(o.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return m, chassis.Save(o.Path, &m)
	}
	return stored, err
}

func (m *Memory) copy() Memory {
	c := *m
	c.Settings = maps.Clone(m.Settings)
	return c
}

// setting is the value of a function, nil for one that the reader has not.
func (m *Memory) setting(function byte) []byte {
	switch function {
	case codec.SecurityLevel:
		return []byte(m.Level)
	case codec.SerialNumber:
		return []byte(m.Serial)
	case codec.NextKSN:
		if next, err := dukpt.Next(m.ksn()); err == nil {
			return next
		}
		return m.ksn()
	case codec.FirmwareText:
		return []byte("Simulated reader 1")
	}
	value, err := hex.DecodeString(m.Settings[fmt.Sprintf("%02x", function)])
	if err != nil || len(value) == 0 {
		return nil
	}
	return value
}

// is says whether a setting of one byte has a value.
func (m *Memory) is(function, value byte) bool {
	now := m.setting(function)
	return len(now) == 1 && now[0] == value
}

func (m *Memory) ksn() []byte {
	ksn, err := hex.DecodeString(m.KSN)
	if err != nil || len(ksn) != drivers.KSNSize {
		return make([]byte, drivers.KSNSize)
	}
	return ksn
}
