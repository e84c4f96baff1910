package payload

import "strings"

// thaiBarCode is the bar code of Thai bills, also printed as QR: a bar, then biller, two references and the amount in satang,
// each behind a carriage return. It is only read here.
func thaiBarCode() Scheme {
	return Scheme{Name: "thai_barcode", Title: "Thai bill payment bar code", Source: Local, Currencies: currencies("THB"),
		claims: func(text string) bool { return strings.HasPrefix(text, "|") }, read: readThaiBarCode}
}

func readThaiBarCode(text string, s *Summary) error {
	parts := strings.Split(text[1:], "\r")
	if len(parts) < 4 {
		return &Error{len(text), "", "biller, two references and an amount stand here, each behind a CR", ErrTruncated}
	}
	if len(parts) > 4 || !isDigits(parts[0]) || !only(parts[1]+parts[2], isPrintable) {
		return &Error{0, "", "biller, two references and an amount stand here, each behind a CR", ErrSyntax}
	}
	s.Currency, s.Initiation = "THB", Fixed
	for i, name := range []string{"biller", "ref1", "ref2", "satang"} {
		s.part(name, parts[i])
	}
	s.Reference = parts[1]
	if parts[2] != "" && strings.Trim(parts[2], "0") != "" {
		s.Reference = parts[2]
	}
	if isDigits(parts[3]) && strings.Trim(parts[3], "0") == "" {
		return nil // the payer types it
	}
	s.Initiation = Dynamic
	if err := s.setAmount(parts[3], 0, maxAmountText); err != nil {
		return &Error{len(text) - len(parts[3]), "amount", err.Error(), ErrAmount}
	}
	return nil
}
