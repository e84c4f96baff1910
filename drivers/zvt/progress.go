package zvt

import (
	"fmt"
	"strings"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

// removeCard is added to the codes 00 to 1D, 26 and 27 for "the same, and remove the card" (PA00P015, intermediate status).
const removeCard = 0x40

// intermediateText puts the status of 04 FF into words for the cashier.
func intermediateText(code byte) string {
	switch {
	case code == 0x4B:
		return "remove the card"
	case code > removeCard && code <= 0x5D, code == 0x66, code == 0x67:
		return stepText(code-removeCard) + ", remove the card"
	case code < removeCard:
		return stepText(code)
	}
	return lateStepText(code)
}

func stepText(code byte) string {
	switch code {
	case 0x00:
		return "waits for the amount to be confirmed"
	case 0x01, 0x02:
		return "look at the PIN pad"
	case 0x03:
		return "not accepted"
	case 0x04:
		return "waits for the host"
	case 0x05:
		return "reverses by itself"
	case 0x06:
		return "sends stored bookings"
	case 0x07:
		return "card not admitted"
	case 0x08:
		return "card unknown"
	case 0x09:
		return "card expired"
	case 0x0A:
		return "insert card"
	case 0x0B:
		return "remove card"
	case 0x0C:
		return "card not readable"
	case 0x0D:
		return "aborted"
	case 0x0E, 0x17:
		return "please wait"
	case 0x0F:
		return "end of day runs by itself"
	case 0x10:
		return "card invalid"
	case 0x11:
		return "shows the balance"
	case 0x12:
		return "system error"
	case 0x13:
		return "payment not possible"
	}
	return stepTextHigh(code)
}

func stepTextHigh(code byte) string {
	switch code {
	case 0x14:
		return "credit not sufficient"
	case 0x15:
		return "PIN wrong"
	case 0x16:
		return "limit not sufficient"
	case 0x18:
		return "PIN tries used up"
	case 0x19:
		return "card data wrong"
	case 0x1A:
		return "service mode"
	case 0x1B:
		return "fill up"
	case 0x1C:
		return "take the goods"
	case 0x1D:
		return "declined"
	case 0x26, 0x27:
		return "enter the mobile number"
	case 0x28:
		return "choose the currency"
	case 0x29:
		return "choose the language"
	case 0x2A:
		return "insert the card to load"
	case 0x2B:
		return "emergency mode, offline"
	case 0x2C:
		return "choose debit or credit"
	}
	return fmt.Sprintf("status %02x", code)
}

func lateStepText(code byte) string {
	switch code {
	case 0x68:
		return "customer card is in"
	case 0x69:
		return "choose the currency of the card"
	case 0xC7:
		return "enter the mileage"
	case 0xC8:
		return "waits for the cashier"
	case 0xC9:
		return "diagnosis runs by itself"
	case 0xCA:
		return "initialisation runs by itself"
	case 0xCB:
		return "journal full"
	case 0xCC:
		return "PIN needed"
	case 0xD2, 0xD3:
		return "dials up"
	case 0xE0:
		return "choose the application"
	case 0xE1:
		return "choose the language"
	case 0xE2:
		return "insert the cleaning card"
	case 0xF1:
		return "offline"
	case 0xF2:
		return "online"
	case 0xF3:
		return "offline transaction"
	}
	return fmt.Sprintf("status %02x", code)
}

// intermediate is what a 04 FF says: status, a new T4 in minutes (0: as before), and words, the terminal's own if it sends any.
type intermediate struct {
	status  byte
	minutes uint64
	text    string
}

// parseIntermediate reads 04 FF: status, then perhaps T4 as one BCD byte, then perhaps the TLV container. ok is false without data.
func parseIntermediate(set codec.Charset, data []byte) (i intermediate, ok bool) {
	if len(data) == 0 {
		return intermediate{}, false
	}
	i = intermediate{status: data[0], text: intermediateText(data[0])}
	head := intermediateLength(data)
	if head > 1 {
		i.minutes, _ = codec.ParseBCD(data[1:head])
	}
	fields, _, _ := codec.ParseFields(data[head:])
	if lines := textLines(set, fields.TLV()); len(lines) > 0 {
		i.text = strings.Join(lines, " ")
	}
	return i, true
}

// intermediateLength is the length of what stands before the fields of 04 FF: the status, and T4 where there is one. The papers want T4 before a
// container; terminals leave it out, and then the container's own 06 would read as six minutes.
func intermediateLength(data []byte) int {
	if len(data) < 2 || isContainer(data[1:]) {
		return min(1, len(data))
	}
	return 2
}

// textLines collects the lines (tag 07) of a container that are not empty.
func textLines(set codec.Charset, objects codec.Objects) []string {
	var lines []string
	objects.Walk(func(o codec.Object) bool {
		if text := strings.TrimSpace(safeText(set, o.Value)); o.Tag == codec.TagTextLine && text != "" {
			lines = append(lines, text)
		}
		return true
	})
	return lines
}

func (i intermediate) progress() drivers.Progress {
	return drivers.Progress{Code: fmt.Sprintf("%02x", i.status), Text: i.text}
}
