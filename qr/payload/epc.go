package payload

import (
	"errors"
	"strings"

	"github.com/tillproof/tillproof/pos"
)

const (
	maxEPCBytes  = 331            // version 13 at level M
	maxTransfer  = 999_999_999_99 // EPC069-12 and the Swiss guidelines: 999999999.99
	maxMoneyText = 12
)

// epc is the SEPA credit transfer code (EPC069-12, version 002). The reference goes into line 10 as an RF reference (ISO
// 11649), or into line 11 as plain text, which more banking apps show.
func epc() Scheme {
	return Scheme{Name: "epc", Title: "EPC069-12 SEPA transfer (GiroCode)", Source: Local, Currencies: currencies("EUR"),
		Values: []Value{
			{Name: "iban", Doc: "account of the shop, without blanks", Required: true, Min: 15, Max: 34, allowed: isUpperAlnum},
			{Name: "name", Doc: "holder of the account, at most 70 characters", Required: true, Min: 1, Max: 70, allowed: isText},
			{Name: "bic", Doc: "8 or 11 characters, needed outside the EEA only", Min: 8, Max: 11, allowed: isUpperAlnum},
			{Name: "purpose", Doc: "purpose code, up to 4 letters", Min: 1, Max: 4, allowed: isUpperAlnum},
			{Name: "info", Doc: "text for the payer, at most 70 characters", Min: 1, Max: 70, allowed: isText},
			{Name: "reference_as", Doc: "rf (line 10) or text (line 11)", Default: "rf", OneOf: []string{"rf", "text"}},
			{Name: "charset", Doc: "1 UTF-8, 2-8 ISO 8859-1 -2 -4 -5 -7 -10 -15", Default: "1", OneOf: strings.Split("12345678", "")},
		},
		encode: encodeEPC, claims: func(text string) bool { return splitLines(text).at(1) == "BCD" }, read: readEPC}
}

func encodeEPC(o *order) (string, error) {
	if err := checkIBAN(o.value("iban")); err != nil {
		return "", o.bad("iban", "%v", err)
	}
	if n := len(o.value("bic")); n != 0 && n != 8 && n != 11 {
		return "", o.bad("bic", "%q has %d characters: a BIC has 8 or 11", o.value("bic"), n)
	}
	if o.amount.Amount > maxTransfer {
		return "", o.bad("amount", "of %s is more than 999999999.99", o.amount)
	}
	structured, plain := "", o.reference
	if o.value("reference_as") == "rf" {
		var err error
		if structured, err = creditorReference(o.reference); err != nil {
			return "", o.bad("reference", "%v", err)
		}
		plain = ""
	}
	text := strings.Join([]string{"BCD", "002", o.value("charset"), "SCT", o.value("bic"), o.value("name"), o.value("iban"),
		"EUR" + amountText(o.amount), o.value("purpose"), structured, plain, o.value("info")}, "\n")
	bytes, err := toCharset(o.value("charset"), strings.TrimRight(text, "\n"))
	if err != nil {
		return "", o.bad("charset", "does not fit: %v", err)
	}
	if len(bytes) > maxEPCBytes {
		return "", o.bad("info", "makes the code too long: %d bytes, %d fit", len(bytes), maxEPCBytes)
	}
	return bytes, nil
}

func readEPC(raw string, s *Summary) error {
	l := splitLines(raw)
	charset := l.at(3)
	err := l.decode(charset)
	switch {
	case len(l.text) < 7:
		return l.bad(len(l.text), ErrTruncated, "a transfer has at least 7 lines")
	case len(charset) != 1 || charset < "1" || charset > "8":
		return l.bad(3, ErrSyntax, "the character set is 1 to 8")
	case err != nil:
		return l.bad(3, ErrSyntax, "%v", err)
	case l.at(2) != "001" && l.at(2) != "002":
		return l.bad(2, ErrSyntax, "the version is 001 or 002")
	case l.at(4) != "SCT":
		return l.bad(4, ErrSyntax, "only SCT is defined")
	case len(l.text) > 12:
		return l.bad(13, ErrSyntax, "a transfer has at most 12 lines")
	case l.at(10) != "" && l.at(11) != "":
		return l.bad(11, ErrSyntax, "a reference and a text exclude each other")
	}
	if err := checkIBAN(l.at(7)); err != nil {
		return l.bad(7, ErrSyntax, "%v", err)
	}
	return epcParts(l, s)
}

// setTransfer is setAmount with the limit that EPC069-12 and the QR-bill share.
func (s *Summary) setTransfer(text string, exponent int) error {
	if err := s.setAmount(text, exponent, maxMoneyText); err != nil {
		return err
	}
	if *s.Amount > maxTransfer {
		return errors.New("an amount is 999999999.99 at most")
	}
	return nil
}

func epcParts(l lines, s *Summary) error {
	s.Merchant, s.Currency, s.Initiation = l.at(6), "EUR", Dynamic
	s.Reference = l.at(10) + l.at(11)
	for n, name := range []string{"version", "charset", "", "bic", "name", "iban", "", "purpose", "creditor_reference",
		"remittance", "info"} {
		s.part(name, l.at(n+2))
	}
	amount := l.at(8)
	if amount == "" {
		s.Initiation = Fixed
		return nil
	}
	digits, ok := strings.CutPrefix(amount, "EUR")
	if !ok {
		return l.bad(8, ErrAmount, "an amount begins with EUR")
	}
	if err := s.setTransfer(digits, pos.Currency("EUR").Exponent()); err != nil {
		return l.bad(8, ErrAmount, "%v", err)
	}
	return nil
}
