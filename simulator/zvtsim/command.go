package zvtsim

import (
	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

// command answers a command of the till while nothing else runs.
func (s *session) command(m codec.APDU) error {
	s.aborted, s.abortable = false, false
	switch {
	case m.Is(0x06, 0x00):
		return s.register(m.Data)
	case m.Is(0x06, 0x01):
		return s.payment(m.Data)
	case m.Is(0x06, 0x02):
		return s.logOff()
	case m.Is(0x06, 0x20):
		return s.repeatReceipt(m.Data)
	case m.Is(0x06, 0x22), m.Is(0x06, 0x23), m.Is(0x06, 0x24), m.Is(0x06, 0x25):
		return s.reservations(m)
	case m.Is(0x06, 0x30):
		return s.reversal(m.Data)
	case m.Is(0x06, 0x31):
		return s.refund(m.Data)
	case m.Is(0x06, 0x50):
		return s.endOfDay(m.Data)
	case m.Is(0x06, 0xB0):
		return s.send(accepted())
	case m.Is(0x05, 0x01):
		return s.status()
	}
	if ok, err := s.chore(m); ok {
		return err
	}
	return s.send(refused(codeImpossible))
}

// status answers 05 01: version text and status byte.
func (s *session) status() error {
	if err := s.send(accepted()); err != nil {
		return err
	}
	const version = "TPSIM 1"
	data := append([]byte{0xF0, 0xF0, 0xF0 | byte(len(version))}, version...)
	return s.finish(append(data, s.state()))
}

// state is the status byte.
func (s *session) state() byte {
	memory := s.t.Memory()
	_, working := s.t.maintained()
	switch {
	case working:
		return codeMaintenance
	case memory.DayDue:
		return codeDayDue
	case memory.Wants&WantsInitialisation != 0:
		return codeUninitialised
	case memory.Wants&WantsDiagnosis != 0:
		return codeDiagnosis
	}
	return codeOK
}

// finish sends the completion 06 0F and takes the till's answer, whatever it is.
func (s *session) finish(data []byte) error {
	err := s.call(codec.APDU{Class: 0x06, Instr: 0x0F, Data: data}, commandTime)
	return ignoreQuiet(err)
}

// fail sends the end 06 1E.
func (s *session) fail(code byte) error {
	err := s.call(codec.APDU{Class: 0x06, Instr: 0x1E, Data: []byte{code}}, commandTime)
	return ignoreQuiet(err)
}

// register answers 06 00: password, configuration byte, currency, then BMPs.
func (s *session) register(data []byte) error {
	if len(data) < 4 {
		return s.send(refused(codeImpossible))
	}
	if !s.knows(data[:3]) {
		return s.send(refused(codeBadPassword))
	}
	r := Registration{Config: data[3]}
	own := s.t.Memory().Currency.Numeric()
	if len(data) >= 6 {
		if code, err := codec.ParseBCD(data[4:6]); err != nil || int(code) != own {
			theirs, _ := codec.BCD(uint64(own), 2)
			return s.send(codec.APDU{Class: 0x84, Instr: 0x1E, Data: append([]byte{codeCurrency}, theirs...)})
		}
		fields, _, err := codec.ParseFields(data[6:])
		if err != nil {
			return s.send(refused(codeImpossible))
		}
		_, r.TLV = fields.Find(codec.Container)
		r.Blocks = listsBlocks(fields.TLV())
		_, wished := fields.TLV().Find(codec.TagMessageID)
		r.Counts = wished && s.t.options.MessageIDs
	}
	if err := s.t.change(func(m *Memory) { m.Registration = &r }); err != nil {
		return err
	}
	if err := s.send(accepted()); err != nil {
		return err
	}
	return s.registered(own, r.Counts)
}

// registered ends the registration with status byte, terminal id and currency, and with the till's wish for message ids, which are used from then on.
func (s *session) registered(currency int, counts bool) error {
	b := codec.Build(0x06, 0x0F).Field(codec.PaymentType, s.t.Memory().Wants).Number(codec.TerminalID, number(s.t.Memory().TerminalID)).
		Number(codec.CurrencyCode, uint64(currency))
	if counts {
		b.TLV(codec.AppendTLV(nil, codec.TagMessageID, make([]byte, 3)))
	}
	a, err := b.APDU()
	if err != nil {
		return err
	}
	err = s.finish(a.Data)
	s.ids = numbers{on: counts}
	return err
}

// listsBlocks says whether the till's list of commands (26) has 06 D3.
func listsBlocks(objects codec.Objects) (found bool) {
	objects.Walk(func(o codec.Object) bool {
		found = found || o.Tag == codec.TagCommand && string(o.Value) == "\x06\xD3"
		return true
	})
	return found
}

// knows checks a password.
func (s *session) knows(password []byte) bool {
	n, err := codec.ParseBCD(password)
	return err == nil && int(n) == s.t.options.Password
}

// logOff answers 06 02: the registration is forgotten, and message ids with it.
func (s *session) logOff() error {
	if err := s.t.change(func(m *Memory) { m.Registration = nil }); err != nil {
		return err
	}
	err := s.send(accepted())
	s.ids = numbers{}
	return err
}

// registration is what was agreed on; the zero value when nothing was.
func (s *session) registration() (Registration, bool) {
	if r := s.t.Memory().Registration; r != nil {
		return *r, true
	}
	return Registration{}, false
}
