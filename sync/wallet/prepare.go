package wallet

import (
	"time"

	"github.com/tillproof/tillproof/pos"
)

// action is a call to the acquirer.
type action string

const (
	nothing   action = ""
	authorise action = "authorise"
	issue     action = "issue"
	expect    action = "expect"
	query     action = "query"
	cancel    action = "cancel"
	refund    action = "refund" // all that is left
	capture   action = "capture"
	giveBack  action = "give_back" // the oldest refund that a till has asked for
)

// rules decide without input or output what a task does next. Times are milliseconds since 1970-01-01 UTC.
type rules struct{ Settings }

// rule is what goes for a scheme.
func (r rules) rule(scheme string) Rule {
	if own, found := r.Rules[scheme]; found {
		return own
	}
	return RuleOf(scheme)
}

// begin fills in what the caller of Begin leaves to the loop.
func (r rules) begin(t Task, now int64) Task {
	t = Task{Payment: t.Payment, Till: t.Till, Merchant: t.Merchant, Order: t.Order, Kind: t.Kind, Scheme: t.Scheme, Amount: t.Amount,
		Reference: t.Reference, Expires: t.Expires, Stage: Accepted, Status: pos.Pending, Began: now, Next: now}
	switch {
	case t.Kind == Code:
		end := now + ms(r.rule(t.Scheme).GiveUp)
		if t.Expires > 0 {
			end = max(min(end, t.Expires), now+ms(r.Shortest))
		}
		t.Expires = end
	case t.Kind == QR && t.Expires == 0:
		t.Expires = now + ms(r.QRLifetime)
	}
	return t
}

// prepare says which call a due task makes. When changed is true the task must be durable, with the results, before the call
// leaves.
func (r rules) prepare(t Task, hasCode bool, now int64) (_ Task, did action, results []Result, changed bool) {
	switch t.Stage {
	case Accepted:
		switch {
		case t.Kind == Card && t.Unwanted:
			t.to(Done, 0) // the card terminal takes it back
			return t, nothing, nil, true
		case t.Kind == Card:
			return t, capture, nil, false // the same try may be made again
		}
		return r.first(t, hasCode, now)
	case Asked:
		return r.again(t, now)
	case Waiting, Watched:
		return t, query, nil, false
	case Closing:
		return t, cancel, nil, false
	case Refunding:
		return t, refund, nil, false
	case Returning:
		return t, giveBack, nil, false
	case Capturing:
		return t, capture, nil, false
	}
	return t, nothing, nil, false
}

// again is the safe call after a payment call that may have left: issuing and expecting may be repeated, authorising never. A
// QR whose time is over is not asked for any more.
func (r rules) again(t Task, now int64) (_ Task, did action, results []Result, changed bool) {
	switch {
	case t.Kind == Local:
		return t, expect, nil, false
	case t.Kind == Code:
		return t, query, nil, false
	case r.over(t, now):
		t.to(Closing, now)
		return t, cancel, nil, true
	}
	return t, issue, nil, false
}

// first marks the payment call as asked, or ends a task that nothing has left for and nothing may leave for any more.
func (r rules) first(t Task, hasCode bool, now int64) (_ Task, did action, results []Result, changed bool) {
	asked := t
	asked.Called = now
	asked.to(Asked, now+ms(r.FirstQuery))
	switch {
	case t.Kind == Local:
		return asked, expect, nil, true
	case t.Kind == Code && hasCode && !t.Stop:
		return asked, authorise, nil, true
	case t.Kind == QR && !t.Stop && t.Expires > now:
		return asked, issue, nil, true
	}
	t.to(Done, 0)
	t.Ended = now
	t, ended := t.result(pos.Cancelled, reasonOf(t, "not_sent", "The payment was not sent to the acquirer; nothing was taken."), now)
	return t, nothing, []Result{ended}, true
}

// over says whether the payment is to be ended.
func (r rules) over(t Task, now int64) bool { return t.Stop || now >= t.Expires }

// closing is the earliest time to cancel. The pause that a scheme wants counts from a payment call; closing a QR has none.
func (r rules) closing(t Task, now int64) int64 {
	if t.Kind != Code {
		return now
	}
	return max(now, t.Called+ms(r.rule(t.Scheme).CancelAfter))
}

// to moves a task to a stage.
func (t *Task) to(stage Stage, next int64) { t.Stage, t.Next, t.Tries = stage, next, 0 }

// later counts a try that brought nothing and puts the next one off, for most at the longest.
func (t *Task) later(now int64, most time.Duration) {
	t.Next = now + ms(min(most, time.Second<<min(t.Tries, 20)))
	t.Tries++
}

func ms(d time.Duration) int64 { return d.Milliseconds() }
