package idtech

import (
	"context"
	"strings"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/idtech/neo2"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/pos"
)

// aesKSNSize is the length of a key serial number of AES DUKPT in bytes (ANSI X9.24-3).
const aesKSNSize = 12

// Open implements [drivers.CardReader]: a ping, the end of what an earlier life has begun, and everything by which the reader is trusted.
func (r *neo) Open(ctx context.Context) (drivers.ReaderInfo, error) {
	r.proven, r.asking = false, false
	info, err := r.prove(ctx)
	if err != nil {
		return drivers.ReaderInfo{}, r.unavailable(err)
	}
	return r.believe(info), nil
}

func (r *neo) prove(ctx context.Context) (info drivers.ReaderInfo, err error) {
	if _, err := r.ask(ctx, neo2.Ping, neo2.PingSub); err != nil {
		return info, err
	}
	if _, err := r.ask(ctx, neo2.Cancel, neo2.CancelSub); err != nil { // whatever the answer
		return info, err
	}
	ksn, valid, err := r.key(ctx)
	if err != nil {
		return info, err
	}
	on, err := r.flag(ctx)
	if err != nil {
		return info, err
	}
	closed, err := r.plainClosed(ctx)
	if err != nil {
		return info, err
	}
	serial, err := r.ask(ctx, neo2.Serial, neo2.SerialSub)
	if err != nil {
		return info, err
	}
	if info.Serial = ""; serial.status == neo2.OK {
		info.Serial = printable(serial.data)
	}
	info.KSN, info.Level = ksn, levelOf(valid, on, closed)
	if !valid && !closed {
		return info, inClear("The card reader does not tell whether it encrypts.")
	}
	return info, nil
}

// key asks for the state of the key of card data. A reader that does not know the question has said nothing.
func (r *neo) key(ctx context.Context) (ksn []byte, valid bool, err error) {
	a, err := r.ask(ctx, neo2.Keys, neo2.KeySub, neo2.DataKey()...)
	if err != nil || a.status != neo2.OK || len(a.data) == 0 {
		return nil, false, err
	}
	switch a.data[0] {
	case neo2.KeyValid:
	case neo2.KeyUsedUp:
		return nil, false, usedUp()
	case neo2.KeyUnused, neo2.KeyNone:
		return nil, false, inClear("The card reader has no key to encrypt with.")
	default:
		return nil, false, nil
	}
	if len(a.data) > 1 && a.data[1] == aesKSNSize {
		return nil, false, pos.NewError(deviceUnavailable, pos.Transient, pos.NoneMoved, "The card reader's key is one of AES DUKPT, which is not taken. No money moved.",
			"Have the reader filled with a key of TDES DUKPT.")
	}
	if len(a.data) == 2+drivers.KSNSize && a.data[1] == drivers.KSNSize {
		ksn = a.data[2:]
	}
	return ksn, true, nil
}

// flag asks whether encryption is on. Readers that cannot switch it off do not know the question.
func (r *neo) flag(ctx context.Context) (on bool, err error) {
	a, err := r.ask(ctx, neo2.Encryption, neo2.FlagSub)
	switch {
	case err != nil || a.status != neo2.OK || len(a.data) == 0:
		return false, err
	case a.data[0] == 0:
		return false, inClear("The card reader's encryption is switched off.")
	}
	return true, nil
}

// plainClosed asks for the last result in plain. A reader that encrypts does not allow that; one that does would send cards in clear. One that does not know
// the question has said nothing.
func (r *neo) plainClosed(ctx context.Context) (bool, error) {
	a, err := r.ask(ctx, neo2.Poll, neo2.PlainSub)
	if err != nil {
		return false, err
	}
	switch a.status {
	case neo2.OK, neo2.AskOnline:
		return false, inClear("The card reader gives out cards in plain.")
	case neo2.NotAllowed, neo2.SubNotAllowed:
		return true, nil
	}
	return false, nil
}

// levelOf puts into words what the trust rests on.
func levelOf(valid, on, closed bool) string {
	var words []string
	for _, w := range []struct {
		so   bool
		text string
	}{{valid, "a valid key"}, {on, "encryption on"}, {closed, "no results in plain"}} {
		if w.so {
			words = append(words, w.text)
		}
	}
	return "neo2: " + strings.Join(words, ", ")
}

// printable is a serial number without what fills it.
func printable(b []byte) string { return stx.Printable([]byte(strings.Trim(string(b), "\x00 "))) }
