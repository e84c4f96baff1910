package zvt

import (
	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

// commandName names an APDU for people and scripts; "" for one that we have no name for.
func commandName(a codec.APDU) string {
	switch {
	case a.Accepts():
		return "accepted"
	case a.Refuses():
		return "refused"
	}
	switch a.Class {
	case 0x04:
		return statusName(a.Instr)
	case 0x05:
		if a.Instr == 0x01 {
			return "status"
		}
	case 0x06:
		return terminalCommandName(a.Instr)
	}
	return ""
}

func statusName(instr byte) string {
	switch instr {
	case 0x0F:
		return "status_information"
	case 0xFF:
		return "intermediate_status"
	}
	return ""
}

func terminalCommandName(instr byte) string {
	switch instr {
	case 0x00:
		return "registration"
	case 0x01:
		return "payment"
	case 0x02:
		return "log_off"
	case 0x03:
		return "balance"
	case 0x0F:
		return "completion"
	case 0x10:
		return "totals"
	case 0x12:
		return "reprint"
	case 0x18:
		return "restart"
	case 0x1A:
		return "print_configuration"
	case 0x1B:
		return "set_tid"
	case 0x1E:
		return "failed"
	case 0x20:
		return "repeat_receipt"
	case 0x21:
		return "phone_authorisation"
	case 0x22:
		return "reservation"
	case 0x23:
		return "partial_reversal"
	case 0x24:
		return "book_total"
	case 0x25:
		return "reservation_reversal"
	case 0x26:
		return "external_reservation_reversal"
	case 0x30:
		return "reversal"
	case 0x31:
		return "refund"
	}
	return highCommandName(instr)
}

func highCommandName(instr byte) string {
	switch instr {
	case 0x50:
		return "end_of_day"
	case 0x70:
		return "diagnosis"
	case 0x91:
		return "set_clock"
	case 0x93:
		return "initialise"
	case 0xB0:
		return "abort"
	case 0xC0:
		return "read_card"
	case 0xD1:
		return "print_line"
	case 0xD3:
		return "print_block"
	case 0xE0:
		return "show_text"
	}
	return ""
}

// direction says who sends an APDU; "" for replies and vendor commands, which both may send.
func direction(a codec.APDU) string {
	switch a.Class {
	case 0x04:
		return drivers.FromDevice
	case 0x05, 0x08:
		return drivers.FromECR
	case 0x06:
		switch a.Instr {
		case 0x0F, 0x1E, 0xD0, 0xD1, 0xD3, 0xD8, 0xD9, 0xDA, 0xDB, 0xDC, 0xDD, 0xE4:
			return drivers.FromDevice
		}
		return drivers.FromECR
	}
	return ""
}

// fixedPart is the number of bytes without a tag in front of the fields of a command (PA00P015, each command): password
// 3, and the configuration of a registration, the receipt numbers of a reprint, and so on.
func fixedPart(a codec.APDU) int {
	n := 0
	switch {
	case a.Is(0x06, 0x00):
		n = 6
		if len(a.Data) < n {
			n = 4
		}
	case a.Is(0x06, 0x12):
		n = 7
		if len(a.Data) < n {
			n = 5
		}
	case a.Class == 0x06 && takesPassword(a.Instr), a.Is(0x05, 0x01):
		n = 3
	case a.Is(0x06, 0xC0), a.Is(0x06, 0x1E), a.Is(0x08, 0x40), a.Is(0x06, 0xD1):
		n = 1
	case a.Is(0x04, 0xFF):
		n = 2
	case a.Is(0x06, 0x0F):
		n = statusLength(a.Data)
	}
	return min(n, len(a.Data))
}

func takesPassword(instr byte) bool {
	switch instr {
	case 0x10, 0x1B, 0x20, 0x21, 0x30, 0x31, 0x50, 0x91, 0x93:
		return true
	}
	return false
}

// statusLength is the length of what stands before the fields of 06 0F: nothing, or what a status enquiry is completed
// with (see statusOf). The two cannot be told apart in every case: what reads as fields to its end is taken for fields.
func statusLength(data []byte) int {
	if _, rest, err := codec.ParseFields(data); err == nil && len(rest) == 0 {
		return 0
	}
	if version, ok := versionLength(data); ok {
		return version + 1
	}
	if len(data) == 1 || len(data) > 1 && data[1] == byte(codec.Container) {
		return 1
	}
	return 0
}
