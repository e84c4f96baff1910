package zvt

import (
	"context"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

// listener is told what comes on the way of a command that moves no money. A nil member is not interested.
type listener struct {
	result   func(codec.Fields) // of each 04 0F
	receipts *receipts          // of the print commands
	progress func(drivers.Progress)
	clock    func(codec.Fields) // of 04 01
}

// complete sends a command that moves no money and follows it to its end. The data of 06 0F come back; the end 06 1E is a *refusal.
func (t *terminal) complete(ctx context.Context, a codec.APDU, to listener) ([]byte, error) {
	if err := t.command(ctx, a); err != nil {
		return nil, err
	}
	t4 := t.options.t4
	until := time.Now().Add(t4)
	for {
		m, err := t.await(ctx, until)
		if err != nil {
			return nil, err
		}
		if !m.Reply() {
			t4 = rearmed(m, t4)
			until = time.Now().Add(t4)
		}
		err = t.tell(m, to)
		switch {
		case m.Is(0x06, 0x0F):
			return m.Data, nil
		case m.Is(0x06, 0x1E):
			return nil, failure(m)
		case err != nil:
			return nil, err
		}
	}
}

// rearmed is T4 after a message of the terminal: 04 FF may set another one, in minutes (PA00P015, intermediate status).
func rearmed(m codec.APDU, t4 time.Duration) time.Duration {
	if step, ok := parseIntermediate(codec.CP437, m.Data); ok && m.Is(0x04, 0xFF) && step.minutes > 0 {
		return time.Duration(step.minutes) * time.Minute
	}
	return t4
}

// tell hands a message to who listens for it, and answers it.
func (t *terminal) tell(m codec.APDU, to listener) error {
	switch {
	case m.Is(0x04, 0x0F) && to.result != nil:
		fields, _, _ := codec.ParseFields(m.Data)
		to.result(fields)
		return t.reply(accepted())
	case m.Is(0x04, 0x01) && to.clock != nil:
		fields, _, _ := codec.ParseFields(m.Data)
		to.clock(fields)
	case m.Is(0x04, 0xFF) && to.progress != nil:
		if step, ok := parseIntermediate(t.charset, m.Data); ok {
			to.progress(step.progress())
		}
	case m.Is(0x06, 0xD1) && to.receipts != nil:
		to.receipts.line(m.Data)
	case m.Is(0x06, 0xD3) && to.receipts != nil:
		to.receipts.block(m.Data)
	}
	return t.stray(m)
}
