package pos

import "fmt"

// Tender is the way a customer pays.
type Tender string

// The tenders. Code means that the merchant scans the customer, QR that the customer scans the merchant, None that an order of
// amount 0 needs no payment.
const (
	Card Tender = "card"
	Code Tender = "code"
	QR   Tender = "qr"
	Cash Tender = "cash"
	None Tender = "none"
)

// ParseTender accepts the names of the tenders.
func ParseTender(s string) (Tender, error) {
	switch t := Tender(s); t {
	case Card, Code, QR, Cash, None:
		return t, nil
	}
	return "", fmt.Errorf("%q is not a tender (card, code, qr, cash, none)", s)
}

// Mode says whether the platform could be asked when the path of a payment was chosen.
type Mode string

// The modes of a payment.
const (
	Online  Mode = "online"
	Offline Mode = "offline"
)
