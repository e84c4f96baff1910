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
	case 0x06:
		return terminalCommandName(a.Instr)
	}
	switch {
	case a.Is(0x05, 0x01):
		return "status"
	case a.Is(0x08, 0x40):
		return "change_baud"
	}
	return ""
}

func statusName(instr byte) string {
	switch instr {
	case 0x01:
		return "host_clock"
	case 0x0D:
		return "input"
	case 0x0E:
		return "menu"
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
	case 0x09:
		return "prepaid_top_up"
	case 0x0A:
		return "tax_free"
	case 0x0C:
		return "book_tip"
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
	case 0xD8, 0xD9, 0xDA, 0xDB, 0xDC, 0xDD:
		return "dial_up"
	case 0xE0:
		return "show_text"
	case 0xE4:
		return "blocked_list"
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
	case a.Is(0x06, 0xC0), a.Is(0x08, 0x40), a.Is(0x06, 0xD1):
		n = 1
	case a.Is(0x06, 0x1E), a.Is(0x84, 0x1E):
		n = failureLength(a.Data)
	case a.Is(0x04, 0xFF):
		n = intermediateLength(a.Data)
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
// with (see statusOf). What begins as a version is one, since no completion begins with such fields; a status stands alone or with a container.
func statusLength(data []byte) int {
	if version, ok := versionLength(data); ok {
		return version + 1
	}
	if len(data) == 1 || len(data) > 1 && isContainer(data[1:]) {
		return 1
	}
	return 0
}

// failureLength is the length of what stands before the fields of 06 1E, and of 84 1E that refuses a registration: the code, and behind 6F the
// currency, where that has no BMP of its own (the papers leave open whether it has).
func failureLength(data []byte) int {
	if len(data) < 3 || data[0] != wrongCurrencyCode || data[1] == byte(codec.CurrencyCode) || isContainer(data[1:]) {
		return min(1, len(data))
	}
	return 3
}

// isContainer says whether b is one whole TLV container and nothing else.
func isContainer(b []byte) bool {
	fields, rest, err := codec.ParseFields(b)
	if err != nil || len(rest) > 0 || len(fields) != 1 || fields[0].BMP != codec.Container {
		return false
	}
	_, err = codec.ParseTLV(fields[0].Value)
	return err == nil
}
