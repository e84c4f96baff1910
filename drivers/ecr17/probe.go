package ecr17

import (
	"context"
	"errors"

	"github.com/tillproof/tillproof/drivers/ecr17/codec"
	"github.com/tillproof/tillproof/drivers/stx"
)

// probe finds out what the terminal's check bytes cover, with the status enquiry. A terminal answers a wrong check with NAK, or not at all.
func (t *terminal) probe(ctx context.Context) error {
	if !t.options.probes {
		t.line.Rules.Scope = t.options.scope
		_, err := t.status(ctx)
		t.probed = err == nil
		return err
	}
	t.line.AnyScope(true)
	defer t.line.AnyScope(false)
	var err error
	for range sends {
		if err = t.tryScopes(ctx); !errors.Is(err, stx.ErrNAK) {
			break // where somebody says NAK, noise may have spoilt the right one
		}
	}
	t.probed = err == nil
	return err
}

// tryScopes tries each scope once. The error is that of the last NAK, of the last silence when there was no NAK, or that of a wire that is gone.
func (t *terminal) tryScopes(ctx context.Context) (heard error) {
	for _, scope := range stx.Scopes() {
		t.line.Rules.Scope = scope
		done, err := t.tryScope(ctx, scope)
		switch {
		case done:
			return nil
		case err == nil:
		case errors.Is(err, stx.ErrNAK), !errors.Is(heard, stx.ErrNAK) && passes(err):
			heard = err
		case !passes(err):
			return err
		}
	}
	return heard
}

// tryScope asks once. The answer's scope counts: a terminal may take any and have one. One that differs from what was asked is asked again in its own,
// since a damaged check may look like that of another scope.
func (t *terminal) tryScope(ctx context.Context, scope stx.Scope) (done bool, err error) {
	question := codec.New('s', t.options.terminalID, 10)
	for _, again := range []bool{false, true} {
		e, err := t.exchange(ctx, question, "s", stx.Sending{Wait: t.options.ack, Sends: 1, Silent: 1, Asks: true})
		if err != nil {
			return false, err
		}
		t.readStatus(codec.Message(e.Payload))
		e.Wipe()
		if e.Scope == scope || again {
			return e.Scope == scope, nil
		}
		scope = e.Scope
		t.line.Rules.Scope = scope
	}
	return false, nil
}
