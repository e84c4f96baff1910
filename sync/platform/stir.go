package platform

import (
	"encoding/json"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/wallet"
	"github.com/tillproof/tillproof/sync/wire"
)

// stir is something that a record leaves for the wallet: a QR that the till made, whose money is to be looked for, or, with a zero task, a
// payment that the till's journal says is unwanted.
type stir struct {
	payment pos.PaymentID
	till    pos.TillID
	task    *wallet.Task
	lost    bool // a supervisor at the till has written it off
}

// note finds what a record of the winning branch leaves for the wallet. It is written in the transaction of the record itself, so that a
// platform which is killed right after the acknowledgement has forgotten nothing.
func (s *sitting) note(e *entry) {
	if t, ok := toldBy(s.book.till, e.body); ok {
		s.told = append(s.told, t)
	}
	switch body := e.body.(type) {
	case *record.Presented:
		intent := &s.book.pages[e.payment].payment.Intent
		if task := localTask(s.book.till, intent, body, s.now); task != nil && s.custody.takes(task.Scheme) {
			s.stirs = append(s.stirs, stir{payment: e.payment, till: s.book.till, task: task})
		}
	case *record.Resolution:
		if body.Status == pos.WrittenOff {
			s.stirs = append(s.stirs, stir{payment: e.payment, till: s.book.till, lost: true})
		}
		if body.Unwanted {
			s.stirs = append(s.stirs, stir{payment: e.payment, till: s.book.till})
		}
		s.noteForward(e)
	case *record.Confirmed:
		s.noteForward(e)
	}
}

// noteForward has an offline approval collected that a record has just made one.
func (s *sitting) noteForward(e *entry) {
	p := s.book.pages[e.payment]
	if s.custody.forward == "" || p == nil || p.payment.Status != pos.ApprovedOffline || p.payment.Unwanted || p.payment.Intent.ByReader() { // its till brings the card
		return
	}
	money := p.payment.Taken()
	if money.Amount <= 0 || money.CheckPayable() != nil {
		return
	}
	task := wallet.Forwarded(e.payment, s.book.till, p.payment.Intent.Order, money, offlineCards, s.now)
	s.stirs = append(s.stirs, stir{payment: e.payment, till: s.book.till, task: &task})
}

// localTask is what the wallet is to do for a QR of the till's own; nil for everything else, and for one that nobody could recognise.
func localTask(till pos.TillID, intent *record.Intent, shown *record.Presented, now int64) *wallet.Task {
	amount := pos.Money{Amount: intent.Amount, Currency: intent.Currency}
	if intent.Source != record.FromTill || shown.Reference == "" || shown.ExpiresAt <= 0 || amount.Amount <= 0 || amount.CheckPayable() != nil {
		return nil
	}
	return &wallet.Task{Payment: intent.Payment, Till: till, Order: intent.Order, Kind: wallet.Local, Scheme: shown.Scheme, Amount: amount,
		Reference: shown.Reference, Expires: shown.ExpiresAt, Stage: wallet.Accepted, Status: pos.Pending, Began: now, Next: now}
}

// takes says whether an acquirer reports the money of a scheme.
func (c *Custody) takes(scheme string) bool { return c.route != nil && c.route(scheme) != "" }

// writeStirs puts what was noted into the tables of the wallet. A payment that is there already stays as it is. The payments are locked first: who
// begins one at the same time is either there to be told, or finds afterwards what the records say of it.
func (s *sitting) writeStirs() error {
	locks := make([]string, len(s.stirs))
	for i := range s.stirs {
		locks[i] = paymentLock(s.stirs[i].payment)
	}
	if err := s.tx.LockAll(s.ctx, locks...); err != nil {
		return err
	}
	for _, one := range s.stirs {
		if err := s.writeStir(&one); err != nil {
			return err
		}
	}
	return nil
}

func (s *sitting) writeStir(one *stir) error {
	if one.lost {
		return s.custody.writtenOff(s.ctx, s.tx, one.payment, one.till)
	}
	if one.task == nil {
		_, err := s.tx.Exec(s.ctx, "UPDATE tasks SET wish = 1 WHERE payment = ? AND till = ? AND wish = 0", one.payment.String(), string(one.till))
		return err
	}
	state, err := json.Marshal(one.task)
	if err != nil {
		return err
	}
	_, err = s.tx.Exec(s.ctx, addTask, one.payment.String(), string(one.till), wire.Partition(one.till), s.custody.route(one.task.Scheme), one.task.Next, state)
	return err
}

// paymentLock is the name of the lock of what the wallet's tables hold of a payment.
func paymentLock(payment pos.PaymentID) string { return "payment/" + payment.String() }

// stir tells that the tables of the wallet were written by someone else than the wallet.
func (c *Custody) stir() {
	select {
	case c.stirred <- struct{}{}:
	default:
	}
}
