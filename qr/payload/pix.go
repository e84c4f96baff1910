package payload

import "github.com/tillproof/tillproof/pos"

const guidPix = "br.gov.bcb.pix"

// currencies is a list of one or two.
func currencies(c ...pos.Currency) []pos.Currency { return c }

// pix is Brazil's static PIX with an amount (BCB, Manual de Padrões para Iniciação do Pix 2.10): made here, confirmed by the
// bank's report under the transaction id in 62-05. The dynamic kind holds a link in 26-25 and comes from a PSP.
func pix() Scheme {
	return Scheme{Name: "pix", Title: "PIX (Brazil)", Source: Local, Currencies: currencies("BRL"),
		Values: []Value{
			{Name: "key", Doc: "PIX key of the shop, at most 77 characters; with info at most 73", Required: true, Min: 1, Max: 77},
			{Name: "info", Doc: "text for the payer", Min: 1, Max: 72},
			{Name: "provider", Doc: "eight digits of the withdrawal provider", Min: 8, Max: 8, allowed: isDigit},
			nameValue(true), cityValue(true), categoryValue(),
			{Name: "postal_code", Doc: "at most 10 characters", Min: 1, Max: 10},
		},
		encode: encodePix, owns: byGUID(guidPix), referenceAt: []string{"62-05"}}
}

func encodePix(o *order) (string, error) {
	if info := o.value("info"); info != "" && len(o.value("key"))+len(info) > 73 {
		return "", o.bad("info", "is too long: key and info have %d characters together, 73 fit", len(o.value("key"))+len(info))
	}
	text, err := Encode(Of("00", "01"),
		Template("26", Of("00", guidPix), Of("01", o.value("key")), Of("02", o.value("info")), Of("03", o.value("provider"))),
		Of("52", o.value("mcc")), Of("53", numeric("BRL")), Of("54", objectAmount(o.amount)), Of("58", "BR"),
		Of("59", o.value("name")), Of("60", o.value("city")), Of("61", o.value("postal_code")), Template("62", Of("05", o.reference)))
	if err != nil {
		return "", o.bad("key", "does not fit: %v", err)
	}
	return text, nil
}
