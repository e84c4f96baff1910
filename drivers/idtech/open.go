package idtech

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/idtech/codec"
	"github.com/tillproof/tillproof/drivers/stx"
)

// keysLow is the counter above which the reader should be filled with new keys soon: about 65,000 of a million swipes are left.
const keysLow = 0x1F0000

const keysLowText = "The card reader's keys come to their end. Have it filled with new ones soon."

// Open implements [drivers.CardReader].
func (r *reader) Open(ctx context.Context) (drivers.ReaderInfo, error) {
	info, err := r.prove(ctx)
	if err == nil {
		err = r.configure(ctx)
	}
	if err != nil {
		return drivers.ReaderInfo{}, r.unavailable(err)
	}
	return r.believe(info), nil
}

// believe notes who has proved himself.
func (h *head) believe(info drivers.ReaderInfo) drivers.ReaderInfo {
	h.proven, h.serial = true, info.Serial
	h.last, h.swiped = info.KSN, false
	if drivers.KSNCounter(info.KSN) > keysLow {
		info.Notice = keysLowText
	}
	return info
}

// prove asks for everything by which a reader is trusted.
func (r *reader) prove(ctx context.Context) (drivers.ReaderInfo, error) {
	level, err := r.level(ctx)
	if err != nil {
		return drivers.ReaderInfo{}, err
	}
	if err := r.encrypts(ctx); err != nil {
		return drivers.ReaderInfo{}, err
	}
	serial, err := r.optional(ctx, codec.SerialNumber)
	if err != nil {
		return drivers.ReaderInfo{}, err
	}
	ksn, err := r.optional(ctx, codec.NextKSN)
	if err != nil {
		return drivers.ReaderInfo{}, err
	}
	info := drivers.ReaderInfo{Serial: stx.Printable(serial), Level: fmt.Sprintf("%c: %s", level, levelText(level))}
	if len(ksn) == drivers.KSNSize {
		info.KSN = ksn
	}
	return info, nil
}

// level asks for the security level and refuses those that do not encrypt. A reader that does not tell may be tampered with.
func (r *reader) level(ctx context.Context) (byte, error) {
	value, err := r.ask(ctx, codec.SecurityLevel)
	switch {
	case errors.Is(err, errRefused):
		return 0, inClear("The card reader does not tell whether it encrypts.")
	case err != nil:
		return 0, err
	case len(value) != 1 || !strings.Contains("01234", string(value)):
		return 0, inClear("The card reader tells a security level that nobody knows.")
	case value[0] == '0':
		return 0, usedUp()
	case value[0] < '3':
		return 0, inClear(fmt.Sprintf("The card reader does not encrypt (security level %c, %s).", value[0], levelText(value[0])))
	}
	return value[0], nil
}

// encrypts refuses a reader whose encryption is off. One that does not know the question has told its level.
func (r *reader) encrypts(ctx context.Context) error {
	value, err := r.optional(ctx, codec.Encryption)
	if err != nil {
		return err
	}
	if value != nil && string(value) != "1" && string(value) != "2" {
		return inClear("The card reader's encryption is switched off.")
	}
	return nil
}

// optional is ask for what not every reader knows: nil then.
func (r *reader) optional(ctx context.Context, function byte) ([]byte, error) {
	value, err := r.ask(ctx, function)
	if errors.Is(err, errRefused) {
		return nil, nil
	}
	return value, err
}
