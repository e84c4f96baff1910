package ecr17sim

import (
	"fmt"
	"strings"
	"time"

	"github.com/tillproof/tillproof/drivers/ecr17/codec"
)

// Lengths of results.
const (
	plainLength    = 71
	extendedLength = 92
	reversalLength = 84
	exchangeLength = 117
)

// answer builds E, or V for a card that is charged in its own currency.
func (s *session) answer(id string, o order, c Card, e Event) codec.Message {
	code, length, least := byte('E'), plainLength, plainLength
	switch {
	case o.kind == Reversal:
		length, least = reversalLength, 74
	case c.Exchange != nil && e.Good:
		code, length, least = 'V', exchangeLength, 107
	case o.extended && !c.NoPrice:
		length, least = extendedLength, 82
	}
	m := codec.New(code, id, length)
	if e.Good {
		s.approval(m, o, c, e)
	} else {
		refusal(m, c)
	}
	m[47] = c.Kind
	m.Text(49, 59, "00000000001")
	m.Number(60, 65, uint64(e.Stan))
	m.Number(66, 71, uint64(e.Stan)+700_000)
	return s.short(m, least)
}

// approval sets what only approvals have. A reversal has no authorisation and no amount.
func (s *session) approval(m codec.Message, o order, c Card, e Event) {
	copy(m[12:31], s.masked(c.Number))
	m.Text(32, 34, c.Entry)
	copy(m[40:47], s.moment(time.Now()))
	if o.kind == Reversal {
		return
	}
	m.Text(35, 40, fmt.Sprintf("%06X", 0xA10000+e.Stan))
	if len(m) > plainLength {
		m.Number(75, 82, uint64(e.Amount))
	}
	if x := c.Exchange; x != nil {
		m[82] = '1'
		m.Number(84, 91, uint64(x.Rate))
		m.Text(92, 94, x.Currency)
		m.Number(95, 106, uint64(x.Amount))
		m.Number(107, 107, uint64(x.Decimals))
	}
}

// refusal sets why.
func refusal(m codec.Message, c Card) {
	code, text, action := c.Do.refusal()
	copy(m[10:12], code)
	m.Text(13, 36, text)
	if len(m) >= 74 {
		copy(m[71:74], action)
	}
}

// moment is DDDHHMM.
func (s *session) moment(at time.Time) string {
	day := at.YearDay()
	if s.t.options.LeapDays {
		day = time.Date(2000, at.Month(), at.Day(), 0, 0, 0, 0, time.UTC).YearDay()
	}
	return fmt.Sprintf("%03d%s", day, at.Format("1504"))
}

// forMemory is a result as the file may hold it.
func (s *session) forMemory(m codec.Message) string {
	kept := append(codec.Message(nil), m...)
	if s.t.options.Unmasked && m.At(11, 12) == "00" {
		for i := 12; i < 31-4; i++ {
			kept[i] = '*'
		}
	}
	return strings.Clone(string(kept))
}
