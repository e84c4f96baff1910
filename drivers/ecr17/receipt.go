package ecr17

import (
	"bytes"
	"strings"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/stx"
)

// The marks within receipt lines, of which only newLine, tallBold and endOfReceipt are used.
const (
	compressed   = 0x5E
	wide         = 0x7B
	wideBold     = 0x7C
	newLine      = 0x7D // and back to normal
	tall         = 0x7E
	tallBold     = 0x7F
	endOfReceipt = 0x1B // behind six of newLine
)

// Widths of receipts in characters: a line that is longer goes on in the next.
const (
	lineWidth       = 24
	wideWidth       = 12
	compressedWidth = 42
)

// receiptsOf cuts a text into receipts. For whom each is, the protocol does not say. Blank lines at the end are left out.
func receiptsOf(text []byte) []drivers.Receipt {
	var all []drivers.Receipt
	for _, one := range bytes.Split(text, []byte{endOfReceipt}) {
		lines := receiptLines(one)
		for len(lines) > 0 && lines[len(lines)-1] == "" {
			lines = lines[:len(lines)-1]
		}
		if len(lines) > 0 {
			all = append(all, drivers.Receipt{For: drivers.ForAnyone, Lines: lines})
		}
	}
	return all
}

// receiptLines cuts one receipt, or a part of it, into lines: at each mark of a new line, and after as many characters as a line has.
func receiptLines(text []byte) []string {
	lines := []string{}
	line, width := make([]byte, 0, len(text)), lineWidth // it never grows, so that nothing is left where it was
	end := func() {
		lines = append(lines, folded(line, width)...)
		clear(line)
		line, width = line[:0], lineWidth
	}
	for _, c := range text {
		switch c {
		case newLine:
			end()
		case wide, wideBold:
			width = wideWidth
		case compressed:
			width = compressedWidth
		case tall, tallBold, endOfReceipt:
		default:
			line = append(line, c)
		}
	}
	if len(line) > 0 {
		end()
	}
	return lines
}

// folded cuts a line where its width ends, once no card number is left in it: one may stand on both sides of a cut. Blanks at its begin are the layout's.
func folded(line []byte, width int) (lines []string) {
	stx.HideCards(line)
	for len(lines) == 0 || len(line) > 0 {
		n := min(width, len(line))
		lines = append(lines, strings.TrimRight(string(stx.Plain(line[:n])), " "))
		line = line[n:]
	}
	return lines
}
