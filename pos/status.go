package pos

import "slices"

// Status is what is known of the money of one payment.
type Status string

// The states of a payment.
const (
	Pending         Status = "pending"          // asked for, not answered
	Approved        Status = "approved"         // the money moved
	Reserved        Status = "reserved"         // an amount is held on the card; the shop gets it by a capture
	ApprovedOffline Status = "approved_offline" // promised without the issuer
	Declined        Status = "declined"         // refused, nothing moved
	Cancelled       Status = "cancelled"        // given up before it moved
	Expired         Status = "expired"          // nobody paid in time
	Unknown         Status = "unknown"          // it may have moved; must be asked for
	Captured        Status = "captured"         // an offline approval that was collected
	ForwardDeclined Status = "forward_declined" // an offline approval that was refused later
	WrittenOff      Status = "written_off"      // a refused offline approval that nobody will collect
	Voided          Status = "voided"           // taken back before settlement
	PartlyRefunded  Status = "partly_refunded"
	Refunded        Status = "refunded"
	RefundDue       Status = "refund_due" // money came after the payment had ended without it
	Foreign         Status = "foreign"    // taken by another till: it is in that till's books, only what is given back of it is in ours
)

// next is the whole table of allowed changes. Nothing leads from approved back to unknown: what was proven stays proven.
func (s Status) next() []Status {
	switch s {
	case Pending:
		return []Status{Approved, ApprovedOffline, Reserved, Declined, Cancelled, Expired, Unknown}
	case Unknown:
		return []Status{Approved, ApprovedOffline, Reserved, Declined, Cancelled, Expired, Voided}
	case Reserved:
		return []Status{Captured, Voided}
	case ApprovedOffline:
		return []Status{Captured, ForwardDeclined, Voided}
	case ForwardDeclined:
		return []Status{Captured, WrittenOff}
	case Approved, Captured:
		return []Status{Voided, PartlyRefunded, Refunded}
	case PartlyRefunded:
		return []Status{PartlyRefunded, Refunded}
	case Declined, Cancelled, Expired:
		return []Status{RefundDue}
	case RefundDue:
		return []Status{Refunded, Approved}
	}
	return nil
}

// Can says whether a payment may go from s to the given status.
func (s Status) Can(to Status) bool { return slices.Contains(s.next(), to) }

// Known says whether s is one of the states above.
func (s Status) Known() bool {
	switch s {
	case WrittenOff, Voided, Refunded, Foreign:
		return true
	}
	return s.next() != nil
}

// Taken says whether the customer's money counts as ours: it is in totals and must be in the ledger.
func (s Status) Taken() bool {
	switch s {
	case Approved, ApprovedOffline, Captured, PartlyRefunded:
		return true
	}
	return false
}

// Granted says whether card terminal or issuer said yes: the money is taken, or held for the shop.
func (s Status) Granted() bool { return s.Taken() || s == Reserved }

// Uncharged says whether the payment has ended without the customer's money, so that the order may be tried again.
func (s Status) Uncharged() bool {
	switch s {
	case Declined, Cancelled, Expired, Voided, Refunded:
		return true
	}
	return false
}

// Open says whether the outcome is still to come: pending or unknown.
func (s Status) Open() bool { return s == Pending || s == Unknown }
