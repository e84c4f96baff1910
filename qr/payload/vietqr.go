package payload

const guidVietQR = "A000000727"

// vietQR is NAPAS's transfer to an account or card in Vietnam. The reference is the purpose, 62-08.
func vietQR() Scheme {
	return Scheme{Name: "vietqr", Title: "VietQR (Vietnam)", Source: Local, Currencies: currencies("VND"),
		Values: []Value{
			{Name: "bin", Doc: "bank identification number, six digits", Required: true, Min: 6, Max: 6, allowed: isDigit},
			{Name: "account", Doc: "account number, at most 19 letters and digits", Required: true, Min: 1, Max: 19, allowed: isAlnum},
			{Name: "to", Doc: "account or card: what the number is", Default: "account", OneOf: []string{"account", "card"}},
		},
		encode: encodeVietQR, owns: byGUID(guidVietQR), referenceAt: []string{"62-08"}}
}

func encodeVietQR(o *order) (string, error) {
	service := "QRIBFTTA"
	if o.value("to") == "card" {
		service = "QRIBFTTC"
	}
	bank := Template("01", Of("00", o.value("bin")), Of("01", o.value("account")))
	return Encode(Of("00", "01"), Of("01", "12"), Template("38", Of("00", guidVietQR), bank, Of("02", service)),
		Of("53", numeric("VND")), Of("54", objectAmount(o.amount)), Of("58", "VN"), Template("62", Of("08", o.reference)))
}
