package engine

import (
	"context"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/view"
	"github.com/tillproof/tillproof/sync/wire"
)

// Ask asks device or platform now what became of a payment and of its operations, and returns the payment as it is after the answer or when ctx ends.
// It moves no money. A payment with nothing unknown is returned as it is.
func (e *Engine) Ask(ctx context.Context, id pos.PaymentID) (*view.Payment, error) {
	p, err := e.Payment(id)
	if err != nil {
		return nil, err
	}
	for _, t := range doubtful(p) {
		if err := e.askAbout(ctx, p, t.operation()); err != nil {
			return nil, err
		}
	}
	return e.Payment(id)
}

// askAbout finds who knows: the device that an operation or payment was on, or the platform.
func (e *Engine) askAbout(ctx context.Context, p *view.Payment, key pos.OperationKey) error {
	if o := p.Operation(key); o != nil && throughPlatform(p, o) {
		return e.askPlatform(func() { e.lookAtRefund(ctx, p, o) })
	} else if o != nil {
		return e.askDevice(ctx, o.Request.Device, p.Intent.Payment)
	}
	if p.Intent.Device != "" && !p.Intent.ByReader() {
		return e.askDevice(ctx, p.Intent.Device, p.Intent.Payment)
	}
	if !byPlatform(p) && !e.heldByPlatform(p) {
		return nil // the platform has not heard of it, and asking would close what a customer may still pay
	}
	return e.askPlatform(func() { e.carried(ctx, ask{payment: p.Intent.Payment, op: wire.OpQuery}) })
}

// askDevice lets whoever attends the device ask it now.
func (e *Engine) askDevice(ctx context.Context, device pos.DeviceName, id pos.PaymentID) error {
	s := e.station(device)
	if s == nil || device == "" {
		return errAskLater("The card terminal is not in the configuration any more.", "Put it back, or let a supervisor decide by its slip.", id)
	}
	if !s.attended() {
		return errAskLater("Device "+string(device)+" cannot be asked now.", "It is asked by itself as soon as it answers; look at its cable and power.", id)
	}
	answered := make(chan struct{})
	select {
	case s.questions <- answered:
	case <-ctx.Done():
		return nil
	}
	select {
	case <-answered:
	case <-ctx.Done():
	}
	return nil
}

// askPlatform asks it now, if it can be reached.
func (e *Engine) askPlatform(question func()) error {
	if e.opts.Platform == nil || !e.opts.Platform.Connected() {
		return pos.NewError("platform_unavailable", pos.Transient, pos.MoneyUnknown, "The platform cannot be reached now; the outcome is still unknown.",
			"Wait: it is asked by itself as soon as it answers.")
	}
	question()
	return nil
}

// errAskLater says that a device cannot be asked now. The question itself moves nothing; what became of the payment stays unknown.
func errAskLater(text, next string, id pos.PaymentID) error {
	return pos.NewError("device_unavailable", pos.Transient, pos.MoneyUnknown, text+" The outcome is still unknown.", next).With("payment", id)
}
