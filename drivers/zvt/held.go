package zvt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"github.com/tillproof/tillproof/pos"
)

// reservationError ends the answer to the question for open reservations, whether there are any or not.
const reservationError byte = 0xB8

// Reservations asks for the open reservations with 06 23 and receipt number FFFF. Terminals tell their receipt numbers and not what they hold.
func (t *terminal) Reservations(ctx context.Context) ([]drivers.Last, error) {
	open, err := t.open(ctx)
	if err != nil {
		return nil, lookFailed("list of its reservations", err)
	}
	list := make([]drivers.Last, len(open.receipts))
	for i, receipt := range open.receipts {
		list[i].ReceiptNo = receipt
	}
	return list, nil
}

// openList is what a terminal tells of its open reservations.
type openList struct {
	receipts []string
	whole    bool // these are all of them
}

// open asks for the receipt numbers of the open reservations. 06 1E with B8 and a receipt number is the answer, FFFF in it means none (PA00P015, partial
// reversal). Any other end is a *refusal; one with B8 and no number at all tells none.
func (t *terminal) open(ctx context.Context) (openList, error) {
	err := t.look(ctx, codec.APDU{Class: 0x06, Instr: 0x23, Data: []byte{byte(codec.ReceiptNo), 0xFF, 0xFF}}, listener{})
	var no *refusal
	switch {
	case err == nil:
		return openList{}, nil
	case errors.As(err, &no) && !no.early && no.code == reservationError:
		return openReceipts(no.data), nil
	}
	return openList{}, err
}

// openReceipts reads what stands behind B8: BMP 87, and a list in TLV 23 of which the former may be a part.
func openReceipts(data []byte) openList {
	fields, _, _ := codec.ParseFields(data)
	var open openList
	add := func(number []byte) {
		if receipt := receiptDigits(number); len(number) == receiptBytes && receipt != "" && !slices.Contains(open.receipts, receipt) {
			open.receipts = append(open.receipts, receipt)
		}
	}
	list, listed := fields.TLV().Find(codec.TagOpenReservations)
	objects, err := codec.ParseTLV(list)
	for _, o := range objects {
		if o.Tag == codec.TagReceiptNo {
			add(o.Value)
		}
	}
	number, told := fields.Find(codec.ReceiptNo)
	add(number)
	open.whole = listed && err == nil || told && bytes.Equal(number, []byte{0xFF, 0xFF})
	return open
}

// noneOpen fails where the terminal holds reservations and the shop wants none left behind by an end of day. A terminal that has no such list has none:
// its end of day says what it thinks of it.
func (t *terminal) noneOpen(ctx context.Context) error {
	if t.options.keepsOpen {
		return nil
	}
	open, err := t.open(ctx)
	var no *refusal
	switch {
	case errors.As(err, &no):
		return nil
	case err != nil:
		return unavailable(err)
	case len(open.receipts) == 0:
		return nil
	}
	receipts := strings.Join(open.receipts, ", ")
	return pos.NewError(drivers.ReservationsOpen, pos.Permanent, pos.NoneMoved,
		fmt.Sprintf("The card terminal still holds reservations, receipt %s; its day goes on.", receipts),
		"Book or release each of them, then close the day.").With("receipts", receipts)
}

// judgeRelease asks for the open reservations where the last transaction does not prove what became of a release: one that is still held was not released, and
// one that is not among all of them was, if there is a new transaction that fits.
func (t *terminal) judgeRelease(ctx context.Context, p drivers.Pending, f found) (drivers.Recovery, error) {
	r := t.judge(p, f)
	if p.What != drivers.ReleaseOf || r.Verdict != drivers.Undecided || f.result == nil || p.Of.ReceiptNo == "" {
		return r, nil
	}
	open, err := t.open(ctx)
	var no *refusal
	switch {
	case errors.As(err, &no):
		return r, nil
	case err != nil:
		return r, err
	case slices.Contains(open.receipts, p.Of.ReceiptNo):
		return t.stillHeld(p), nil
	}
	f.released = open.whole
	return t.judge(p, f), nil
}

// stillHeld is what it proves that a reservation is open. While the terminal may still make up its mind about a release without our answer, it proves nothing.
func (t *terminal) stillHeld(p drivers.Pending) drivers.Recovery {
	if wait := t.doubted(p); wait > 0 {
		r := verdict(drivers.Undecided, "The terminal still holds the reservation of receipt %s, and may not have ended the release: it is asked again.", p.Of.ReceiptNo)
		r.Again = wait
		return r
	}
	return verdict(drivers.NotCharged, "The terminal still holds the reservation of receipt %s.", p.Of.ReceiptNo)
}
