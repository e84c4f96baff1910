package wire

import (
	"fmt"
	"math"
	"strings"

	"github.com/tillproof/tillproof/pos"
)

// MaxBirth bounds a birth, in bytes.
const MaxBirth = 8 << 10

// The bounds of what a birth names: a till has few devices, and their names are the shop's.
const (
	maxBirthDevices = 64
	maxBirthText    = 128 // bytes of one text
)

// Birth says that a till has come, has changed, or has gone. It is a hint for people and moves no money: nobody signs it, and a broker may keep an old one.
// It is retained on [UpBirth], and the same message with Online false is the last will of the till's connection (MQTT 3.1.1 §3.1.2.5).
type Birth struct {
	Till   pos.TillID
	Online bool
	At     int64 // the till's clock, milliseconds since 1970-01-01 UTC

	// ConnectedAt is the till's clock when this connection began, in milliseconds since 1970-01-01 UTC; 0 from who does not tell. It tells the will of a
	// connection that was taken over, which may come after the birth of the one that took over, from the will of the present one.
	ConnectedAt int64

	Epoch pos.Epoch // the journal's
	Seq   pos.Seq   // of its last record

	Versions Versions
	Devices  []BirthDevice
	OffsetMS *int64 // what has to be added to the till's clock for the time that the platform has proven last; nil when it never has
}

// Versions are what a till works with; 0 and "" for none.
type Versions struct {
	Software string // of the program
	Policy   uint64 // of the offline policy in force
	Keys     uint64 // of the platform's list of keys
	Config   uint64 // of the configuration from the platform
}

// BirthDevice is a device and its state: ready, busy, opening, failed or absent.
type BirthDevice struct{ Name, State string }

// birthMap is the CBOR map of wire.cddl.
type birthMap struct {
	Till        string        `cbor:"till"`
	Online      bool          `cbor:"online"`
	At          int64         `cbor:"at"`
	ConnectedAt int64         `cbor:"connected_at,omitempty"`
	Epoch       []byte        `cbor:"epoch"`
	Seq         uint64        `cbor:"seq"`
	Versions    versionsMap   `cbor:"versions"`
	Devices     []deviceMap   `cbor:"devices"`
	Clock       birthClockMap `cbor:"clock"`
}

// versionsMap is the CBOR map of wire.cddl.
type versionsMap struct {
	Software string `cbor:"software,omitempty"`
	Policy   uint64 `cbor:"policy,omitempty"`
	Keys     uint64 `cbor:"keys,omitempty"`
	Config   uint64 `cbor:"config,omitempty"`
}

// deviceMap is the CBOR map of wire.cddl.
type deviceMap struct {
	Name  string `cbor:"name"`
	State string `cbor:"state"`
}

// birthClockMap is the CBOR map of wire.cddl.
type birthClockMap struct {
	OffsetMS *int64 `cbor:"offset_ms,omitempty"`
}

// EncodeBirth encodes a birth. What is too long or too many is cut: a hint is not worth an error.
func (c *Codec) EncodeBirth(b *Birth) ([]byte, error) {
	m := birthMap{Till: string(b.Till), Online: b.Online, At: b.At, ConnectedAt: b.ConnectedAt, Epoch: b.Epoch[:], Seq: uint64(b.Seq),
		Versions: versionsMap{clip(b.Versions.Software), b.Versions.Policy, b.Versions.Keys, b.Versions.Config},
		Devices:  []deviceMap{}, Clock: birthClockMap{b.OffsetMS}}
	for _, d := range b.Devices[:min(len(b.Devices), maxBirthDevices)] {
		m.Devices = append(m.Devices, deviceMap{clip(d.Name), clip(d.State)})
	}
	message, err := c.enc.Marshal(m)
	if err == nil && len(message) > MaxBirth {
		m.Devices = m.Devices[:0]
		message, err = c.enc.Marshal(m)
	}
	return message, err
}

func clip(s string) string { return strings.ToValidUTF8(s[:min(len(s), maxBirthText)], "") }

// DecodeBirth reads a birth. Nothing in it is proven; the caller compares its till with the one in the topic.
func (c *Codec) DecodeBirth(message []byte) (*Birth, error) {
	if len(message) > MaxBirth {
		return nil, fmt.Errorf("birth of %d bytes is over the limit of %d", len(message), MaxBirth)
	}
	var m birthMap
	if err := c.dec.Unmarshal(message, &m); err != nil {
		return nil, fmt.Errorf("birth: %w", err)
	}
	till, err := pos.ParseTillID(m.Till)
	if err != nil {
		return nil, fmt.Errorf("birth: %w", err)
	}
	if m.Seq > math.MaxInt64 || len(m.Devices) > maxBirthDevices || len(m.Versions.Software) > maxBirthText {
		return nil, fmt.Errorf("birth of till %s: a value is out of range", till)
	}
	b := &Birth{Till: till, Online: m.Online, At: m.At, ConnectedAt: m.ConnectedAt, Seq: pos.Seq(m.Seq), OffsetMS: m.Clock.OffsetMS,
		Versions: Versions{m.Versions.Software, m.Versions.Policy, m.Versions.Keys, m.Versions.Config}}
	if err := fixed(b.Epoch[:], m.Epoch, "epoch"); err != nil {
		return nil, fmt.Errorf("birth of till %s: %w", till, err)
	}
	for _, d := range m.Devices {
		if len(d.Name) > maxBirthText || len(d.State) > maxBirthText {
			return nil, fmt.Errorf("birth of till %s: a device's name is too long", till)
		}
		b.Devices = append(b.Devices, BirthDevice(d))
	}
	return b, nil
}
