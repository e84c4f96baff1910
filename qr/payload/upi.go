package payload

import (
	"fmt"
	"net/url"
	"strings"
)

const upiPrefix = "upi://pay?"

// upi is India's payment link (NPCI UPI Linking Specification 1.6), unsigned. The reference is tr. A signed one comes from the
// acquirer and is shown byte for byte: its signature covers the text before "&sign=".
func upi() Scheme {
	return Scheme{Name: "upi", Title: "UPI (India)", Source: Local, Currencies: currencies("INR"),
		Values: []Value{
			{Name: "pa", Doc: "payee address name@bank", Required: true, Min: 3, Max: 255, allowed: isAddress},
			{Name: "pn", Doc: "payee name", Required: true, Min: 1, Max: 99, allowed: isText},
			{Name: "mc", Doc: "merchant category, four digits", Min: 4, Max: 4, allowed: isDigit},
			{Name: "tid", Doc: "transaction id from the payee's provider", Min: 1, Max: 35, allowed: isAlnum},
			{Name: "tn", Doc: "note for the payer", Min: 1, Max: 80, allowed: isText},
			{Name: "mode", Doc: "two digits from the acquirer", Min: 2, Max: 2, allowed: isDigit},
			{Name: "purpose", Doc: "two digits", Min: 2, Max: 2, allowed: isDigit},
			{Name: "orgid", Doc: "six digits", Min: 6, Max: 6, allowed: isDigit},
		},
		encode: encodeUPI, claims: func(text string) bool { return startsFold(text, upiPrefix) }, read: readUPI}
}

func isAddress(c byte) bool { return isAlnum(c) || strings.IndexByte(".-_@", c) >= 0 }

func encodeUPI(o *order) (string, error) {
	if strings.Count(o.value("pa"), "@") != 1 {
		return "", o.bad("pa", "%q is no address of the form name@bank", o.value("pa"))
	}
	o.values["tr"], o.values["am"], o.values["cu"] = o.reference, amountText(o.amount), "INR"
	var pairs []string
	for _, key := range []string{"pa", "pn", "mc", "tid", "tr", "tn", "am", "cu", "mode", "purpose", "orgid"} {
		if v := o.value(key); v != "" {
			pairs = append(pairs, key+"="+percent(v))
		}
	}
	return upiPrefix + strings.Join(pairs, "&"), nil
}

// percent writes a blank as %20, which every payer's app reads; the @ of an address stays.
func percent(s string) string {
	return strings.NewReplacer("+", "%20", "%40", "@").Replace(url.QueryEscape(s))
}

// readUPI never decodes the text as a whole: a signature may hold raw + and /.
func readUPI(text string, s *Summary) error {
	seen := map[string]bool{}
	at := len(upiPrefix)
	for pair := range strings.SplitSeq(text[at:], "&") {
		key, raw, _ := strings.Cut(pair, "=")
		key = strings.ToLower(key) // as in the prefix: a symbol of capitals is smaller
		if seen[key] {
			return &Error{at, key, "stands here a second time", ErrDuplicate}
		}
		value, err := url.PathUnescape(raw)
		if err != nil || key == "sign" {
			value = raw
		}
		if err := upiPart(s, key, value, at); err != nil {
			return err
		}
		seen[key] = true
		at += len(pair) + 1
	}
	if s.Parts["pa"] == "" {
		return &Error{len(upiPrefix), "pa", "is missing: nobody would be paid", ErrSyntax}
	}
	return nil
}

func upiPart(s *Summary, key, value string, at int) error {
	switch key {
	case "pn":
		s.Merchant = value
	case "mc":
		s.MCC = value
	case "tr":
		s.Reference = value
	case "cu":
		if value != "INR" {
			return &Error{at, key, fmt.Sprintf("the currency is %q; UPI pays in INR", value), ErrSyntax}
		}
	case "am":
		if err := s.setAmount(value, 2, 18); err != nil {
			return &Error{at, key, err.Error(), ErrAmount}
		}
	}
	s.Currency = "INR"
	s.part(key, value)
	return nil
}
