package hypercomsim

import (
	"strconv"

	"github.com/tillproof/tillproof/drivers/hypercom/codec"
)

// voided is the detail code of a sale that was taken back.
const voided = "VD"

// lookup tells a transaction that stands again.
func (s *session) lookup(m codec.Message) codec.Message {
	t := s.sought(m)
	if t == nil || t.Voided && s.t.options.VoidsHidden {
		return s.reply(m, notFound)
	}
	answer := s.approval(m, *t, "")
	for i := range answer.Fields {
		if answer.Fields[i].Code == "39" && t.Voided {
			answer.Fields[i] = codec.Text("39", voided)
		}
	}
	return answer
}

// sought is the newest transaction that the till asks for; nil when there is none.
func (s *session) sought(m codec.Message) *Transaction {
	memory, wants := s.t.Memory(), s.task(m)
	for i := len(memory.Transactions) - 1; i >= 0; i-- {
		t := &memory.Transactions[i]
		if wants == lastOne || wants == byID && t.ID != "" && t.ID == m.Text("66") || wants == byTrace && t.numbered(m) {
			return t
		}
	}
	return nil
}

// numbered says whether a message names a transaction by its trace, or by its invoice where it has no trace.
func (t Transaction) numbered(m codec.Message) bool {
	is := func(code string, n int) bool {
		asked, err := strconv.Atoi(m.Text(code))
		return err == nil && asked == n
	}
	if m.Has("64") {
		return is("64", t.Trace)
	}
	return is("65", t.Invoice)
}
