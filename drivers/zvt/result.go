package zvt

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"github.com/tillproof/tillproof/pos"
)

// aborted is the result code of a payment that was stopped by key, by 06 B0, or by a time-out at the terminal.
const aborted byte = 0x6C

// report reads the fields of 04 0F. Values that are missing or broken are empty; nothing of a card but the last four
// digits leaves it.
type report struct {
	fields  codec.Fields
	tlv     codec.Objects
	charset codec.Charset
	now     time.Time // of the till's clock, by which a date without a year is completed; zero for none
}

func newReport(fields codec.Fields) report { return report{fields: fields, tlv: fields.TLV()} }

// report reads fields in the terminal's own set of characters.
func (t *terminal) report(fields codec.Fields) report {
	r := newReport(fields)
	r.charset, r.now = t.charset, time.Now()
	return r
}

// result is what a 04 0F says of a command over the asked amount. ok is false without a result code (BMP 27): then it decides nothing.
func (r report) result(asked pos.Money) (result drivers.Result, ok bool) {
	code, ok := r.fields.Byte(codec.ResultCode)
	if !ok {
		return drivers.Result{}, false
	}
	date, guessed := r.date()
	return drivers.Result{
		Decision: r.decision(code), Amount: r.amount(asked), Tip: r.tip(),
		Code: fmt.Sprintf("%02x", code), Text: r.reason(code),
		Trace: r.trace(), ReceiptNo: r.receiptNo(), TerminalID: r.terminalID(), MerchantID: r.text(codec.ContractNo),
		AuthCode: r.text(codec.AuthCode), Brand: r.brand(), CardName: r.text(codec.CardName), Last4: r.last4(), Entry: r.entry(),
		Date: date, Time: r.clock(), DateGuessed: guessed,
	}, true
}

func (r report) decision(code byte) drivers.Decision {
	online, told := r.tlv.Byte(codec.TagOnline)
	switch {
	case code == aborted:
		return drivers.Cancelled
	case code != 0:
		return drivers.Declined
	case told && online == 0:
		return drivers.ApprovedOffline
	}
	return drivers.Approved
}

// reason is the acquirer's own text, or what the terminal displays; both win over the words for the code.
func (r report) reason(code byte) string {
	if text := r.text(codec.AdditionalText); text != "" {
		return text
	}
	shown, _ := r.tlv.Find(codec.TagDisplayTexts)
	objects, _ := codec.ParseTLV(shown)
	if lines := textLines(r.charset, objects); len(lines) > 0 {
		return strings.Join(lines, " ")
	}
	return resultText(code)
}

// credible says whether the amount of a success can be what the command was about: digits, of its currency, and of a payment not 0.
func (r report) credible(d deed, took, asked pos.Money) bool {
	_, told := r.fields.Find(codec.Amount)
	_, readable := r.fields.Number(codec.Amount)
	return readable == told && took.Currency == asked.Currency && (d != paying || took.Amount > 0)
}

// amount is what was booked: BMP 04, in the currency of BMP 49. What the terminal leaves out is as it was asked.
func (r report) amount(asked pos.Money) pos.Money {
	if n, ok := r.fields.Number(codec.Amount); ok {
		asked.Amount = pos.Minor(n)
	}
	if c, ok := r.currency(); ok {
		asked.Currency = c
	}
	return asked
}

func (r report) currency() (pos.Currency, bool) {
	n, ok := r.fields.Number(codec.CurrencyCode)
	if !ok {
		return "", false
	}
	return pos.CurrencyByNumber(int(n))
}

func (r report) tip() pos.Minor {
	v, _ := r.tlv.Find(codec.TagTip)
	n, err := codec.ParseBCD(v)
	if err != nil || n > uint64(pos.MaxAmount) {
		return 0
	}
	return pos.Minor(n)
}

// trace is BMP 0B, or TLV 1F2B where that is zero or missing.
func (r report) trace() string {
	if short := moving(r.digits(codec.Trace)); short != "" {
		return short
	}
	long, _ := r.tlv.Find(codec.TagLongTrace)
	return moving(bcdDigits(long))
}

// receiptNo is BMP 87.
func (r report) receiptNo() string { return moving(r.digits(codec.ReceiptNo)) }

// reverses is the trace of the payment that a reversal takes back (BMP 37), "" for none.
func (r report) reverses() string { return moving(r.digits(codec.OriginalTrace)) }

// moving is a number that tells transactions apart. One of nothing but zeros does not: it stands for none.
func moving(digits string) string {
	if strings.Trim(digits, "0") == "" {
		return ""
	}
	return digits
}

func (r report) terminalID() string {
	if id := r.digits(codec.TerminalID); id != "" {
		return id
	}
	v, _ := r.tlv.Find(codec.TagLongTerminalID)
	return bcdDigits(v)
}

// digits is a BCD field as it stands, zeros in front included.
func (r report) digits(tag codec.BMP) string {
	v, _ := r.fields.Find(tag)
	return bcdDigits(v)
}

// bcdDigits is "" when a nibble is no digit.
func bcdDigits(b []byte) string {
	s := hex.EncodeToString(b)
	if strings.ContainsAny(s, "abcdef") {
		return ""
	}
	return s
}

func (r report) text(tag codec.BMP) string {
	v, _ := r.fields.Find(tag)
	return strings.TrimSpace(safeText(r.charset, v))
}

func (r report) brand() string {
	if id, ok := r.fields.Byte(codec.CardType); ok && id != 0xFF {
		return brand(uint64(id))
	}
	if long, ok := r.tlv.Find(codec.TagCardTypeLong); ok {
		return brand(bigEndian(long))
	}
	return ""
}

func bigEndian(b []byte) uint64 {
	var n uint64
	for _, c := range b[:min(len(b), 8)] {
		n = n<<8 | uint64(c)
	}
	return n
}

func (r report) entry() string {
	if code, ok := r.tlv.Byte(codec.TagEntry); ok {
		return entry(code)
	}
	return ""
}

// last4 is the end of BMP 22, if the terminal sends it in clear.
func (r report) last4() string {
	v, _ := r.fields.Find(codec.PAN)
	return panEnd(v)
}

// panEnd takes the last four digits of a card number as BMP 22 holds it: E a masked digit, D a separator, F filling.
func panEnd(v []byte) string {
	number, _, _ := strings.Cut(strings.TrimRight(hex.EncodeToString(v), "f"), "d")
	if len(number) < 8 || strings.ContainsAny(number[len(number)-4:], "abcdef") {
		return ""
	}
	return number[len(number)-4:]
}

// timestamp is date and time of day, "" unless both are told.
func (r report) timestamp() string {
	date, _ := r.date()
	if date == "" || r.clock() == "" {
		return ""
	}
	return date + " " + r.clock()
}

func (r report) clock() string {
	at, err := time.Parse("150405", r.digits(codec.TimeOfDay))
	if err != nil {
		return ""
	}
	return at.Format(time.TimeOnly)
}
