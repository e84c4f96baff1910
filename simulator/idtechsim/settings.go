package idtechsim

import (
	"fmt"

	"github.com/tillproof/tillproof/drivers/idtech/codec"
)

// reply is what a request is answered with; the caller holds the lock.
func (m *Memory) reply(f codec.Frame) []byte {
	switch {
	case f.Code == codec.Reset:
		return []byte{0x06}
	case f.Code == 0x38, f.Code == 0x39:
		return codec.ReplyFrame(codec.Setting{Function: f.Code, Value: []byte("Simulated reader 1")})
	case f.Code == codec.Review && f.Data[0] == codec.AllSettings:
		return codec.ReplyFrame(m.all()...)
	case f.Code == codec.Review:
		if value := m.setting(f.Data[0]); value != nil {
			return codec.ReplyFrame(codec.Setting{Function: f.Data[0], Value: value})
		}
		return []byte{0x16}
	case f.Code == codec.Set:
		return m.take(f.Data)
	}
	return []byte{0x18} // buffered mode, which is off
}

// all are the settings in the order of their functions.
func (m *Memory) all() (list []codec.Setting) {
	for function := range 256 {
		name := fmt.Sprintf("%02x", function)
		if _, there := m.Settings[name]; there {
			list = append(list, codec.Setting{Function: byte(function), Value: m.setting(byte(function))})
		}
	}
	return list
}

// take changes a setting that a host may change.
func (m *Memory) take(data []byte) []byte {
	name := fmt.Sprintf("%02x", data[0])
	if _, there := m.Settings[name]; !there || data[0] == codec.Encryption || len(data) < 3 {
		return []byte{0x15}
	}
	m.Settings[name] = fmt.Sprintf("%x", data[2:])
	return []byte{0x06}
}
