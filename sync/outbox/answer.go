package outbox

import (
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/wire"
)

// receive looks at one message of down/ack. What is not signed by the platform, for this till, moves nothing.
func (p *pump) receive(message []byte) {
	ack, err := p.opts.Codec.OpenAck(message, p.opts.Platform)
	if err != nil || ack.Till != p.opts.Till {
		p.countAck(Refused)
		p.opts.Log.Warn("an acknowledgement is not the platform's for this till; it is ignored", "error", err)
		return
	}
	p.countAck(string(ack.State))
	place, err := p.opts.Source.Locate(ack.Mark)
	if err != nil {
		p.retryLater(err)
		return
	}
	p.acknowledged()
	p.probing, p.silent = false, 0
	if ack.State == wire.AckGap {
		p.gap(ack, place)
		return
	}
	p.taken(ack, place, message)
}

// taken handles an answer to a batch that is in the platform's custody.
func (p *pump) taken(ack *wire.Ack, place Place, proof []byte) {
	switch place {
	case Same:
		p.advance(ack.Mark, proof)
	case Beyond, Differs:
		p.diverged(ack, place)
	}
	if place == Elsewhere || place == Removed || ack.Last == nil || ack.State != wire.AckFork && place == Same {
		return
	}
	if own, err := p.opts.Source.Locate(*ack.Last); err == nil && own == Same {
		p.advance(*ack.Last, proof) // our branch is safe so far, although the platform goes by another one
	}
}

// gap goes back to where the platform misses something. The batches that were under way behind the lost one are answered with the
// same gap; these echoes must not make us start again each time.
func (p *pump) gap(ack *wire.Ack, place Place) {
	if len(p.flights) > 0 && !sameEpoch(p.flights[0].prev, ack.Mark) {
		return
	}
	back := ack.Mark
	if acked := p.opts.Source.Acked(); place == Same && back.Seq == 0 && sameEpoch(acked, back) && acked.Seq > 0 {
		back = record.Head{} // it had signed for this epoch and has never heard of it: what it has of earlier ones is not known either
	}
	switch place {
	case Elsewhere:
		return
	case Removed:
		p.bridge(ack)
		return
	case Beyond, Differs:
		p.diverged(ack, place)
		back = record.Genesis(p.opts.Till, ack.Mark.Epoch) // where the branches part is not known
	}
	if p.mark == back && p.echoes > 0 {
		p.echoes--
		return
	}
	echoes := max(0, len(p.flights)-1)
	p.goBack(back)
	p.echoes = echoes
}

// bridge deals with a platform that lacks what was removed here after its retention. It had signed for it, and was restored from an older backup.
func (p *pump) bridge(ack *wire.Ack) {
	p.opts.Log.Error("the platform has lost records that it had signed for and that were removed here; a new epoch names them and brings what follows",
		"till", p.opts.Till, "epoch", ack.Mark.Epoch, "seq", ack.Mark.Seq)
	if err := p.opts.Source.Diverged(ack.Mark, record.Damaged); err != nil {
		p.retryLater(err)
		return
	}
	p.goBack(p.mark)
}

// diverged reports a platform that holds what does not fit our newest epoch. About an epoch that was left already there is nothing
// to report.
func (p *pump) diverged(ack *wire.Ack, place Place) {
	if !sameEpoch(ack.Mark, p.opts.Source.Head()) {
		return
	}
	reason := record.Forked
	if place == Beyond && ack.State != wire.AckFork {
		reason = record.Restored
	}
	p.opts.Log.Warn("the platform holds other records of this journal's epoch; a new epoch begins", "reason", reason, "seq", ack.Mark.Seq)
	if err := p.opts.Source.Diverged(ack.Mark, reason); err != nil {
		p.retryLater(err)
	}
}

// advance moves the mark to a record of ours that is in custody. Old news moves nothing.
func (p *pump) advance(to record.Head, proof []byte) {
	current := sameEpoch(to, p.mark) || len(p.flights) > 0 && sameEpoch(to, p.flights[0].prev)
	if !current || covers(p.mark, to) {
		return
	}
	if acked := p.opts.Source.Acked(); to.Seq > 0 && !reaches(acked, to) {
		if err := p.opts.Source.Acknowledge(to, proof); err != nil {
			p.retryLater(err)
			return
		}
	}
	p.failed(nil)
	p.mark, p.echoes = to, 0
	p.land()
}

// land ends the flights that the mark covers.
func (p *pump) land() {
	for len(p.flights) > 0 && covers(p.mark, p.flights[0].last) {
		p.flights = p.flights[1:]
	}
	p.renew()
	p.answered(len(p.flights) > 0)
}
