package payload

import (
	"strings"
	"time"
)

const guidPayNow = "SG.PAYNOW"

// payNow is Singapore's scheme. The reference stands in 62-01; an expiry is enforced by the payer's bank.
func payNow() Scheme {
	return Scheme{Name: "paynow", Title: "PayNow (Singapore)", Source: Local, Currencies: currencies("SGD"),
		Values: []Value{
			{Name: "uen", Doc: "unique entity number, or give mobile", Min: 9, Max: 13, allowed: isUpperAlnum},
			{Name: "mobile", Doc: "+65 and eight digits, or give uen", Min: 11, Max: 11},
			nameValue(true),
			{Name: "editable", Doc: "1 lets the payer change the amount", Default: "0", OneOf: []string{"0", "1"}},
			{Name: "expiry", Doc: "last day YYYYMMDD, or moment YYYYMMDDHHMMSS, in Singapore", Min: 8, Max: 14, allowed: isDigit},
			categoryValue(),
		},
		encode: encodePayNow, owns: byGUID(guidPayNow), referenceAt: []string{"62-01"}}
}

func encodePayNow(o *order) (string, error) {
	kind, err := o.exactlyOne("uen", "mobile")
	if err != nil {
		return "", err
	}
	digit := "2"
	if kind == "mobile" {
		digit = "0"
		if number, ok := strings.CutPrefix(o.value(kind), "+65"); !ok || len(number) != 8 || !isDigits(number) {
			return "", o.bad("mobile", "%q is not +65 and eight digits", o.value(kind))
		}
	}
	if err := o.checkTime("expiry", "20060102", "20060102150405"); err != nil {
		return "", err
	}
	account := Template("26", Of("00", guidPayNow), Of("01", digit), Of("02", o.value(kind)), Of("03", o.value("editable")),
		Of("04", o.value("expiry")))
	return Encode(Of("00", "01"), Of("01", "12"), account, Of("52", o.value("mcc")), Of("53", numeric("SGD")),
		Of("54", objectAmount(o.amount)), Of("58", "SG"), Of("59", o.value("name")), Of("60", "Singapore"), Template("62", Of("01", o.reference)))
}

// checkTime checks an optional value against the layouts that its scheme knows.
func (o *order) checkTime(name string, layouts ...string) error {
	given := o.value(name)
	if given == "" {
		return nil
	}
	for _, layout := range layouts {
		if _, err := time.Parse(layout, given); err == nil && len(given) == len(layout) {
			return nil
		}
	}
	return o.bad(name, "%q is no time of the form that the scheme wants", given)
}
