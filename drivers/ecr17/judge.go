package ecr17

import (
	"strconv"
	"time"

	"github.com/tillproof/tillproof/drivers"
)

// judge compares the terminal's last result with the unfinished command. sure says that a command that was not booked cannot be booked later.
func (t *terminal) judge(p drivers.Pending, last stored) (r drivers.Recovery, sure bool) {
	held := charging(p.Stored)
	switch {
	case last.reply == nil:
		return t.undecided(p, "The terminal tells no last result."), false
	case held != nil:
		return t.judgeHeld(p, held, last), false
	case p.Stored != nil && p.Stored.Code == last.outcome && p.Stored.Trace == last.stan:
		return verdict(drivers.NotCharged, "The terminal had told already that it refused this %s, and tells the same.", deedOf(p.What)), true
	case last.stan == noStan && last.outcome == resultOK: // one like any other, were the terminal to count none
		return t.undecided(p, "The terminal's last result is an approval without a number."), false
	case last.stan != "" && last.stan == p.Before.Trace:
		return verdict(drivers.NotCharged, "The terminal's last result is STAN %s, the one before this %s.", last.stan, deedOf(p.What)), false
	case p.Before.Untold:
		return t.undecided(p, "The terminal tells "+called(last)+" as its last result; before, it told none."), false
	case older(last.stan, p.Before.Trace):
		return t.undecided(p, "The terminal's last result, "+called(last)+", is older than the one before, STAN "+p.Before.Trace+"."), false
	case last.outcome == resultOK:
		return t.judgeNewer(p, last), false
	}
	return t.judgeRefusal(p, last), false
}

// judgeHeld judges a command whose approval was durable and perhaps not acknowledged: the terminal must tell that very one.
func (t *terminal) judgeHeld(p drivers.Pending, held *drivers.Result, last stored) drivers.Recovery {
	if last.stan == "" || held.Trace != last.stan || last.outcome != resultOK {
		return t.undecided(p, "The terminal had approved this as STAN "+held.Trace+"; its last result is "+called(last)+".")
	}
	if last.priced && last.result.Amount != held.Amount {
		return t.undecided(p, "The terminal's last result, "+called(last)+", is over "+last.result.Amount.String()+" instead of "+held.Amount.String()+".")
	}
	r := verdict(drivers.Charged, "The terminal's last result is STAN %s, which it had told for this %s.", last.stan, deedOf(p.What))
	r.Result = last.result
	r.Result.Amount = held.Amount
	return r
}

// judgeRefusal judges a refusal as last result. Only the one with the very next number shows that nothing came between it and the base line.
func (t *terminal) judgeRefusal(p drivers.Pending, last stored) drivers.Recovery {
	if _, known := meaningOf(last.outcome); !known {
		return t.undecided(p, "The terminal's last result, "+called(last)+", has a code that nobody knows.")
	}
	if next(p.Before.Trace, last.stan) {
		return verdict(drivers.NotCharged, "The terminal's last result, %s, is a refusal (%s), and the next one after that before this %s.",
			called(last), last.outcome, deedOf(p.What))
	}
	return t.undecided(p, "The terminal's last result, "+called(last)+", is a refusal, and does not show what came before it.")
}

// judgeNewer judges an approval that came after the base line.
func (t *terminal) judgeNewer(p drivers.Pending, last stored) drivers.Recovery {
	found := "The terminal's last result, " + called(last) + ", "
	switch {
	case last.stan == "":
		return t.undecided(p, "The terminal's last result is an approval without a number.")
	case last.foreign:
		return t.undecided(p, found+"is of a pre-authorisation.")
	case p.What == drivers.VoidOf && !last.reversal, p.What != drivers.VoidOf && last.reversal:
		return t.undecided(p, found+"is new and no "+string(deedOf(p.What))+".")
	case p.What != drivers.VoidOf && !last.priced:
		return t.undecided(p, found+"is new and tells no amount.")
	case last.priced && last.result.Amount != p.Amount:
		return t.undecided(p, found+"is new but over "+last.result.Amount.String()+" instead of "+p.Amount.String()+".")
	case t.beforeIntent(p, last):
		return t.undecided(p, found+"is new, but its time lies before this "+string(deedOf(p.What))+".")
	}
	r := verdict(drivers.Charged, "%s over %s, is new and fits this %s.", found[:len(found)-2], p.Amount, deedOf(p.What))
	r.Result = last.result
	r.Result.Amount = p.Amount // a reversal tells none: it takes the whole payment back
	return r
}

// beforeIntent says whether the terminal's own clock shows that a transaction is older than the command. A clock that is wrong by months shows nothing.
func (t *terminal) beforeIntent(p drivers.Pending, last stored) bool {
	if p.Begun.IsZero() || !t.timed {
		return false
	}
	return before(last.moment, p.Begun.Add(t.clock), time.Now().Add(t.clock))
}

// undecided says what a person does, since the terminal cannot tell.
func (t *terminal) undecided(p drivers.Pending, why string) drivers.Recovery {
	steps := " Look at the terminal: have it print its list of operations, or its totals, from its own menu. If there is a payment of " + p.Amount.String() +
		" at the time of this sale, it was charged; if there is none, it was not. Keep the slip, and tell the till what it says."
	if p.What == drivers.VoidOf {
		steps = " Look at the terminal: have it print its list of operations from its own menu. If there is a reversal (STORNO) of the payment of " +
			p.Amount.String() + ", STAN " + p.Of.Trace + ", it was taken back; if there is none, it was not. Keep the slip, and tell the till what it says."
	}
	return drivers.Recovery{Verdict: drivers.Undecided, Text: why + steps}
}

// charging is a durable result that claims the money.
func charging(stored *drivers.Result) *drivers.Result {
	if stored == nil || stored.Decision != drivers.Approved {
		return nil
	}
	return stored
}

// called is how the evidence calls a result.
func called(s stored) string {
	if s.stan == "" {
		return "one without a number"
	}
	return "STAN " + s.stan
}

// stans is how many STANs there are: 000000 is none of them, and after 999999 comes 000001.
const stans = 999_999

// distance is how many transactions a STAN comes after another, the shorter way round; ok only when both are numbers.
func distance(from, to string) (n int, ok bool) {
	a, errA := strconv.Atoi(from)
	b, errB := strconv.Atoi(to)
	if errA != nil || errB != nil || a == 0 || b == 0 {
		return 0, false
	}
	n = ((b-a)%stans + stans) % stans
	if n > stans/2 {
		n -= stans
	}
	return n, true
}

func next(from, to string) bool {
	n, ok := distance(from, to)
	return ok && n == 1
}

// older says whether a STAN comes before another.
func older(stan, than string) bool {
	n, ok := distance(than, stan)
	return ok && n < 0
}
