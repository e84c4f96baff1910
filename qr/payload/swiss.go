package payload

import (
	"fmt"
	"strings"
)

// swiss is the Swiss QR-bill (SIX, Swiss Implementation Guidelines QR-bill 2.3). An account with a QR-IID (30000-31999) takes a
// QRR reference of digits, any other one an RF reference. The printed bill also wants 46 mm and a Swiss cross, which a display
// does not.
func swiss() Scheme {
	return Scheme{Name: "swiss", Title: "Swiss QR-bill", Source: Local, Currencies: currencies("CHF", "EUR"),
		Values: []Value{
			{Name: "iban", Doc: "account in CH or LI, without blanks", Required: true, Min: 21, Max: 21, allowed: isUpperAlnum},
			{Name: "name", Doc: "creditor, at most 70 characters", Required: true, Min: 1, Max: 70, allowed: isText},
			{Name: "street", Doc: "at most 70 characters", Min: 1, Max: 70, allowed: isText},
			{Name: "house", Doc: "house number, at most 16 characters", Min: 1, Max: 16, allowed: isText},
			{Name: "zip", Doc: "postal code, at most 16 characters", Required: true, Min: 1, Max: 16, allowed: isText},
			{Name: "town", Doc: "at most 35 characters", Required: true, Min: 1, Max: 35, allowed: isText},
			{Name: "country", Doc: "ISO 3166 alpha-2", Default: "CH", Min: 2, Max: 2, allowed: isUpperAlnum},
			{Name: "message", Doc: "text for the payer, at most 140 characters", Min: 1, Max: 140, allowed: isText},
		},
		encode: encodeSwiss, claims: func(text string) bool { return splitLines(text).at(1) == "SPC" }, read: readSwiss}
}

func encodeSwiss(o *order) (string, error) {
	iban := o.value("iban")
	if err := checkSwissIBAN(iban); err != nil {
		return "", o.bad("iban", "%v", err)
	}
	if o.amount.Amount > maxTransfer {
		return "", o.bad("amount", "of %s is more than 999999999.99", o.amount)
	}
	kind, reference, err := swissReference(iban, o.reference)
	if err != nil {
		return "", o.bad("reference", "%v", err)
	}
	empty := make([]string, 7)
	all := []string{"SPC", "0200", "1", iban, "S", o.value("name"), o.value("street"), o.value("house"), o.value("zip"),
		o.value("town"), o.value("country")}
	all = append(all, empty...)
	all = append(all, amountText(o.amount), string(o.amount.Currency))
	all = append(all, empty...)
	return strings.Join(append(all, kind, reference, o.value("message"), "EPD"), "\n"), nil
}

func checkSwissIBAN(iban string) error {
	if err := checkIBAN(iban); err != nil {
		return err
	}
	if len(iban) != 21 || iban[:2] != "CH" && iban[:2] != "LI" {
		return fmt.Errorf("is not of Switzerland or Liechtenstein")
	}
	return nil
}

// isQRIBAN says whether the account takes QRR references only.
func isQRIBAN(iban string) bool { return iban[4:9] >= "30000" && iban[4:9] <= "31999" }

// swissReference makes the reference that the account can take.
func swissReference(iban, reference string) (kind, text string, err error) {
	if !isQRIBAN(iban) {
		text, err = creditorReference(reference)
		return "SCOR", text, err
	}
	if !isDigits(reference) || len(reference) > 26 {
		return "", "", fmt.Errorf("%q is not of digits, which the QR-IBAN wants", reference)
	}
	text = strings.Repeat("0", 26-len(reference)) + reference
	return "QRR", text + string(recursive(text)), nil
}

// recursive is the check digit modulo 10, recursive.
func recursive(digits string) byte {
	carry := 0
	for i := range len(digits) {
		carry = int("0946827135"[(carry+int(digits[i]-'0'))%10] - '0')
	}
	return byte('0' + (10-carry)%10)
}

func readSwiss(text string, s *Summary) error {
	l := splitLines(text)
	switch {
	case len(l.text) < 31:
		return l.bad(len(l.text), ErrTruncated, "a QR-bill has at least 31 lines")
	case len(l.text) > 34:
		return l.bad(35, ErrSyntax, "a QR-bill has at most 34 lines")
	case len(l.at(2)) != 4 || l.at(2)[:2] != "02" || !isDigits(l.at(2)):
		return l.bad(2, ErrSyntax, "the version is 0200")
	case l.at(3) != "1":
		return l.bad(3, ErrSyntax, "the character set is 1, UTF-8")
	case l.at(20) != "CHF" && l.at(20) != "EUR":
		return l.bad(20, ErrSyntax, "the currency is CHF or EUR")
	case l.at(31) != "EPD":
		return l.bad(31, ErrSyntax, "the line is EPD")
	}
	if err := checkSwissIBAN(l.at(4)); err != nil {
		return l.bad(4, ErrSyntax, "%v", err)
	}
	if err := checkSwissReference(l.at(4), l.at(28), l.at(29)); err != nil {
		return l.bad(29, ErrSyntax, "%v", err)
	}
	return swissParts(l, s)
}

func checkSwissReference(iban, kind, reference string) error {
	switch {
	case (kind == "QRR") != isQRIBAN(iban):
		return fmt.Errorf("a QR-IBAN and a QRR reference go together")
	case kind == "QRR" && (len(reference) != 27 || !isDigits(reference) || recursive(reference[:26]) != reference[26]):
		return fmt.Errorf("a QRR reference is 26 digits and their check digit")
	case kind == "SCOR" && !validRF(reference):
		return fmt.Errorf("the check digits of the RF reference are wrong")
	case kind == "NON" && reference != "":
		return fmt.Errorf("there is a reference although the type is NON")
	case kind != "QRR" && kind != "SCOR" && kind != "NON":
		return fmt.Errorf("the type of reference is QRR, SCOR or NON")
	}
	return nil
}

func swissParts(l lines, s *Summary) error {
	s.Merchant, s.City, s.Country, s.Reference, s.Initiation = l.at(6), l.at(10), l.at(11), l.at(29), Dynamic
	if l.at(5) == "K" {
		s.City = "" // the town stands in one line with the postal code
	}
	s.Currency = currencies("CHF")[0]
	if l.at(20) == "EUR" {
		s.Currency = "EUR"
	}
	for name, n := range map[string]int{"version": 2, "iban": 4, "address_type": 5, "name": 6, "street": 7, "house": 8, "zip": 9,
		"town": 10, "country": 11, "debtor": 22, "reference_type": 28, "reference": 29, "message": 30, "bill_info": 32,
		"alternative_1": 33, "alternative_2": 34} {
		s.part(name, l.at(n))
	}
	if l.at(19) == "" {
		s.Initiation = Fixed
		return nil
	}
	if err := s.setTransfer(l.at(19), 2); err != nil {
		return l.bad(19, ErrAmount, "%v", err)
	}
	return nil
}
