package codec

// Link control bytes of the serial line (PA00P016, transport).
const (
	ACK byte = 0x06 // the frame came well; says nothing of its content
	NAK byte = 0x15 // send it again
)

// Bytes of the frame.
const (
	dle byte = 0x10
	stx byte = 0x02
	etx byte = 0x03
)

// Frame wraps the bytes of an APDU for the serial line: 10 02, the APDU with every 10 doubled, 10 03, CRC low byte
// first. The two CRC bytes are raw: they may be 10, 03, 06 or 15 and are never doubled.
func Frame(apdu []byte) []byte {
	out := make([]byte, 0, len(apdu)+8)
	out = append(out, dle, stx)
	for _, b := range apdu {
		if b == dle {
			out = append(out, dle)
		}
		out = append(out, b)
	}
	crc := CRC(apdu)
	return append(out, dle, etx, byte(crc), byte(crc>>8))
}

// CRC is the check of a frame over the un-doubled APDU and one 03: CRC-16/KERMIT (reflected polynomial 8408, start 0).
// The papers call it CRC-XModem, which it is not.
func CRC(apdu []byte) uint16 {
	return crcStep(kermit(apdu), etx)
}

func kermit(b []byte) uint16 {
	var crc uint16
	for _, c := range b {
		crc = crcStep(crc, c)
	}
	return crc
}

func crcStep(crc uint16, b byte) uint16 {
	crc ^= uint16(b)
	for range 8 {
		low := crc & 1
		crc >>= 1
		if low == 1 {
			crc ^= 0x8408
		}
	}
	return crc
}
