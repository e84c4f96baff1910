package zvtsim

import "time"

// conclude makes an open transaction final, or takes it back.
func (t *Terminal) conclude(trace int, takeBack bool) error {
	var told []Event
	err := t.change(func(m *Memory) {
		tx := m.find(trace)
		if tx == nil {
			return
		}
		tx.Open, tx.Doomed, tx.Reversed = false, false, takeBack
		if takeBack {
			told = append(told, tx.event(Reversed))
			return
		}
		told = append(told, tx.event(Final))
		if paid, ok := m.effect(*tx); ok {
			told = append(told, paid.event(Reversed))
		}
	})
	if err == nil {
		for _, e := range told {
			t.tell(e)
		}
	}
	return err
}

// event is a moment of a transaction.
func (t Transaction) event(moment Moment) Event {
	return Event{Moment: moment, Trace: t.Trace, Amount: t.Amount, Kind: t.Kind}
}

// leave is the end of an open transaction whose wire was lost: it is taken back, at once or when the till's time for an answer is over.
func (t *Terminal) leave(trace int) error {
	if t.options.KeepUnacknowledged || !t.options.ReverseLate {
		return t.conclude(trace, !t.options.KeepUnacknowledged)
	}
	var doomed Transaction
	err := t.change(func(m *Memory) {
		if tx := m.find(trace); tx != nil {
			tx.Doomed = true
			doomed = *tx
		}
	})
	if err != nil {
		return err
	}
	t.tell(doomed.event(Doomed))
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reversal.Add(1)
	t.late[trace] = time.AfterFunc(max(0, time.Until(doomed.At.Add(doomed.answer))), func() {
		defer t.reversal.Done()
		t.mu.Lock()
		delete(t.late, trace)
		t.mu.Unlock()
		_ = t.conclude(trace, true) // a memory that cannot be written shows at the next change
	})
	return nil
}
