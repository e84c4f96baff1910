package payload

import "fmt"

// crcOf is the CRC of §4.7.3 (ISO/IEC 13239): polynomial 1021, initial value FFFF, no reflection, no final xor, over the bytes.
func crcOf(text string) uint16 {
	crc := uint16(0xFFFF)
	for i := range len(text) {
		crc ^= uint16(text[i]) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return crc
}

// sealed appends object 63 to a text that has none: four hex digits in capitals over everything up to and including "6304".
func sealed(text string) string {
	text += "6304"
	return text + fmt.Sprintf("%04X", crcOf(text))
}
