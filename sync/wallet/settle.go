package wallet

import (
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/acquirer"
)

// reply is what came of a call; with an error nothing is known.
type reply struct {
	answer acquirer.Answer
	issued acquirer.Issued
	err    error
}

// issueTries is how often a QR is asked for before the payment is given up.
const issueTries = 3

// watchBackoff is how many times longer than other tries an unclear look for late money is put off.
const watchBackoff = 10

// settle says what a reply makes of a task, and what the till must hear. The task is the one of now: the cashier may have
// cancelled during the call.
func (r rules) settle(t Task, did action, got reply, now int64) (Task, []Result) {
	switch {
	case did == issue:
		return r.issued(t, got, now)
	case did == expect:
		return r.expected(t, got, now), nil
	case did == capture:
		return r.captured(t, got, now)
	case did == giveBack:
		return r.givenBack(t, got, now)
	case got.err != nil || odd(t, got.answer):
		return r.unclear(t, did, now), nil
	}
	t.note(got.answer)
	switch got.answer.State {
	case acquirer.Paid:
		return r.paid(t, now)
	case acquirer.Reversed, acquirer.Refunded:
		return r.returned(t, now)
	case acquirer.Waiting:
		return r.waiting(t, did, now)
	}
	return r.unpaid(t, did, got.answer.State, now)
}

// odd says whether an answer cannot be about this task: then it proves nothing.
func odd(t Task, a acquirer.Answer) bool {
	if !a.State.Known() || !a.State.HasMoney() {
		return !a.State.Known()
	}
	switch {
	case a.Amount.Currency != t.Amount.Currency || a.Amount.Amount <= 0:
		return true
	case t.Stage == Refunding && a.State != acquirer.Paid:
		return a.Amount != t.rest() // part of it is still here
	}
	return t.Kind == Code && a.Amount != t.Amount
}

// note keeps what the acquirer says.
func (t *Task) note(a acquirer.Answer) {
	if a.Transaction != "" {
		t.Transaction = a.Transaction
	}
	if a.State.HasMoney() && t.Stage != Refunding {
		t.Paid = a.Amount
	}
	t.Code, t.Text = a.Code, a.Text
}

// unclear puts a task off that no answer came for. A call to the acquirer that settles the end is repeated until it answers.
func (r rules) unclear(t Task, did action, now int64) Task {
	switch {
	case t.Stage == Watched:
		t.later(now, watchBackoff*r.MaxBackoff)
	case t.Stage == Closing || t.Stage == Refunding || t.Kind == Local && r.over(t, now):
		t.later(now, r.MaxBackoff)
	default:
		return r.poll(t, did, now)
	}
	return t
}

// poll sets the next query of a payment that is not known to be paid. When its time is over and a last query has brought
// nothing, a code or an issued QR is cancelled, never before the scheme allows it.
func (r rules) poll(t Task, did action, now int64) Task {
	pause := ms(r.rule(t.Scheme).Interval)
	switch {
	case did == authorise:
		pause = ms(r.FirstQuery)
	case r.over(t, now) && t.Kind != Local:
		t.to(Closing, r.closing(t, now))
		return t
	}
	t.Next = min(now+pause, max(now, t.Expires))
	if t.Stop {
		t.Next = now
	}
	return t
}

// waiting is the answer that nothing has moved yet.
func (r rules) waiting(t Task, did action, now int64) (Task, []Result) {
	switch {
	case t.Stage == Watched, t.Kind == Local && t.Stage == Waiting && r.over(t, now):
		return r.unpaid(t, did, acquirer.Waiting, now)
	case t.Stage == Closing || t.Stage == Refunding:
		return r.unclear(t, did, now), nil
	}
	t.Stage = Waiting
	return r.poll(t, did, now), nil
}

// unpaid is the answer that no money is there and, unless it is absent, none will come.
func (r rules) unpaid(t Task, did action, state acquirer.State, now int64) (Task, []Result) {
	switch {
	case t.Stage == Refunding:
		return r.unclear(t, did, now), nil
	case t.Stage == Watched:
		return r.looked(t, now), nil
	case state == acquirer.Absent && t.Kind == Local:
		t.Stage = Asked // forgotten: to be announced again, so that late money finds its payment
		t.later(now, r.MaxBackoff)
		return t, nil
	case state == acquirer.Absent && did != cancel:
		t.to(Closing, r.closing(t, now)) // the call may still be on its way
		return t, nil
	case state == acquirer.Declined:
		return r.end(t, pos.Declined, reason{t.Code, t.Text}, now)
	}
	return r.end(t, endStatus(t, now), endReason(t, now), now)
}

// issued makes an issued QR known to the till.
func (r rules) issued(t Task, got reply, now int64) (Task, []Result) {
	switch {
	case t.Stop, got.err != nil && (t.Tries+1 >= issueTries || now >= t.Expires):
		t.to(Closing, now)
		return t, nil
	case got.err != nil || got.issued.Payload == "":
		t.later(now, r.MaxBackoff)
		return t, nil
	}
	t.QR, t.Expires = got.issued.Payload, got.issued.ExpiresAt
	t.to(Waiting, now)
	t = r.poll(t, query, now)
	shown := t.news(pos.Pending, reason{}, now)
	shown.QR, shown.ExpiresAt, shown.Amount = t.QR, t.Expires, t.Amount
	return t, []Result{shown}
}

// expected goes on when the acquirer knows the reference, and announces it again until it does.
func (r rules) expected(t Task, got reply, now int64) Task {
	if got.err != nil {
		t.later(now, r.MaxBackoff)
		return t
	}
	tries := t.Tries
	t.to(Waiting, now)
	t.Tries = tries // an acquirer that keeps forgetting is told ever more slowly
	if !r.over(t, now) && t.Tries > 0 {
		return r.poll(t, query, now)
	}
	return t // money may have come before the announcement: look at once
}
