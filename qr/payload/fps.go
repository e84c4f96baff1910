package payload

import "strings"

const guidFPS = "hk.com.hkicl"

// fps is Hong Kong's Faster Payment System. Banks differ in where they read the reference (62-05 or 62-01): a setting.
func fps() Scheme {
	return Scheme{Name: "fps", Title: "FPS (Hong Kong)", Source: Local, Currencies: currencies("HKD", "CNY"),
		Values: []Value{
			{Name: "fps_id", Doc: "FPS identifier, 7 to 12 digits; or bank with mobile or email", Min: 7, Max: 12, allowed: isDigit},
			{Name: "bank", Doc: "clearing code, three digits", Min: 3, Max: 3, allowed: isDigit},
			{Name: "mobile", Doc: "+852-NNNNNNNN", Min: 13, Max: 13},
			{Name: "email", Doc: "e-mail address", Min: 3, Max: 60},
			{Name: "timeout", Doc: "moment yyMMddHHmmss in Hong Kong after which the code is refused", Min: 12, Max: 12, allowed: isDigit},
			{Name: "editable", Doc: "1 lets the payer change the amount", OneOf: []string{"1"}},
			{Name: "name", Doc: "merchant name, at most 25 characters", Default: "NA", Min: 1, Max: 25},
			{Name: "city", Doc: "merchant city, at most 15 characters", Default: "HK", Min: 1, Max: 15},
			categoryValue(), referenceInValue(),
		},
		encode: encodeFPS, owns: byGUID(guidFPS)}
}

// referenceInValue lets the shop choose the object of its acquirer's reference.
func referenceInValue() Value {
	return Value{Name: "reference_in", Doc: "sub-object of 62 that the acquirer reports: 05 or 01", Default: "05", OneOf: []string{"05", "01"}}
}

func encodeFPS(o *order) (string, error) {
	kind, err := o.exactlyOne("fps_id", "mobile", "email")
	if err != nil {
		return "", err
	}
	if (kind == "fps_id") == (o.value("bank") != "") {
		return "", o.bad("bank", "goes with mobile or email, and only with them")
	}
	if number, ok := strings.CutPrefix(o.value("mobile"), "+852-"); kind == "mobile" && (!ok || len(number) != 8 || !isDigits(number)) {
		return "", o.bad("mobile", "%q is not +852- and eight digits", o.value("mobile"))
	}
	if err := o.checkTime("timeout", "060102150405"); err != nil {
		return "", err
	}
	account := Template("26", Of("00", guidFPS), Of("01", o.value("bank")), Of("02", o.value("fps_id")), Of("03", o.value("mobile")),
		Of("04", o.value("email")), Of("05", o.value("timeout")), Of("06", o.value("editable")))
	return Encode(Of("00", "01"), Of("01", "12"), account, Of("52", o.value("mcc")), Of("53", numeric(o.amount.Currency)),
		Of("54", objectAmount(o.amount)), Of("58", "HK"), Of("59", o.value("name")), Of("60", o.value("city")),
		Template("62", Of(o.value("reference_in"), o.reference)))
}
