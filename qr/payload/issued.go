package payload

import "strings"

// The schemes of this file are EMVCo codes that the till reads and, where [template] allows it, rewrites, but never makes by
// itself.

const (
	guidThaiCrossBorder = "A000000677012006"
	guidVNPay           = "A000000775"
	guidDuitNow         = "A0000006150001"
)

// qris is Indonesia's scheme. Its national account is 51; those of the single issuers in 26-45 belong to it in an Indonesian code.
func qris() Scheme {
	national := byGUID("ID.CO.QRIS.WWW", "ID.OR.GPNQR.WWW")
	return Scheme{Name: "qris", Title: "QRIS (Indonesia)", Source: Static, Currencies: currencies("IDR"),
		owns: func(a *Account, t *Tree) bool {
			issuer := a.GUID != "" && number(a.Object.ID) <= 45 && t.Text("58") == "ID"
			return national(a, t) || issuer
		}}
}

// duitNow codes carry a hash in object 82 and a temporary account: a static one is not valid with an amount.
func duitNow() Scheme {
	return Scheme{Name: "duitnow", Title: "DuitNow (Malaysia)", Source: Platform, Currencies: currencies("MYR"),
		owns: byGUID(guidDuitNow)}
}

// khqr has no GUID of its own: the account is a Bakong id (name@bank) in 29 or 30.
func khqr() Scheme {
	return Scheme{Name: "khqr", Title: "KHQR (Cambodia)", Source: Static, Currencies: currencies("KHR", "USD"),
		owns: func(a *Account, t *Tree) bool {
			id := a.Object.ID
			return (id == "29" || id == "30") && strings.Contains(a.GUID, "@") && t.Text("58") == "KH"
		}, referenceAt: []string{"62-01"}}
}

func qrPh() Scheme {
	return Scheme{Name: "qrph", Title: "QR Ph (Philippines)", Source: Static, Currencies: currencies("PHP"),
		owns: byGUID("ph.ppmi.p2m", "com.p2pqrpay")}
}

func vnPay() Scheme {
	return Scheme{Name: "vnpay", Title: "VNPay (Vietnam)", Source: Platform, Currencies: currencies("VND"), owns: byGUID(guidVNPay)}
}

func thaiCrossBorder() Scheme {
	return Scheme{Name: "thai_cross_border", Title: "Thai cross-border QR", Source: Platform, Currencies: currencies("THB"),
		owns: byGUID(guidThaiCrossBorder)}
}
