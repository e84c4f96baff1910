package zvt

// brand names a card type id of BMP 8A or TLV tag 41 (PA00P015, ZVT card type ids, decimal). About 240 private cards
// have no name here: their name is what the terminal sends in BMP 8B.
func brand(id uint64) string {
	switch id {
	case 2, 5:
		return "girocard"
	case 6:
		return "mastercard"
	case 7:
		return "eaps"
	case 8:
		return "amex"
	case 9:
		return "elv"
	case 10:
		return "visa"
	case 11:
		return "visa_electron"
	case 12:
		return "diners"
	case 13:
		return "v_pay"
	case 14:
		return "jcb"
	case 30:
		return "geldkarte"
	case 46:
		return "maestro"
	case 69:
		return "postcard"
	case 87:
		return "bancontact"
	case 97, 107:
		return "alipay"
	case 111:
		return "instant_payment"
	case 196, 197:
		return "dankort"
	case 198:
		return "unionpay"
	case 232:
		return "discover"
	case 260:
		return "bluecode"
	}
	return ""
}

// entry names how the card was read (TLV tag 1F12).
func entry(code byte) string {
	switch code {
	case 0x00:
		return "stripe"
	case 0x01:
		return "chip"
	case 0x02:
		return "contactless"
	}
	return ""
}
