package hypercomsim

import (
	"fmt"
	"strings"

	"github.com/tillproof/tillproof/drivers/hypercom/codec"
	"github.com/tillproof/tillproof/pos"
)

// settlement hands the batch to the hosts, and begins a new one.
func (s *session) settlement(m codec.Message) error {
	card, refused := s.t.card(true)
	if refused {
		s.nak()
		return nil
	}
	s.begin(m, card.Link)
	if ended, err := s.customer(card); err != nil {
		return err
	} else if ended {
		card.Do = Abort
	}
	if !card.Do.approves() {
		return s.finish(s.refusal(m, Transaction{}, card), Event{}, card)
	}
	answer := s.totals(m)
	var done Settlement
	if err := s.t.change(func(memory *Memory) { done = memory.settle() }); err != nil {
		return err
	}
	s.t.tell(Event{Moment: Settled, Command: m.Code, Amount: done.Amount})
	return s.finish(answer, Event{Good: true, Amount: done.Amount}, card)
}

// totals tells the open batch, in one group of fields a host.
func (s *session) totals(m codec.Message) codec.Message {
	answer, memory := s.reply(m, approved), s.t.Memory()
	for n, name := range s.t.options.Hosts {
		add(&answer, "D3", name)
		add(&answer, "16", memory.TerminalID)
		add(&answer, "D1", memory.MerchantID)
		add(&answer, "50", fmt.Sprintf("%06d", memory.Batch))
		count := 0
		for i, sum := range s.sums(memory, n) {
			count += sum.Count
			add(&answer, fmt.Sprint(80+i), codec.Total(s.width(), sum.Count, int64(sum.Amount)))
		}
		if s.t.options.WideTotals {
			add(&answer, "87", fmt.Sprintf("%016d", count))
		} else {
			add(&answer, "87", fmt.Sprintf("%04d", count))
		}
	}
	return answer
}

func (s *session) width() int {
	if s.t.options.WideTotals {
		return codec.LongTotal
	}
	return codec.ShortTotal
}

// sums are the totals 80 to 86 of a host: sales, offline, voids, cashback, voids of it, refunds, voids of them.
func (s *session) sums(memory Memory, host int) (sums [7]pos.Sum) {
	const sales, voids, refunds = 0, 2, 5
	count := func(at int, t Transaction) {
		sums[at].Count, sums[at].Amount = sums[at].Count+1, sums[at].Amount+t.Amount
	}
	for _, t := range memory.open() {
		switch {
		case t.Host%len(s.t.options.Hosts) != host:
		case t.Kind == Void:
			count(voids, t)
		case t.Kind == Refund:
			count(refunds, t)
		case t.Counts() || s.t.options.VoidedInSales:
			count(sales, t)
		}
	}
	return sums
}

// detail tells every transaction of the open batch, in one group of fields each.
func (s *session) detail(m codec.Message) codec.Message {
	answer := s.reply(m, approved)
	for _, t := range s.t.Memory().open() {
		add(&answer, "65", fmt.Sprintf("%06d", t.Invoice))
		add(&answer, "64", fmt.Sprintf("%06d", t.Trace))
		add(&answer, "40", codec.Amount(int64(t.Amount)))
		add(&answer, "30", "************"+t.Last4)
		add(&answer, "03", t.At.Format("060102"))
		add(&answer, "04", t.At.Format("150405"))
		add(&answer, "D9", fmt.Sprintf("%-20s", t.label()))
	}
	return answer
}

// label names a transaction.
func (t Transaction) label() string {
	if t.Voided {
		return "VOIDED " + strings.ToUpper(string(t.Kind))
	}
	return strings.ToUpper(string(t.Kind))
}
