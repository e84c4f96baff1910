package ecr17sim

import (
	"time"

	"github.com/tillproof/tillproof/drivers/ecr17/codec"
)

// closing answers C: the batch goes to the host, and counting begins anew.
func (s *session) closing(m codec.Message) error {
	card := s.t.card(true)
	if s.t.refuses(true) {
		s.nak()
		return nil
	}
	s.begin(m, card)
	if err := s.present(card); err != nil {
		return err
	}
	answer := s.reply('C', 44)
	var done Settlement
	if card.Do.approves() {
		err := s.t.change(func(m *Memory) {
			done = m.batch()
			done.At = time.Now()
			for i := range m.Transactions {
				m.Transactions[i].Settled = true
			}
			m.Settlements = append(m.Settlements, done)
		})
		if err != nil {
			return err
		}
		s.t.tell(Event{Moment: Settled, Amount: done.Amount})
		answer.Number(13, 28, uint64(done.Amount))
		answer.Number(29, 44, uint64(done.Amount+s.t.options.HostDiffers))
	} else {
		copy(answer[10:12], "01")
		answer.Text(13, 31, "HOST NON RISPONDE")
		copy(answer[31:34], "909")
		answer = s.short(answer, 34)
	}
	return s.finish(answer, Event{Good: card.Do.approves(), Amount: done.Amount}, card)
}
