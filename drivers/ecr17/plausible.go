package ecr17

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tillproof/tillproof/drivers/ecr17/codec"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/pos"
)

// form is how messages of one code look that a terminal has said twice in the same words, although the papers have another length for them.
type form struct {
	code   byte
	length int
}

// doubtful says whether a frame with a right check is likely damaged all the same, and is to be sent again: an XOR does not see two equal characters that
// are lost or doubled, and messages are full of zeros. Then every field behind stands elsewhere. What comes a second time in the same words is the
// terminal's own way. So is the approval of another amount than the one that was asked for (0 for any), and a STAN far from the last one.
func (t *terminal) doubtful(e *stx.Event, asked pos.Minor) bool {
	m := codec.Message(e.Payload)
	own := form{m.Code(), len(m)}
	if shaped(m) && (usual(m) || own == t.own || proven(m, asked)) && !otherAmount(m, asked) && !t.far(m) {
		return false
	}
	sum := sha256.Sum256(e.Payload)
	if sum == t.odd {
		t.own = own
		return false
	}
	t.odd = sum
	return true
}

// usual says whether a message has one of the lengths of the papers, with its reserved end or without.
func usual(m codec.Message) bool {
	lengths := map[byte][]int{'E': {71, 74, 82, 84, 92}, 'V': {82, 83, 107, 117}, 'C': {34, 44}, 'T': {28, 34}}
	known, bound := lengths[m.Code()]
	return !bound || slices.Contains(known, len(m))
}

// proven says whether an approval of any length names the amount that was asked for: nothing can be lost or doubled before that.
func proven(m codec.Message, asked pos.Minor) bool {
	return approvedAs(m) && asked > 0 && m.At(75, 82) == fmt.Sprintf("%08d", asked)
}

// shaped looks at what is digits in every message of its code: in E and V also at the moment of an approval, and at its number.
func shaped(m codec.Message) bool {
	switch m.Code() {
	case 's':
		return digits(m.At(21, 30))
	case 'E', 'V':
		kind := m.At(48, 48)
		if !digits(m.At(1, 8)) || !digits(m.At(60, 71)) || kind < "0" || kind > "3" {
			return false
		}
		return m.At(11, 12) != resultOK || digits(m.At(41, 47)) && m.At(60, 65) != noStan
	}
	return true
}

// mostSkipped is how many STANs a terminal may use for itself between two results without being asked again.
const mostSkipped = 500

// far says whether a result's STAN does not follow the last one that was told.
func (t *terminal) far(m codec.Message) bool {
	if m.Code() != 'E' && m.Code() != 'V' {
		return false
	}
	n, known := distance(t.stan, m.At(60, 65))
	return known && (n < 0 || n > mostSkipped)
}

// otherAmount says whether an approval names another amount than the one that was asked for. Zeros are an amount only where there is an authorisation.
func otherAmount(m codec.Message, asked pos.Minor) bool {
	text := m.At(75, 82)
	if !approvedAs(m) || len(text) < 8 {
		return false
	}
	cents, err := strconv.ParseInt(text, 10, 64)
	authorised := strings.Trim(m.At(35, 40), " 0") != ""
	return err != nil || cents == 0 && authorised || cents != 0 && asked > 0 && pos.Minor(cents) != asked
}
