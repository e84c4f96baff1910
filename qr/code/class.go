package code

import (
	"strings"

	"github.com/tillproof/tillproof/drivers/scanner/gs1"
)

// Kind is what a scanned text is for the sale that awaits payment.
type Kind string

// The kinds. An unknown payment code is forwarded, for the acquirer knows more schemes than the till; the last four are no payment.
const (
	Payment        Kind = "payment"
	UnknownPayment Kind = "unknown_payment"
	URL            Kind = "url"
	GS1            Kind = "gs1"
	Goods          Kind = "goods"
	Other          Kind = "other"
)

// Payable says whether the platform may be asked to charge it.
func (k Kind) Payable() bool { return k == Payment || k == UnknownPayment }

// Class is the judgement of a text. It holds nothing of the text.
type Class struct {
	Kind   Kind
	Scheme Scheme // of kind Payment only
	Note   string // for the cashier
}

// Classify judges a text by the built-in table. It is for the time while a sale awaits payment only: at any other time the same
// digits are goods, a scale's label or a membership.
func Classify(text string) Class { return BuiltIn().Classify(text) }

// Classify judges a text by the enabled rules in their order, then by its form. One terminator and blanks around it do not count.
func (t Table) Classify(text string) Class {
	trimmed := Trim(text)
	for _, r := range t.Rules {
		if r.Enabled && r.matches(trimmed, text) {
			return Class{Kind: Payment, Scheme: r.Scheme, Note: "Payment code of " + r.Name + "."}
		}
	}
	return classifyForm(trimmed)
}

// Lengths of the digits that some acquirer may know as a payment code.
const (
	leastUnknown = 16
	mostUnknown  = 24
)

// classifyForm judges what no rule knows.
func classifyForm(text string) Class {
	_, isGTIN := gs1.GTIN(text)
	switch {
	case len(text) >= leastUnknown && len(text) <= mostUnknown && gs1.Digits(text):
		return Class{Kind: UnknownPayment, Note: "Payment code of an unknown wallet: the acquirer decides."}
	case gs1.IsURL(text):
		return Class{Kind: URL, Note: "This is a web address, not a payment code. Ask for the page of the app that shows the code to pay."}
	case isGS1(text):
		return Class{Kind: GS1, Note: "This is the code of an article or parcel, not a payment code."}
	case isGTIN:
		return Class{Kind: Goods, Note: "This is the barcode of an article, not a payment code."}
	}
	return Class{Kind: Other, Note: "This is not a payment code. Ask for the page of the app that shows the code to pay, and scan again."}
}

// isGS1 says whether a text is GS1 data in the forms that it shows by itself.
func isGS1(text string) bool {
	if strings.HasPrefix(text, gs1.Separator) || len(text) > 3 && gs1.CarriesGS1(text[:3]) {
		return true
	}
	_, err := gs1.Read(text)
	return err == nil
}

// Trim takes one terminator (CR LF, CR, LF, TAB or ETX) and the blanks around a text away, and nothing else: the result is what
// the platform is asked to charge.
func Trim(text string) string {
	text = strings.Trim(text, " ")
	for _, terminator := range []string{"\r\n", "\r", "\n", "\t", "\x03"} {
		if cut, ok := strings.CutSuffix(text, terminator); ok {
			return strings.Trim(cut, " ")
		}
	}
	return text
}
