package codec

// The commands of a host.
const (
	Reset  byte = 0x49
	Review byte = 0x52
	Set    byte = 0x53
)

// The functions that a host reviews and sets.
const (
	ReaderOn      byte = 0x1A // '1' on, '0' off
	AllSettings   byte = 0x1F
	FirmwareText  byte = 0x22
	PrePAN        byte = 0x49 // leading digits that are shown, 0-6
	PostPAN       byte = 0x4A // last digits that are shown, 0-4
	Encryption    byte = 0x4C // '0' none, '1' TDES, '2' AES
	SerialNumber  byte = 0x4E
	ShowExpiry    byte = 0x50 // '1' shown
	NextKSN       byte = 0x51
	Hashes        byte = 0x5C // '0'-'7', one bit a track
	SecurityLevel byte = 0x7E // '0'-'4'
	EncryptOption byte = 0x84 // 08 bank cards only, 17 all
	Enhanced      byte = 0x85 // '1' enhanced format
)

// RequestFrame puts a command with its parameters on the line.
func RequestFrame(command byte, parameters ...byte) []byte {
	b := append([]byte{stx, command}, parameters...)
	b = append(b, etx)
	return append(b, xor(b))
}

// SetFrame puts the setting of a function on the line.
func SetFrame(function byte, value ...byte) []byte {
	return RequestFrame(Set, append([]byte{function, byte(len(value))}, value...)...)
}

// Setting is a function with its value.
type Setting struct {
	Function byte
	Value    []byte
}

// Settings cuts a reply's data into settings; what does not fit is left out. The values belong to the input.
func Settings(data []byte) (all []Setting) {
	for len(data) >= 2 && len(data) >= 2+int(data[1]) {
		end := 2 + int(data[1])
		all = append(all, Setting{Function: data[0], Value: data[2:end:end]})
		data = data[end:]
	}
	return all
}

// ReplyFrame puts a reader's reply on the line.
func ReplyFrame(settings ...Setting) []byte {
	b := []byte{ack, stx}
	for _, s := range settings {
		b = append(append(b, s.Function, byte(len(s.Value))), s.Value...)
	}
	b = append(b, etx)
	return append(b, xor(b[1:]))
}

// WholeRequest says whether b is a request of the host from its first to its last byte.
func WholeRequest(b []byte) (Frame, bool) {
	if len(b) == 0 || b[0] != stx {
		return Frame{}, false
	}
	f, n, ok := splitRequest(b)
	return f, ok && n == len(b)
}

// CardData puts the fields of a card together, in the format that its Type tells: the reverse of [ParseCard]. Lengths are those of the tracks in characters.
func CardData(c *Card, lengths [3]int) []byte {
	b := []byte{c.Type, c.Status, byte(lengths[0]), byte(lengths[1]), byte(lengths[2])}
	enhanced := c.Type&0x80 != 0
	if enhanced {
		b = append(b, c.F8, c.F9)
		if c.Status&(1<<6) != 0 {
			b = append(append(b, byte(len(c.Options))), c.Options...)
		}
	}
	for _, fields := range [][3][]byte{c.Shown, c.Encrypted} {
		for _, field := range fields {
			b = append(b, field...)
		}
	}
	b = append(append(b, c.Both...), c.Session...)
	for _, hash := range c.Hash {
		b = append(b, hash...)
	}
	if enhanced {
		b = append(b, c.Serial...)
	}
	return append(b, c.KSN...)
}
