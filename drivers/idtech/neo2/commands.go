package neo2

// The commands that are sent.
const (
	Activate   byte = 0x02 // waits for a card: seconds, then data objects of the sale
	Poll       byte = 0x03 // the last result
	Cancel     byte = 0x05 // ends an activation; without one it does nothing
	Serial     byte = 0x12
	Ping       byte = 0x18
	Keys       byte = 0x81 // state and key serial number of a key: its name, then its slot
	Encryption byte = 0xC7 // whether what is read is encrypted
)

// Their sub-commands.
const (
	PingSub     byte = 0x01
	CancelSub   byte = 0x01
	ActivateSub byte = 0x40
	PlainSub    byte = 0x00 // of Poll: in plain; not allowed once encryption is on
	ResultSub   byte = 0x40 // of Poll: encrypted or not
	SerialSub   byte = 0x01
	KeySub      byte = 0x0B
	FlagSub     byte = 0x37
)

// DataKey names the key of card data, slot 0, for [Keys].
func DataKey() []byte { return []byte{0x02, 0x00, 0x00} }

// States of a key, the first byte of the answer to [Keys].
const (
	KeyUnused byte = 0x00
	KeyValid  byte = 0x01
	KeyUsedUp byte = 0x02
	KeyNone   byte = 0xFF
)

// The status of a reply.
const (
	OK            byte = 0x00
	UnknownCmd    byte = 0x02
	UnknownSub    byte = 0x03
	DamagedCRC    byte = 0x04
	BadParameter  byte = 0x05
	TimedOut      byte = 0x08
	Failed        byte = 0x0A
	NotAllowed    byte = 0x0B
	SubNotAllowed byte = 0x0C
	CardSeen      byte = 0x0E // a user interface event: the card is being read, and the result follows
	Tampered      byte = 0x1D
	AskOnline     byte = 0x23 // the card wants the issuer to be asked; its data are there as with OK
)

// Name is what a request asks for, "" for one that we do not know.
func Name(command, sub byte) string {
	switch [2]byte{command, sub} {
	case [2]byte{Ping, PingSub}:
		return "ping"
	case [2]byte{Cancel, CancelSub}:
		return "cancel"
	case [2]byte{Activate, ActivateSub}, [2]byte{Activate, 0x01}:
		return "activate"
	case [2]byte{Poll, PlainSub}, [2]byte{Poll, ResultSub}:
		return "result"
	case [2]byte{Serial, SerialSub}:
		return "serial"
	case [2]byte{Keys, KeySub}:
		return "key"
	case [2]byte{Encryption, FlagSub}:
		return "encryption"
	}
	return ""
}

// StatusText puts the status of a reply into words.
func StatusText(status byte) string {
	switch status {
	case OK:
		return "done"
	case 0x01:
		return "wrong header"
	case UnknownCmd, UnknownSub:
		return "the command is not known"
	case DamagedCRC:
		return "wrong CRC"
	case BadParameter:
		return "wrong parameter"
	case TimedOut:
		return "no card came in time"
	case Failed:
		return "it failed"
	case NotAllowed, SubNotAllowed:
		return "not allowed"
	case CardSeen:
		return "the card is being read"
	case Tampered:
		return "the reader was tampered with"
	case AskOnline:
		return "the issuer is to be asked"
	}
	return "a status that nobody knows"
}
