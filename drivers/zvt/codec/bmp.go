package codec

// BMP is the tag byte of a field in the data of an APDU (PA00P015, table of bitmaps). BMPs and TLV tags are different
// name spaces.
type BMP byte

// The BMPs that programs name; [ParseFields] knows the whole table.
const (
	Timeout         BMP = 0x01 // seconds that the ECR may take to answer 04 0F, binary
	MaxStatus       BMP = 0x02 // how often the PT repeats 04 0F after 84 9C
	Service         BMP = 0x03 // service byte, bits by command
	Amount          BMP = 0x04 // 6 BCD, minor units, tip included
	Container       BMP = 0x06 // TLV container
	Trace           BMP = 0x0B // 3 BCD; 000000 refers to TLV tag 1F2B
	TimeOfDay       BMP = 0x0C // 3 BCD HHMMSS
	MonthDay        BMP = 0x0D // 2 BCD MMDD, no year
	Expiry          BMP = 0x0E // 2 BCD YYMM
	CardSequence    BMP = 0x17 // 2 BCD
	PaymentType     BMP = 0x19 // payment type in 06 01 and 04 0F, status byte in the completion of a registration
	PAN             BMP = 0x22 // LLVAR: E masked digit, D separator, F pad
	Track2          BMP = 0x23
	Track3          BMP = 0x24
	ResultCode      BMP = 0x27
	TerminalID      BMP = 0x29 // 4 BCD
	ContractNo      BMP = 0x2A // 15 ASCII
	Track1          BMP = 0x2D
	ChipData        BMP = 0x2E
	OriginalTrace   BMP = 0x37 // trace of the payment that a reversal takes back
	CVC             BMP = 0x3A
	AuthCode        BMP = 0x3B // 8 ASCII, padded with 00
	AdditionalText  BMP = 0x3C // may hold CR and LF
	Password        BMP = 0x3D
	CurrencyCode    BMP = 0x49 // 2 BCD, ISO 4217 numeric
	SingleTotals    BMP = 0x60
	ReceiptNo       BMP = 0x87 // 2 BCD, wraps; FFFF has a meaning of its own in 06 23
	TurnoverNo      BMP = 0x88
	CardType        BMP = 0x8A // FF refers to TLV tag 41
	CardName        BMP = 0x8B // LLVAR, NUL counted
	NetworkCardType BMP = 0x8C
	HostResult      BMP = 0xA0
	FullDate        BMP = 0xAA // 3 BCD YYMMDD
)

// Format is how the length of a field is told.
type Format int

// The formats of fields.
const (
	Unknown Format = iota
	Fixed          // length by the table
	LLVar          // two length bytes Fx Fy
	LLLVar         // three length bytes Fx Fy Fz
	BER            // the TLV container: BER length
)

// format looks a BMP up in the table of PA00P015; size is the length of a Fixed one.
func (t BMP) format() (f Format, size int) {
	if n := t.fixed(); n > 0 {
		return Fixed, n
	}
	switch t {
	case Container:
		return BER, 0
	case PAN, Track2, Track1, 0x4C, CardName, 0xA7, 0xD1,
		0xE1, 0xE2, 0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8:
		return LLVar, 0
	case Track3, ChipData, AdditionalText, SingleTotals, 0x9A, 0xAF:
		return LLLVar, 0
	}
	return Unknown, 0
}

// fixed is the length of a field that has always the same, 0 for any other.
func (t BMP) fixed() int {
	switch t {
	case Timeout, MaxStatus, Service, 0x05, PaymentType, ResultCode, 0x72, 0x73, 0x74, 0x75, CardType, NetworkCardType, HostResult,
		0xD0, 0xD2, 0xD3, 0xE0, 0xE9, 0xEA, 0xF0, 0xF9, 0xFA, 0xFB, 0xFC, 0xFD:
		return 1
	case MonthDay, Expiry, CardSequence, CVC, CurrencyCode, ReceiptNo:
		return 2
	case Trace, TimeOfDay, OriginalTrace, Password, TurnoverNo, FullDate:
		return 3
	case TerminalID, 0x70, 0x71:
		return 4
	case 0xBA:
		return 5
	case Amount:
		return 6
	case AuthCode, 0xEB:
		return 8
	case ContractNo:
		return 15
	}
	return 0
}
