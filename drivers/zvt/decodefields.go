package zvt

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"github.com/tillproof/tillproof/pos"
)

// named collects the fields of a decoded message under their names. Unknown ones are x_bmp_… and x_tlv_… as hex. A
// result is two hex digits, with the words in result_text.
type named map[string]any

// fieldsOf reads the data of an APDU; nil when there is nothing to tell.
func fieldsOf(a codec.APDU) map[string]any {
	n := named{}
	fixed := a.Data[:fixedPart(a)]
	n.fixed(a, fixed)
	if a.Is(0x06, 0xD1) {
		n.put("text", safeText(codec.CP437, a.Data[len(fixed):]))
	} else {
		n.fields(a, a.Data[len(fixed):])
	}
	if len(n) == 0 {
		return nil
	}
	return n
}

// put sets a value that is known, and keeps the first of two.
func (n named) put(name, value string) {
	if _, taken := n[name]; value != "" && !taken {
		n[name] = value
	}
}

// another adds to a list of values in one text.
func (n named) another(name, value string) {
	if before, told := n[name].(string); told {
		value = before + " " + value
	}
	n[name] = value
}

func (n named) result(code byte) {
	n["result"] = fmt.Sprintf("%02x", code)
	n["result_text"] = resultText(code)
}

// fixed names the bytes without a tag. Passwords are left out.
func (n named) fixed(a codec.APDU, b []byte) {
	switch {
	case a.Is(0x06, 0x00) && len(b) >= 4:
		n.put("x_config", hex.EncodeToString(b[3:4]))
		n.put("currency", currencyName(b[4:]))
	case a.Is(0x06, 0x12) && len(b) >= 5:
		n.put("receipt_no", bcdDigits(b[3:5]))
		n.put("x_receipt_to", bcdDigits(b[5:]))
	case a.Is(0x06, 0x1E) && len(b) >= 1:
		n.result(b[0])
		n.put("currency", currencyName(b[1:]))
	case a.Refuses():
		n.result(refusalCode(a))
		n.put("currency", currencyName(b[min(1, len(b)):]))
	case a.Is(0x06, 0xD1) && len(b) == 1:
		n.put("x_attribute", hex.EncodeToString(b))
	case a.Is(0x04, 0xFF) && len(b) >= 1:
		n.intermediate(a.Data)
	case a.Is(0x06, 0x0F) && len(b) >= 1:
		n.status(b)
	case a.Is(0x06, 0xC0) && len(b) == 1:
		n.put("x_bmp_01", hex.EncodeToString(b))
	case a.Is(0x08, 0x40) && len(b) == 1:
		n.put("x_baud", hex.EncodeToString(b))
	}
}

func (n named) intermediate(data []byte) {
	step, _ := parseIntermediate(codec.CP437, data)
	n.put("status", fmt.Sprintf("%02x", step.status))
	n.put("text", step.text)
	if intermediateLength(data) > 1 {
		n.put("x_t4", hex.EncodeToString(data[1:2]))
	}
}

// status names the completion of a status enquiry.
func (n named) status(b []byte) {
	last := len(b) - 1
	n.put("status", hex.EncodeToString(b[last:]))
	n.put("text", statusText(b[last]))
	if last > 3 {
		n.put("x_version", safeText(codec.CP437, b[3:last]))
	}
}

func (n named) fields(a codec.APDU, data []byte) {
	fields, rest, err := codec.ParseFields(data)
	r := newReport(fields)
	n.named(r)
	for _, f := range fields {
		n.field(a, f)
	}
	set := blockCharset(codec.CP437, r.tlv)
	r.tlv.Walk(func(o codec.Object) bool {
		n.object(o, set)
		return true
	})
	if len(rest) > 0 {
		n.rest(rest, err)
	}
}

// named sets what has a name of its own, as the driver reads it too.
func (n named) named(r report) {
	if amount, ok := r.fields.Number(codec.Amount); ok {
		n["amount"] = amount
	}
	if tip, ok := r.tlv.Find(codec.TagTip); ok {
		if value, err := codec.ParseBCD(tip); err == nil {
			n["tip"] = value
		}
	}
	if code, ok := r.fields.Byte(codec.ResultCode); ok {
		n.result(code)
	}
	c, _ := r.currency()
	date, _ := r.date()
	for name, value := range map[string]string{
		"currency": string(c), "trace": cmp.Or(r.trace(), r.digits(codec.Trace)), "receipt_no": r.digits(codec.ReceiptNo), "terminal_id": r.terminalID(),
		"merchant_id": r.text(codec.ContractNo), "auth_code": r.text(codec.AuthCode), "card_name": r.text(codec.CardName), "brand": r.brand(),
		"entry": r.entry(), "date": date, "time": r.clock(), "text": r.text(codec.AdditionalText), "last4": r.last4(),
	} {
		n.put(name, value)
	}
}

