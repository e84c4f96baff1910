package idtech

import (
	"bytes"
	"context"
	"errors"

	"github.com/tillproof/tillproof/drivers/idtech/codec"
)

// encryptAll is the value of setting 84 that encrypts every card and masks those of banks.
const encryptAll = 0x17

// shownDigits is how many leading digits may be shown (PCI DSS 3.4.1).
const shownDigits = 6

// configure sets what the options want. What the reader refuses stays as it is: every swipe is judged by itself.
func (r *reader) configure(ctx context.Context) error {
	o := r.options
	for _, s := range []struct {
		function byte
		wanted   bool
		value    func(now []byte) []byte
	}{
		{codec.EncryptOption, o.encrypt != keep, always(encryptAll)},
		{codec.Enhanced, o.format != keep, always('1')},
		{codec.ShowExpiry, o.expiry != keep, always(onOff(o.expiry == "show"))},
		{codec.PrePAN, o.bin != keep, digits},
	} {
		if !s.wanted {
			continue
		}
		if err := r.makeSo(ctx, s.function, s.value); err != nil {
			return err
		}
	}
	return nil
}

// makeSo reviews a setting, sets it where it differs, and reviews it again: a reader keeps its settings in a memory that wears out.
func (r *reader) makeSo(ctx context.Context, function byte, wanted func(now []byte) []byte) error {
	now, err := r.optional(ctx, function)
	if err != nil || now == nil {
		return err
	}
	value := wanted(now)
	if bytes.Equal(now, value) {
		return nil
	}
	switch err := r.set(ctx, function, value...); {
	case errors.Is(err, errRefused), errors.Is(err, errSilent):
		return nil
	case err != nil:
		return err
	}
	_, err = r.optional(ctx, function)
	return err
}

func always(value byte) func([]byte) []byte {
	return func([]byte) []byte { return []byte{value} }
}

// digits is the number of shown digits in the form that the reader tells it in: papers do not agree whether it is a number or a character.
func digits(now []byte) []byte {
	if len(now) == 1 && now[0] < '0' {
		return []byte{shownDigits}
	}
	return []byte{'0' + shownDigits}
}

func onOff(on bool) byte {
	if on {
		return '1'
	}
	return '0'
}
