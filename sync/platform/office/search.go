package office

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/view"
	"github.com/tillproof/tillproof/sync/platform/answer"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/registry"
)

// line is a payment in a list. Times are those of the till's clock.
type line struct {
	ID        string         `json:"id"`
	Till      pos.TillID     `json:"till"`
	Merchant  pos.MerchantID `json:"merchant,omitempty"`
	Order     string         `json:"order"`
	Attempt   int            `json:"attempt"`
	Tender    pos.Tender     `json:"tender" enum:"card,code,qr,cash,none"`
	Scheme    string         `json:"scheme,omitempty"`
	Status    pos.Status     `json:"status"`
	Amount    int64          `json:"amount" doc:"What the shop holds, else what was asked for; minor units"`
	Currency  string         `json:"currency"`
	Refunded  int64          `json:"refunded_amount"`
	Unwanted  bool           `json:"unwanted"`
	Fork      bool           `json:"fork" doc:"Begun by a branch of a journal that lost"`
	CreatedAt string         `json:"created_at"`
	UpdatedAt string         `json:"updated_at"`
}

// lineColumns are what a line is read from.
const lineColumns = "SELECT payment, till, merchant, order_ref, attempt, tender, status, amount, currency, fork, state FROM payments"

func scanLine(s database.Scanner) (l line, err error) {
	l, _, err = scanPayment(s)
	return l, err
}

func scanPayment(s database.Scanner) (l line, p *view.Payment, err error) {
	var fork int64
	var state []byte
	err = s.Scan(&l.ID, &l.Till, &l.Merchant, &l.Order, &l.Attempt, &l.Tender, &l.Status, &l.Amount, &l.Currency, &fork, &state)
	if err != nil {
		return l, nil, err
	}
	p = &view.Payment{}
	if err := cbor.Unmarshal(state, p); err != nil {
		return l, nil, fmt.Errorf("payment %s: %w", l.ID, err)
	}
	if l.Scheme = p.Intent.Scheme; l.Scheme == "" && p.Presented != nil {
		l.Scheme = p.Presented.Scheme
	}
	l.Fork, l.Refunded, l.Unwanted, l.CreatedAt, l.UpdatedAt = fork == 1, int64(p.Returned), p.Unwanted, answer.Stamp(p.Created), answer.Stamp(p.Updated)
	return l, p, nil
}

// search says which payments are looked for. What is empty does not matter.
type search struct {
	merchant, till, order string
	status                pos.Status
	tender                string
	from, before          string // ids: at or above from, below before
}

// everyMerchant is always so: a payment has its merchant from the registry, which removes nothing. It lets the index of orders,
// which begins with the merchant, serve where no merchant is named.
const everyMerchant = "merchant IN (SELECT id FROM registry_things WHERE kind = 'merchant' UNION ALL SELECT '')"

// openPayments is the condition of the index of the same name, word for word: SQLite uses it only then.
const openPayments = "status IN ('pending', 'unknown', 'approved_offline', 'forward_declined', 'refund_due', 'written_off')"

// where is the condition of a search and its values. The day is in the ids: they begin with the time (RFC 9562 §5.7), so that a day is a range of the
// table's own order.
func (s *search) where() (text string, args []any) {
	var parts []string
	for _, p := range []struct{ text, value string }{
		{"merchant = ?", s.merchant}, {"till = ?", s.till}, {"order_ref = ?", s.order}, {"tender = ?", s.tender}, {"payment >= ?", s.from}, {"payment < ?", s.before},
	} {
		if p.value != "" {
			parts, args = append(parts, p.text), append(args, p.value)
		}
	}
	if s.order != "" && s.merchant == "" {
		parts = append(parts, everyMerchant)
	}
	if s.status != "" {
		parts = append(parts, "status = '"+string(s.status)+"'") // one of the known words
		if strings.Contains(openPayments, "'"+string(s.status)+"'") {
			parts = append(parts, openPayments)
		}
	}
	if len(parts) > 0 {
		text = " WHERE " + strings.Join(parts, " AND ")
	}
	return text, args
}

// statuses are those that a payment in the ledger can have.
func statuses() []pos.Status {
	return []pos.Status{pos.Pending, pos.Approved, pos.ApprovedOffline, pos.Declined, pos.Cancelled, pos.Expired, pos.Unknown, pos.Captured, pos.ForwardDeclined,
		pos.WrittenOff, pos.Voided, pos.PartlyRefunded, pos.Refunded, pos.RefundDue, pos.Reserved}
}

// searchOf reads the parameters of a search.
func (f *Office) searchOf(r *http.Request) (s search, err error) {
	s = search{merchant: r.FormValue("merchant"), till: r.FormValue("till"), order: r.FormValue("order"), tender: r.FormValue("tender")}
	if s.status = pos.Status(r.FormValue("status")); s.status != "" && !slices.Contains(statuses(), s.status) {
		return s, badQuery("status is not one of a payment.")
	}
	if day := r.FormValue("day"); day != "" {
		if s.from, s.before, err = f.dayOf(r.Context(), day, r.FormValue("timezone"), s.merchant); err != nil {
			return s, err
		}
	}
	for _, name := range []string{"before", "cursor"} {
		id := r.FormValue(name)
		if _, err := pos.ParsePaymentID(id); id != "" && err != nil {
			return s, badQuery(name + " is not a payment's id.")
		}
		if id != "" && (s.before == "" || id < s.before) {
			s.before = id
		}
	}
	return s, nil
}

// dayOf is the range of ids of a calendar day in a time zone, the merchant's by default.
func (f *Office) dayOf(ctx context.Context, day, zone, merchant string) (from, before string, err error) {
	if zone == "" && merchant != "" {
		kept, found, err := f.Registry.Get(ctx, registry.KindMerchant, merchant)
		if err != nil {
			return "", "", err
		}
		if found {
			zone = kept.Thing.(*registry.Merchant).Timezone
		}
	}
	place, err := time.LoadLocation(zone)
	if err != nil || zone == "Local" {
		return "", "", badQuery("timezone is not known; write a name such as Europe/Berlin.")
	}
	begin, err := time.ParseInLocation(time.DateOnly, day, place)
	if err != nil {
		return "", "", badQuery("day is not a date such as 2026-03-29.")
	}
	return idAt(begin), idAt(begin.AddDate(0, 0, 1)), nil
}

// idAt is below every payment id that was made at a time or later.
func idAt(t time.Time) string {
	ms := uint64(max(0, t.UnixMilli()))
	return fmt.Sprintf("%08x-%04x", ms>>16, ms&0xffff)
}

// payments lists payments, newest first.
func (f *Office) payments(w http.ResponseWriter, r *http.Request) {
	limit, err := limitOf(r)
	var s search
	if err == nil {
		s, err = f.searchOf(r)
	}
	if err != nil {
		f.refuse(w, err)
		return
	}
	where, args := s.where()
	items, err := database.All(r.Context(), f.DB, scanLine, lineColumns+where+" ORDER BY payment DESC LIMIT ?", append(args, limit+1)...)
	if err != nil {
		f.unreadable(w, err)
		return
	}
	page := map[string]any{}
	if len(items) > limit {
		items = items[:limit]
		page["next"], page["next_cursor"] = items[limit-1].ID, items[limit-1].ID
	}
	if page["items"] = items; items == nil {
		page["items"] = []line{}
	}
	answer.JSON(w, http.StatusOK, page)
}
