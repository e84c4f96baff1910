package settle

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/reconcile"
)

// maxText bounds one value of a row, in bytes.
const maxText = 200

// row reads the values of a line; nil for one that the mapping leaves out.
func (r *Reader) row(values []string) (*reconcile.Row, error) {
	kind, err := r.value(values, "", "kind")
	if err != nil || kind == ignore {
		return nil, err
	}
	if kind == "" {
		kind = string(reconcile.RowPayment)
	}
	row := &reconcile.Row{Acquirer: r.mapping.Acquirer, Kind: reconcile.RowKind(kind), Count: 1}
	if !row.Kind.Known() {
		return nil, fmt.Errorf("kind %q is none of payment, refund, chargeback, fee, payout, ignore", kind)
	}
	get := func(field string) string {
		text, failed := r.value(values, kind, field)
		if len(text) > maxText && failed == nil {
			failed = fmt.Errorf("%s is longer than %d bytes", field, maxText)
		}
		err = errors.Join(err, failed)
		return text
	}
	row.Transaction, row.Original, row.Reference, row.TerminalID = get("transaction"), get("original"), get("reference"), get("terminal_id")
	row.Trace, row.ReceiptNo, row.MerchantID, row.Batch = get("trace"), get("receipt_no"), get("merchant_id"), get("batch")
	row.Tender, row.Brand, row.Money.Currency = pos.Tender(get("tender")), get("brand"), pos.Currency(strings.ToUpper(get("currency")))
	amount, fee, date, day := get("amount"), get("fee"), strings.TrimSpace(get("date")+" "+get("time")), get("day")
	if err != nil {
		return nil, err
	}
	if err := errors.Join(r.money(row, amount, fee), r.when(row, date, day)); err != nil {
		return nil, err
	}
	return row, checkRow(row)
}

func checkRow(row *reconcile.Row) error {
	switch {
	case !row.Money.Currency.Known():
		return fmt.Errorf("%q is not an ISO 4217 currency", row.Money.Currency)
	case row.Tender != "" && row.Tender != pos.Card && row.Tender != pos.Code && row.Tender != pos.QR:
		return fmt.Errorf("tender %q is none of card, code, qr", row.Tender)
	case row.Transaction == "" && row.Reference == "" && row.Trace == "" && row.ReceiptNo == "" && row.Batch == "":
		return errors.New("it has no transaction, reference, trace, receipt_no or batch")
	}
	return nil
}

// money reads amount and fee. A row's amount is above 0; its kind says which way it goes.
func (r *Reader) money(row *reconcile.Row, amount, fee string) (err error) {
	m := r.mapping
	if row.Money.Amount, err = m.amount(amount, row.Money.Currency); err != nil {
		return fmt.Errorf("amount: %w", err)
	}
	switch {
	case row.Money.Amount < 0 && m.Sign == "none" && row.Kind == reconcile.RowPayment:
		return fmt.Errorf("amount %q is below 0, and the mapping says that amounts have no sign", amount)
	case row.Money.Amount < 0 && m.Sign == "negative_refund" && row.Kind == reconcile.RowPayment:
		row.Kind = reconcile.RowRefund
	}
	if row.Money.Amount < 0 {
		row.Money.Amount = -row.Money.Amount
	}
	if row.Money.Amount == 0 || row.Money.Amount > pos.MaxAmount {
		return fmt.Errorf("amount %q is not above 0 and at most %d minor units", amount, pos.MaxAmount)
	}
	if fee == "" {
		return nil
	}
	kept, err := m.amount(fee, row.Money.Currency)
	if err != nil {
		return fmt.Errorf("fee: %w", err)
	}
	if m.FeeSign == "negative" {
		kept = -kept
	}
	row.Fee = &kept
	return nil
}

// amount reads a number of major or minor units into minor units of a currency. Digits beyond the currency's own are allowed where they are 0.
func (m *Mapping) amount(text string, currency pos.Currency) (pos.Minor, error) {
	plain := text
	if m.Thousands != "" {
		plain = strings.ReplaceAll(plain, m.Thousands, "")
	}
	plain, negative := strings.CutPrefix(strings.TrimPrefix(plain, "+"), "-")
	mark := m.Decimal
	if mark == "minor" {
		mark = "\x00"
	}
	whole, part, _ := strings.Cut(plain, mark)
	exponent := 0
	if m.Decimal != "minor" {
		exponent = currency.Exponent()
	}
	part = strings.TrimRight(part, "0")
	if len(part) > exponent {
		return 0, fmt.Errorf("%q has more decimals than %s", text, currency)
	}
	digits := whole + part + strings.Repeat("0", exponent-len(part))
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || n > math.MaxInt64 || whole == "" {
		return 0, fmt.Errorf("%q is no amount", text)
	}
	if negative {
		return -pos.Minor(n), nil
	}
	return pos.Minor(n), nil
}

// when reads time and business day. Without a column of its own the day is that of the date, in the statement's zone.
func (r *Reader) when(row *reconcile.Row, date, day string) error {
	m := r.mapping
	at, err := time.ParseInLocation(m.layout, date, m.zone)
	if err != nil {
		return fmt.Errorf("date %q is not written as %s", date, strings.TrimSpace(m.Date+" "+m.Time))
	}
	row.Day = at.In(m.zone).Format(time.DateOnly)
	if strings.Contains(m.layout, "15") {
		row.At = at.UnixMilli()
	}
	if day == "" {
		return nil
	}
	only, err := layout(strings.Fields(m.Date)[0])
	if err != nil {
		return err
	}
	on, err := time.Parse(only, strings.Fields(day)[0])
	if err != nil {
		return fmt.Errorf("day %q is not written as %s", day, strings.Fields(m.Date)[0])
	}
	row.Day = on.Format(time.DateOnly)
	return nil
}
