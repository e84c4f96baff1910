package zvtsim

import (
	"fmt"
	"time"

	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

// chore answers the commands of a technician and of a till that only looks; ok is false for any other.
func (s *session) chore(m codec.APDU) (ok bool, err error) {
	switch {
	case m.Is(0x06, 0x10):
		return true, s.count(m.Data)
	case m.Is(0x06, 0x18):
		return true, s.restart()
	case m.Is(0x06, 0x1A):
		return true, s.configuration()
	case m.Is(0x06, 0x70):
		return true, s.diagnosis(m.Data)
	case m.Is(0x06, 0x91):
		return true, s.setClock(m.Data)
	case m.Is(0x06, 0x93):
		return true, s.initialise(m.Data)
	}
	return false, nil
}

// count answers 06 10: the sums of the running batch by 04 0F, as those of an end of day, and its slip. Nothing changes.
func (s *session) count(data []byte) error {
	if len(data) < 3 || !s.knows(data[:3]) {
		return s.send(refused(codeBadPassword))
	}
	if err := s.send(accepted()); err != nil {
		return err
	}
	memory := s.t.Memory()
	sums := memory.batch()
	sums.At = time.Now()
	a, err := totals(memory, sums)
	if err != nil {
		return err
	}
	if err := s.call(a, answerTime); ignoreQuiet(err) != nil {
		return err
	}
	if err := s.printOffice([]string{"Umsatzabfrage", "Terminal-ID " + memory.TerminalID, fmt.Sprintf("Anzahl %d", sums.Count)}); err != nil {
		return err
	}
	return s.finish(nil)
}

// restart answers 06 18: after the end the terminal is off, its wire is lost, and its registration is forgotten.
func (s *session) restart() error {
	if err := s.send(accepted()); err != nil {
		return err
	}
	if err := s.finish(nil); err != nil {
		return err
	}
	if err := s.t.change(func(m *Memory) { m.Registration = nil }); err != nil {
		return err
	}
	s.broken = true
	return errLost
}

// configuration answers 06 1A.
func (s *session) configuration() error {
	if err := s.send(accepted()); err != nil {
		return err
	}
	m := s.t.Memory()
	if err := s.printOffice([]string{"Einstellungen", "Terminal-ID " + m.TerminalID, "Waehrung " + string(m.Currency)}); err != nil {
		return err
	}
	return s.finish(nil)
}

// diagnosis answers 06 70: it reaches the host, whose clock it tells by 04 01, and needs no diagnosis any more.
func (s *session) diagnosis(data []byte) error {
	if _, rest, err := codec.ParseFields(data); err != nil || len(rest) > 0 {
		return s.send(refused(codeImpossible))
	}
	if err := s.send(accepted()); err != nil {
		return err
	}
	if err := s.show(showWait, "Diagnose"); err != nil {
		return err
	}
	now := time.Now().Local()
	a, err := codec.Build(0x04, 0x01).Number(codec.FullDate, uint64(now.Year()%100*10000+int(now.Month())*100+now.Day())).
		Number(codec.TimeOfDay, uint64(now.Hour()*10000+now.Minute()*100+now.Second())).APDU()
	if err != nil {
		return err
	}
	if err := ignoreQuiet(s.call(a, commandTime)); err != nil {
		return err
	}
	if err := s.t.change(func(m *Memory) { m.Wants &^= WantsDiagnosis }); err != nil {
		return err
	}
	return s.finish(nil)
}

// setClock answers 06 91: password, AA date, 0C time. One that is none is refused.
func (s *session) setClock(data []byte) error {
	if len(data) < 3 || !s.knows(data[:3]) {
		return s.send(refused(codeBadPassword))
	}
	fields, _, _ := codec.ParseFields(data[3:])
	date, _ := fields.Number(codec.FullDate)
	clock, _ := fields.Number(codec.TimeOfDay)
	at, err := time.ParseInLocation("060102150405", fmt.Sprintf("%06d%06d", date, clock), time.Local)
	if err != nil {
		return s.send(refused(codeImpossible))
	}
	if err := s.t.change(func(m *Memory) { m.ClockSet = at }); err != nil {
		return err
	}
	if err := s.send(accepted()); err != nil {
		return err
	}
	return s.finish(nil)
}

// initialise answers 06 93: the terminal needs no initialisation any more.
func (s *session) initialise(data []byte) error {
	if len(data) < 3 || !s.knows(data[:3]) {
		return s.send(refused(codeBadPassword))
	}
	if err := s.send(accepted()); err != nil {
		return err
	}
	if err := s.show(showWait, "Initialisierung"); err != nil {
		return err
	}
	if err := s.printOffice([]string{"Initialisierung", "erfolgreich"}); err != nil {
		return err
	}
	if err := s.t.change(func(m *Memory) { m.Wants &^= WantsInitialisation }); err != nil {
		return err
	}
	return s.finish(nil)
}

// printOffice sends a slip of the terminal's own work through the till, if it prints such.
func (s *session) printOffice(lines []string) error {
	r, _ := s.registration()
	if r.Config&printsOurLines == 0 || r.Config&printAdmin == 0 {
		return nil
	}
	_, err := s.printOne(forOffice, lines, time.Now().Add(commandTime))
	return ignoreQuiet(err)
}
