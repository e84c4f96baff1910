package payload

import "strings"

const (
	guidPromptPay     = "A000000677010111"
	guidPromptPayBill = "A000000677010112"
)

// promptPay is Thailand's transfer to a proxy. It has no reference: such a payment is matched by amount and time only, which is
// weak; the bill kind is the better one for a shop.
func promptPay() Scheme {
	return Scheme{Name: "promptpay", Title: "PromptPay transfer (Thailand)", Source: Local, Currencies: currencies("THB"),
		NoReference: true,
		Values: []Value{
			{Name: "phone", Doc: "mobile number 0NNNNNNNNN; give exactly one of these four", Min: 10, Max: 13, allowed: isDigit},
			{Name: "national_id", Doc: "national or tax id, 13 digits", Min: 13, Max: 13, allowed: isDigit},
			{Name: "ewallet", Doc: "e-wallet id, 15 digits (TrueMoney: 14000 and the mobile number)", Min: 15, Max: 15, allowed: isDigit},
			{Name: "account", Doc: "bank code and account, digits", Min: 4, Max: 43, allowed: isDigit},
		},
		encode: encodePromptPay, owns: byGUID(guidPromptPay)}
}

func encodePromptPay(o *order) (string, error) {
	kind, err := o.exactlyOne("phone", "national_id", "ewallet", "account")
	if err != nil {
		return "", err
	}
	proxy := map[string]Object{
		"national_id": Of("02", o.value(kind)), "ewallet": Of("03", o.value(kind)), "account": Of("04", o.value(kind)),
	}[kind]
	if kind == "phone" {
		number, ok := thaiPhone(o.value("phone"))
		if !ok {
			return "", o.bad("phone", "%q is no Thai mobile number: 0 or 66, then nine digits", o.value("phone"))
		}
		proxy = Of("01", number)
	}
	return encodeThai(o, Template("29", Of("00", guidPromptPay), proxy), Object{})
}

// thaiPhone writes a number with the prefix 66 instead of the leading 0, filled up with zeros to 13 digits.
func thaiPhone(s string) (string, bool) {
	local := strings.TrimPrefix(s, "0066")
	for _, prefix := range []string{"66", "0"} {
		if len(local) != 9 {
			local = strings.TrimPrefix(local, prefix)
		}
	}
	return "0066" + local, len(local) == 9 && local[0] != '0'
}

func encodeThai(o *order, account, additional Object) (string, error) {
	return Encode(Of("00", "01"), Of("01", "12"), account, Of("53", numeric("THB")), Of("54", objectAmount(o.amount)),
		Of("58", "TH"), additional)
}

// promptPayBill is Thailand's bill payment: biller, two references.
func promptPayBill() Scheme {
	return Scheme{Name: "promptpay_bill", Title: "PromptPay bill payment (Thailand)", Source: Local, Currencies: currencies("THB"),
		Values: []Value{
			{Name: "biller", Doc: "biller id, 13 to 15 digits", Required: true, Min: 13, Max: 15, allowed: isDigit},
			{Name: "ref1", Doc: "fixed first reference; the payment's own is then the second", Min: 1, Max: 20, allowed: isUpperAlnum},
			{Name: "terminal", Doc: "terminal label (62-07)", Min: 1, Max: 25},
		},
		encode: encodePromptPayBill, owns: ownsBill, referenceAt: []string{"30-02", "30-03"}}
}

// ownsBill wants the object that Thailand assigned, because the references are looked for in it.
func ownsBill(a *Account, t *Tree) bool {
	return a.Object.ID == "30" && byGUID(guidPromptPayBill)(a, t)
}

func encodePromptPayBill(o *order) (string, error) {
	if err := o.needReference(20, isUpperAlnum); err != nil {
		return "", err
	}
	first, second := o.reference, ""
	if fixed := o.value("ref1"); fixed != "" {
		first, second = fixed, o.reference
	}
	bill := Template("30", Of("00", guidPromptPayBill), Of("01", o.value("biller")), Of("02", first), Of("03", second))
	return encodeThai(o, bill, Template("62", Of("07", o.value("terminal"))))
}
