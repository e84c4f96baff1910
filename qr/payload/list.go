package payload

// List describes every scheme: those that can be made here first. To add one, write its file and name it here.
func List() []Scheme {
	return []Scheme{
		pix(), promptPay(), promptPayBill(), payNow(), fps(), vietQR(), upi(), epc(), swiss(), template(),
		qris(), duitNow(), khqr(), qrPh(), vnPay(), thaiCrossBorder(), thaiBarCode(), weChatPay(), aliPay(), unionPayURL(),
		unionPay(), visa(), mastercard(), discover(), amex(), jcb(),
	}
}

// Find looks a scheme up by its name.
func Find(name string) (Scheme, bool) {
	for _, s := range List() {
		if s.Name == name {
			return s, true
		}
	}
	return Scheme{}, false
}
