package pos

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

// Mode says whether the platform could be asked when the path of a payment was chosen.
type Mode string

// The modes of a payment.
const (
	Online  Mode = "online"
	Offline Mode = "offline"
)
