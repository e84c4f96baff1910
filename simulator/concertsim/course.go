package concertsim

import (
	"time"

	"github.com/tillproof/tillproof/pos"
)

// course is one command from its frame to the delivery of its answer.
type course struct {
	request request
	card    Card
	timer   *time.Timer
	decided bool
	verdict verdict
}

// event is a moment of a command that has been decided.
func (c *course) event(moment Moment) Event {
	return Event{Moment: moment, Kind: c.request.kind, Good: c.verdict.good && !c.verdict.silent, Number: c.verdict.tx.Number, Amount: c.request.amount,
		Private: c.request.private}
}

// verdict is how a command ended.
type verdict struct {
	good   bool
	reason string // AF
	tx     Transaction
	mute   bool // nothing is told
	silent bool // a state is told that decides nothing
}

// begin starts the customer's part of a command. It goes on whatever happens to the wire.
func (t *Terminal) begin(r request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := &course{request: r, card: t.takeCard(r)}
	t.course = c
	t.timers.Add(1)
	c.timer = time.AfterFunc(c.card.After, func() {
		defer t.timers.Done()
		t.decide(c)
	})
}

// takeCard takes the next card; a question needs none. The caller holds the lock.
func (t *Terminal) takeCard(r request) Card {
	if r.kind == "" {
		return Card{}.withDefaults(10 * time.Millisecond)
	}
	c := t.usual
	if len(t.cards) > 0 {
		c = t.cards[0]
		t.cards = t.cards[1:]
	}
	return c.withDefaults(t.options.CardAfter)
}

// decide ends the customer's part: what is approved is in the memory before anybody is told.
func (t *Terminal) decide(c *course) {
	v := t.judge(c)
	if v.tx.Number > 0 {
		t.tell(Event{Moment: Stored, Kind: c.request.kind, Good: true, Number: v.tx.Number, Amount: c.request.amount, Private: c.request.private})
	}
	t.mu.Lock()
	c.decided, c.verdict = true, v
	if v.mute || !t.plugged && !t.options.Persistent {
		t.course = nil
	}
	t.mu.Unlock()
	t.tell(c.event(Ended))
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// judge decides on a command and books it.
func (t *Terminal) judge(c *course) verdict {
	if c.request.kind == "" {
		return t.question(c.request)
	}
	v := verdict{reason: c.reason(), mute: c.card.Do == Silent, silent: c.card.Do == NotVerified || c.card.Do == TakenOn}
	if c.request.currency != number(t.Memory().Currency) {
		v.reason, v.mute, v.silent = "13", false, false
		return t.refuse(c, v)
	}
	if !c.card.Do.takes() {
		return t.refuse(c, v)
	}
	tx := Transaction{Kind: c.request.kind, Amount: c.request.amount, Currency: t.options.Currency, At: time.Now(), Register: c.request.register,
		Private: c.request.private, Brand: c.card.Brand, Last4: c.card.Last4}
	err := t.change(func(m *Memory) { v.tx, v.good = m.book(tx) })
	if err != nil || !v.good {
		v.good, v.tx, v.reason = false, Transaction{}, "10"
		return t.refuse(c, v)
	}
	return v
}

// reason is AF of a course.
func (c *course) reason() string {
	switch c.card.Do {
	case Decline, Contradict:
		return c.card.Reason
	case CustomerAbort:
		return "06"
	}
	return "01"
}

func (t *Terminal) refuse(c *course, v verdict) verdict {
	_ = t.change(func(m *Memory) {
		m.refuse(Refusal{Private: c.request.name(), Kind: c.request.kind, Amount: c.request.amount, Reason: v.reason})
	}) // a memory that cannot be written shows at the next change
	return v
}

// question answers what moves no money: duplicate, collection, the status of a transaction. Anything else is an unknown action.
func (t *Terminal) question(r request) verdict {
	switch {
	case r.action == "3":
		m := t.Memory()
		if len(m.Transactions) == 0 {
			return verdict{reason: "10"}
		}
		return verdict{good: true, reason: "01", tx: m.Transactions[len(m.Transactions)-1].asDuplicate()}
	case r.action == "B":
		var c Collection
		if err := t.change(func(m *Memory) { c = m.collect(time.Now()) }); err != nil {
			return verdict{reason: "07"}
		}
		t.tell(Event{Moment: Collected, Good: true, Amount: c.Amount})
		return verdict{good: true, reason: "01"}
	case r.action == "T" && t.options.PayXpert:
		return t.status(r)
	}
	return verdict{reason: "12"}
}

// asDuplicate keeps a transaction from being taken for a new one.
func (t Transaction) asDuplicate() Transaction {
	t.Number = 0
	return t
}

// status finds a transaction or a refusal by the till's name for it.
func (t *Terminal) status(r request) verdict {
	m := t.Memory()
	for i := len(m.Transactions) - 1; i >= 0; i-- {
		if tx := m.Transactions[i]; tx.Private == r.name() {
			return verdict{good: true, reason: "01", tx: tx.asDuplicate()}
		}
	}
	for i := len(m.Refusals) - 1; i >= 0; i-- {
		if no := m.Refusals[i]; no.Private == r.name() {
			return verdict{reason: no.Reason, tx: Transaction{Kind: no.Kind, Amount: no.Amount}}
		}
	}
	return verdict{reason: "10"}
}

func number(c pos.Currency) string { return threeDigits(c.Numeric()) }
