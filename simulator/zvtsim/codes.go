package zvtsim

import "github.com/tillproof/tillproof/drivers/zvt/codec"

// Result codes that the terminal gives (PA00P015, error codes).
const (
	codeOK           byte = 0x00
	codeBadPassword  byte = 0x37
	codeNothing      byte = 0x64 // nothing stored to repeat
	codeUnregistered byte = 0x6B
	codeAborted      byte = 0x6C
	codeCurrency     byte = 0x6F
	codeImpossible   byte = 0x83
	codeHostLost     byte = 0x9B
	codeBusy         byte = 0x9C
	codePartial      byte = 0x9D
	codeNoDay        byte = 0x77 // end of day not possible
	codeReversed     byte = 0xB4 // already reversed
	codeIrreversible byte = 0xB5
	codeTooSmall     byte = 0xC8
	codeDayDue       byte = 0xF0 // end of day must run first

	codeFailure       byte = 0xFF
	codeOverReserved  byte = 0xB7
	codeReservation   byte = 0xB8
	codeUninitialised byte = 0x51
	codeDiagnosis     byte = 0xC2
	codeMaintenance   byte = 0xE0
)

// Intermediate states (PA00P015, 04 FF).
const (
	showReversal byte = 0x05 // auto-reversal
	showInsert   byte = 0x0A
	showWait     byte = 0x0E
	showPIN      byte = 0xCC
)

// Bits of the configuration byte (PA00P015, registration).
const (
	printPayments  byte = 0x02 // the till prints receipts of payments
	printAdmin     byte = 0x04 // the till prints receipts of an end of day
	wantsProgress  byte = 0x08
	printsOurLines byte = 0x80 // from the text that we send
)

func accepted() codec.APDU { return codec.APDU{Class: 0x80} }

func refused(code byte) codec.APDU { return codec.APDU{Class: 0x84, Instr: code} }
