package zvt

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/zvt/codec"
	"github.com/tillproof/tillproof/pos"
)

// Chores lists what a technician can have done, in the order of the commands' numbers (PA00P015).
func (t *terminal) Chores() []drivers.Chore {
	return []drivers.Chore{drivers.Restart, drivers.PrintConfig, drivers.Diagnosis, drivers.SetClock, drivers.Initialise}
}

// Service does a chore: 06 18, 06 1A, 06 70, 06 91 or 06 93. Slips that come through the till stand in the text, a line each. After a restart
// the wire may be lost, and the terminal is away for about a minute.
func (t *terminal) Service(ctx context.Context, chore drivers.Chore, progress func(drivers.Progress)) (string, error) {
	command, words, err := t.chore(chore)
	if err != nil {
		return "", err
	}
	slips := receipts{charset: t.charset}
	var clock string
	err = t.look(ctx, command, listener{progress: progress, receipts: &slips, clock: func(fields codec.Fields) {
		clock = t.report(fields).timestamp()
	}})
	if err != nil {
		return "", lookFailed(choreName(chore), err)
	}
	t.refresh(ctx, chore)
	text := []string{words}
	if clock != "" {
		text = append(text, fmt.Sprintf("The host's clock says %s, the till's %s.", clock, time.Now().Format(time.DateTime)))
	}
	for _, slip := range slips.all() {
		text = append(text, slip.Lines...)
	}
	return strings.Join(text, "\n"), nil
}

// chore builds the command, and says what it means that the terminal did it.
func (t *terminal) chore(chore drivers.Chore) (command codec.APDU, words string, err error) {
	var b *codec.Builder
	switch chore {
	case drivers.Restart:
		b, words = codec.Build(0x06, 0x18), "The terminal restarts; it is back in about a minute."
	case drivers.PrintConfig:
		b, words = codec.Build(0x06, 0x1A), "The terminal printed its configuration."
	case drivers.Diagnosis:
		b, words = t.diagnosis(), "The terminal reached its host; the diagnosis is good."
	case drivers.SetClock:
		now := time.Now()
		b, words = setClock(t.options.password, now), "The terminal's clock is set to "+now.Format(time.DateTime)+"."
	case drivers.Initialise:
		b, words = codec.Build(0x06, 0x93).Digits(t.options.password, 3), "The terminal is initialised."
	default:
		return codec.APDU{}, "", pos.NewError(notPossible, pos.Permanent, pos.NoneMoved,
			fmt.Sprintf("A ZVT terminal has no function %q.", string(chore)), "Choose one that the terminal's list names.")
	}
	command, err = b.APDU()
	return command, words, err
}

// diagnosis is 06 70, with its type (TLV 1B) where the shop's terminal wants to be told one.
func (t *terminal) diagnosis() *codec.Builder {
	b := codec.Build(0x06, 0x70)
	if t.options.diagnosis > 0 {
		b.TLV(codec.AppendTLV(nil, codec.TagDiagnosis, []byte{t.options.diagnosis}))
	}
	return b
}

// setClock is 06 91 with the till's date and time of day.
func setClock(password uint64, now time.Time) *codec.Builder {
	return codec.Build(0x06, 0x91).Digits(password, 3).
		Number(codec.FullDate, uint64(now.Year()%100*10000+int(now.Month())*100+now.Day())).
		Number(codec.TimeOfDay, uint64(now.Hour()*10000+now.Minute()*100+now.Second()))
}

// refresh registers again after a chore that may have changed what the terminal wants. A failure shows at the next command.
func (t *terminal) refresh(ctx context.Context, chore drivers.Chore) {
	t.registered = false
	if chore != drivers.Restart {
		_ = t.register(ctx)
	}
}

func choreName(chore drivers.Chore) string { return strings.ReplaceAll(string(chore), "_", " ") }
