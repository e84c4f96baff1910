package zvt

import (
	"encoding/hex"
	"strings"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

// TLV tags of texts that EMV wants on a receipt as they are.
const (
	tagCustomerText codec.Tag = 0x46
	tagMerchantText codec.Tag = 0x47
)

// buildsSlips says whether the receipts of payments are made of results (PA00P015, registration, table of the print bits).
func (o options) buildsSlips() bool { return o.config&(printPayment|sendsText) == printPayment }

// slips are the merchant's and the customer's receipt of a success, for a till that prints them from the result. They hold what the papers want of such a
// receipt (PA00P015, status information), but for the card's expiry, which nobody keeps. The words are German, as those of the terminals.
func slips(d deed, said report, result drivers.Result) []drivers.Receipt {
	body := said.slip(d, result)
	merchant := append([]string{"Händlerbeleg"}, body...)
	merchant = append(merchant, said.words(tagMerchantText)...)
	if said.signed() {
		merchant = append(merchant, "", "Unterschrift:", "", "______________________")
	}
	customer := append(append([]string{"Kundenbeleg"}, body...), said.words(tagCustomerText)...)
	return []drivers.Receipt{{For: drivers.ForMerchant, Lines: merchant}, {For: drivers.ForCustomer, Lines: customer}}
}

// slip is what both receipts say. What the terminal did not tell has no line.
func (r report) slip(d deed, result drivers.Result) []string {
	card, amount := result.CardName, result.Amount
	if result.Entry == "contactless" {
		card += " kontaktlos"
	}
	tip := amount
	tip.Amount = result.Tip
	lines := []string{d.title(), strings.TrimSpace(card)}
	for _, part := range []struct{ label, value string }{
		{"Karte ************", result.Last4}, {"Karten-Folge-Nr. ", r.digits(codec.CardSequence)}, {"Betrag ", amount.String()},
		{"davon Trinkgeld ", when(result.Tip > 0, tip.String())}, {"", strings.TrimSpace(result.Date + " " + result.Time)},
		{"Terminal-ID ", result.TerminalID}, {"VU-Nr. ", result.MerchantID}, {"Trace-Nr. ", result.Trace}, {"Storno von Trace-Nr. ", r.reverses()},
		{"Beleg-Nr. ", result.ReceiptNo}, {"Genehmigungs-Nr. ", result.AuthCode}, {"AS-Code ", r.hostCode()}, {"", r.text(codec.AdditionalText)},
	} {
		if part.value != "" {
			lines = append(lines, part.label+part.value)
		}
	}
	return append(lines, d.title()+" erfolgt")
}

// when is a value that stands on a receipt only where there is something to tell.
func when(is bool, value string) string {
	if is {
		return value
	}
	return ""
}

// title is what a receipt calls a deed.
func (d deed) title() string {
	switch d {
	case reversing:
		return "Storno"
	case refunding:
		return "Gutschrift"
	case holding:
		return "Reservierung"
	case booking:
		return "Buchung einer Reservierung"
	case releasing:
		return "Storno einer Reservierung"
	}
	return "Kartenzahlung"
}

// hostCode is BMP A0, the host's own result of a success, "" for none.
func (r report) hostCode() string {
	v, _ := r.fields.Find(codec.HostResult)
	return strings.ToUpper(hex.EncodeToString(v))
}

// words are the lines of a text that is printed as it is.
func (r report) words(tag codec.Tag) []string {
	v, _ := r.tlv.Find(tag)
	var lines []string
	for _, line := range strings.FieldsFunc(string(v), func(c rune) bool { return c == '\r' || c == '\n' }) {
		lines = append(lines, safeText(r.charset, []byte(line)))
	}
	return lines
}

// signed says whether the customer signs the merchant's receipt: by TLV 1F10 (01, 05, 06, 07) where it is there, otherwise by BMP 19 (40 offline, 60 online
// without a PIN).
func (r report) signed() bool {
	if how, ok := r.tlv.Byte(codec.TagCardholder); ok {
		return how == 0x01 || how >= 0x05 && how <= 0x07
	}
	how, ok := r.fields.Byte(codec.PaymentType)
	return ok && (how == 0x40 || how == 0x60)
}
