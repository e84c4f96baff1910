package hypercom

import (
	"crypto/sha256"
	"strconv"
	"time"

	"github.com/tillproof/tillproof/drivers"
)

// lateReply is a result that came when nobody waited for it.
type lateReply struct {
	reply
	older bool // it was heard before the command that was sent last, and is none of it
}

// stray deals with an answer that nobody waits for, and wipes it. A result of a money command is kept as evidence and not acknowledged, because nobody
// makes it durable; so it is with the totals of an end of day.
func (t *terminal) stray(in *incoming) error {
	defer in.event.Wipe()
	p := t.options.profile
	switch in.message.Code {
	case t.known(in):
	case p.settlement.code:
		return nil
	case p.sale.code, p.void.code, p.refund.code:
		t.keepLate(readReply(in, t.currency))
		return nil
	}
	return t.line.Accept(&in.event)
}

// known is the code of a result that was acknowledged last and comes again, "" for any other.
func (t *terminal) known(in *incoming) string {
	if t.acked && sha256.Sum256(in.event.Payload) == t.taken {
		return in.message.Code
	}
	return ""
}

func (t *terminal) keepLate(r reply) {
	t.told = time.Now()
	if !t.isLate(r) {
		t.late = append(t.late[max(0, len(t.late)-mostLate+1):], lateReply{reply: r})
	}
}

func (t *terminal) isLate(r reply) bool {
	for _, late := range t.late {
		if late.reply == r {
			return true
		}
	}
	return false
}

// setAside takes note that what came until now is none of the command that is sent, or that runs.
func (t *terminal) setAside() {
	for i := range t.late {
		t.late[i].older = true
	}
}

// toldBefore says whether a result without a name is an older one: one in the same words, or an approval with the same number or of an earlier time. A
// refusal often has no number, and the next one the same words: it counts as told again only as long as a terminal repeats what nobody has acknowledged.
func (t *terminal) toldBefore(in *incoming, got reply) bool {
	again := t.known(in) != "" || t.isLate(got)
	if got.response != approvedCode {
		return again && time.Since(t.told) < sends*t.options.ack
	}
	return again || got.code == t.last.code && sameNumber(got.result.Trace, t.last.result.Trace) || t.aged(got)
}

// aged says whether an approval is older than the last one. A void may tell number and time of its sale.
func (t *terminal) aged(got reply) bool {
	return got.code != t.options.profile.void.code && got.code == t.last.code && earlierThan(got.result, t.last.result)
}

// earlierThan says whether a transaction is older than another one, by the terminal's own clock and by its number: by one alone it may be that the clock was
// set back, or that numbers began anew.
func earlierThan(a, b drivers.Result) bool {
	if a.Date == "" || b.Date == "" || a.Time == "" || b.Time == "" || a.Date+a.Time >= b.Date+b.Time {
		return false
	}
	return isNumber(a.Trace) && isNumber(b.Trace) && behind(a.Trace, b.Trace)
}

// behind says whether a number of six digits, which begins anew behind 999999, comes before another one.
func behind(a, b string) bool {
	const turn = 1_000_000
	m, _ := strconv.Atoi(a)
	n, _ := strconv.Atoi(b)
	return m != n && (n-m+turn)%turn < turn/2
}

// acknowledge lets the terminal forget a result.
func (t *terminal) acknowledge(in *incoming, got reply) error {
	t.taken, t.acked, t.told = sha256.Sum256(in.event.Payload), true, time.Now()
	if got.response == approvedCode {
		t.last = got
	}
	err := t.line.Accept(&in.event)
	t.clear = err == nil
	return err
}
