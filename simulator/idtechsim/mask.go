package idtechsim

import (
	"strings"

	"github.com/tillproof/tillproof/drivers/idtech/codec"
)

// mask hides a track as the settings want: leading and last digits of the number stay, the name and the separators do, and the expiry where it is shown.
func (m *Memory) mask(track string) string {
	if track == "" {
		return ""
	}
	star := string(m.setting(0x4B))
	out := []byte(strings.Repeat(star, len(track)))
	number, name, rest := parts(track)
	out[0] = track[0]
	for i := number.from; i < number.to; i++ {
		if i-number.from < digitOf(m.setting(codec.PrePAN)) || number.to-i <= digitOf(m.setting(codec.PostPAN)) {
			out[i] = track[i]
		}
	}
	copy(out[name.from:name.to], track[name.from:name.to])
	for i := range track {
		if track[i] == '^' || track[i] == '=' || track[i] == '?' {
			out[i] = track[i]
		}
	}
	if m.is(codec.ShowExpiry, '1') && len(track) >= rest+4 {
		copy(out[rest:rest+4], track[rest:rest+4])
	}
	return string(out)
}

type span struct{ from, to int }

// parts finds number, name and what follows them on a track with sentinels.
func parts(track string) (number, name span, rest int) {
	number.from = 1
	if track[0] == '%' {
		number.from = 2
	}
	number.to = len(track)
	if at := strings.IndexAny(track, "=^"); at >= 0 {
		number.to = at
	}
	rest = min(number.to+1, len(track))
	if track[0] != '%' {
		return number, span{}, rest
	}
	name = span{rest, rest}
	if at := strings.IndexByte(track[rest:], '^'); at >= 0 {
		name.to = rest + at
		rest += at + 1
	}
	return number, name, rest
}

// digitOf reads a small number, binary or as a character.
func digitOf(value []byte) int {
	switch {
	case len(value) != 1:
		return 0
	case value[0] >= '0':
		return int(value[0] - '0')
	}
	return int(value[0])
}