// field adds what named did not.
func (n named) field(a codec.APDU, f codec.Field) {
	switch {
	case f.BMP == codec.Password:
	case f.BMP == codec.Container:
		if _, err := codec.ParseTLV(f.Value); err != nil {
			n.put("x_damage", "BMP 06: "+err.Error())
		}
	case f.BMP == codec.PAN:
		n.put("pan", maskedPAN(f.Value))
	case f.BMP == codec.PaymentType && a.Is(0x06, 0x0F):
		n.put("status", hex.EncodeToString(f.Value))
	case sensitive(f.BMP):
		n.put(bmpName(f.BMP), masked(f.Value, f.Value, []span{{0, len(f.Value), isText(f.BMP)}}))
	case isLine(f.BMP):
		n.line(safeText(codec.CP437, f.Value))
	case !n.tells(f.BMP):
		n.put(bmpName(f.BMP), hex.EncodeToString(f.Value))
	}
}

func bmpName(tag codec.BMP) string { return fmt.Sprintf("x_bmp_%02x", byte(tag)) }

// tells says whether a BMP stands under a name already.
func (n named) tells(tag codec.BMP) bool {
	name := map[codec.BMP]string{
		codec.Amount: "amount", codec.CurrencyCode: "currency", codec.ResultCode: "result", codec.Trace: "trace", codec.ReceiptNo: "receipt_no",
		codec.TerminalID: "terminal_id", codec.ContractNo: "merchant_id", codec.AuthCode: "auth_code", codec.CardName: "card_name",
		codec.CardType: "brand", codec.MonthDay: "date", codec.FullDate: "date", codec.TimeOfDay: "time", codec.AdditionalText: "text",
	}[tag]
	_, told := n[name]
	return told
}

// object adds a TLV object that has no name of its own.
func (n named) object(o codec.Object, set codec.Charset) {
	switch {
	case o.Tag.Constructed():
	case o.Tag == codec.TagTextLine:
		n.line(safeText(set, o.Value))
	case o.Tag == codec.TagReceiptNo:
		n.another("x_tlv_08", maskedObject(o))
	case o.Tag == codec.TagTip && n["tip"] != nil, o.Tag == codec.TagEntry && n["entry"] != nil,
		o.Tag == codec.TagLongTrace && n["trace"] == bcdDigits(o.Value), o.Tag == codec.TagLongTerminalID && n["terminal_id"] == bcdDigits(o.Value),
		o.Tag == codec.TagCardTypeLong && n["brand"] == brand(bigEndian(o.Value)):
	default:
		n.put(fmt.Sprintf("x_tlv_%02x", uint32(o.Tag)), maskedObject(o))
	}
}

func maskedObject(o codec.Object) string { return masked(o.Value, o.Value, objectSpans(o, 0)) }

func (n named) line(text string) {
	lines, _ := n["lines"].([]string)
	n["lines"] = append(lines, text)
}

// rest adds what could not be parsed, under the BMP that it begins with.
func (n named) rest(rest []byte, err error) {
	n.put(bmpName(codec.BMP(rest[0])), masked(rest[1:], rest[1:], restBehind(rest)))
	if err != nil {
		n.put("x_damage", err.Error())
	}
}

// restBehind are the spans of a rest without its first byte.
func restBehind(rest []byte) []span {
	spans := restSpans(rest, 0, false)
	for i := range spans {
		spans[i].from = max(spans[i].from-1, 0)
		spans[i].to--
	}
	return spans
}

// maskedPAN writes BMP 22 with nothing but the last four digits in clear.
func maskedPAN(v []byte) string {
	number, _, _ := strings.Cut(strings.TrimRight(hex.EncodeToString(v), "f"), "d")
	end := panEnd(v)
	return strings.Repeat("*", len(number)-len(end)) + end
}

func currencyName(bcd []byte) string {
	n, err := codec.ParseBCD(bcd)
	if err != nil || n == 0 || n > 999 {
		return ""
	}
	c, _ := pos.CurrencyByNumber(int(n))
	return string(c)
}
