package ecr17

import "github.com/tillproof/tillproof/drivers/stx"

// The marks within receipt lines.
const (
	newLine      = 0x7D
	endOfReceipt = 0x1B
)

// receiptLines cuts what is to be printed into lines, without the marks for larger or smaller type.
func receiptLines(text []byte) []string {
	lines, line := []string{}, []byte{}
	flush := func() {
		lines = append(lines, stx.Printable(line))
		line = line[:0]
	}
	for _, c := range text {
		switch c {
		case newLine:
			flush()
		case 0x7E, 0x7F, 0x7B, 0x7C, 0x5E, endOfReceipt:
		default:
			line = append(line, c)
		}
	}
	if len(line) > 0 {
		flush()
	}
	return lines
}
