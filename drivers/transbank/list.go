package transbank

import (
	"context"
	"strings"

	"github.com/tillproof/tillproof/drivers"
)

// mostLines bounds a list of sales: a terminal's memory is smaller.
const mostLines = 20_000

// list asks for the sales since the last end of day (0260, then one 0261 a sale). It prints nothing and moves nothing. A line without an
// authorisation ends it; a [*refusal] says that the terminal will not tell it.
func (t *terminal) list(ctx context.Context) ([]told, error) {
	if t.options.kiosk {
		return nil, &refusal{notKnown}
	}
	if err := t.hand(ctx, t.options.list()); err != nil {
		return nil, err
	}
	var all []told
	for range mostLines {
		m, err := t.await(ctx, listed, nil, "0261")
		if err != nil {
			return nil, err
		}
		s := lineLayout().read(m)
		switch {
		case s.code == noSale:
			return all, nil
		case s.code != approved && isCode(s.code):
			return nil, &refusal{s.code}
		case s.auth == "":
			return all, nil
		}
		all = append(all, s)
	}
	return nil, errBusy
}

// newest is the sale with the highest operation number; no paper says in which order they come.
func newest(all []told) (last told) {
	most := uint64(0)
	for _, s := range all {
		if n, ok := number(s.operation); ok && n >= most {
			last, most = s, n
		}
	}
	return last
}

// lastSale asks for the last sale, the zero value when the terminal has none. A terminal of profile pos prints its voucher, Autoservicio
// only where prints says so. A [*refusal] says that it will not tell.
func (t *terminal) lastSale(ctx context.Context, prints bool) (told, error) {
	m, err := t.ask(ctx, t.options.lastSale(prints), nil, "0260", "0281")
	if err != nil {
		return told{}, err
	}
	s := t.options.layout().read(m)
	switch {
	case s.code == noSale:
		return told{}, nil
	case s.code != approved && (s.ticket == "" || !isCode(s.code)):
		return told{}, &refusal{s.code}
	}
	return s, nil
}

// slipWidth is the length of a line of Autoservicio's voucher.
const slipWidth = 40

// slip is the voucher that Autoservicio sends, one text without line ends.
func (s told) slip() []drivers.Receipt {
	var lines []string
	rest := []rune(s.voucher)
	for len(rest) > 0 {
		n := min(len(rest), slipWidth)
		lines, rest = append(lines, strings.TrimRight(printable(string(rest[:n])), " ")), rest[n:]
	}
	if len(lines) == 0 {
		return nil
	}
	return []drivers.Receipt{{For: drivers.ForAnyone, Lines: lines}}
}
