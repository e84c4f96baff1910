package transbanksim

import (
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/drivers/transbank/codec"
)

// lastSale answers 0250 and 0280. A terminal with a cashier prints the voucher again.
func (s *session) lastSale(m codec.Message) error {
	command := "0260"
	if m.Command() == "0280" {
		command = "0281"
	}
	memory := s.t.Memory()
	all := memory.batch(s.t.options.ListVoided)
	if len(all) == 0 {
		return s.reply(Link{}, s.own(command, codeNoSale)...)
	}
	asked := m.Field(1) == "1" // Autoservicio does not print what it tells
	if !asked || !s.t.options.Kiosk {
		if err := s.t.change(func(m *Memory) { m.Vouchers++ }); err != nil {
			return err
		}
	}
	return s.reply(Link{}, s.fields(command, all[len(all)-1], asked)...)
}

// list answers 0260: one 0261 a sale, and one without an authorisation at the end.
func (s *session) list(m codec.Message) error {
	if s.t.options.Kiosk || s.t.options.NoList {
		s.say(stx.NAK)
		return nil
	}
	if s.say(stx.ACK); m.Field(1) != "1" {
		return nil
	}
	memory := s.t.Memory()
	for _, sale := range memory.batch(s.t.options.ListVoided) {
		if err := s.line(s.listed(sale)); err != nil {
			return err
		}
	}
	return s.line(append(s.own("0261", codeApproved), "", " "))
}

func (s *session) line(fields []string) error {
	return s.deliver(&letter{payload: codec.Payload(!s.t.options.Plain, fields...)})
}

// listed are the fields of a sale in the list.
func (s *session) listed(sale Sale) []string {
	told := sale.Amount - sale.Tip
	if s.t.options.TipInside {
		told = sale.Amount
	}
	kind, account := "CR", ""
	if sale.Debit {
		kind, account = "DB", "00123454321"
	}
	return append(s.own("0261", codeApproved), sale.Ticket, sale.Auth, s.digits(int64(told), 9), sale.Last4, s.digits(int64(sale.Operation), 6), kind, "",
		account, sale.Brand, sale.At.Format("02012006"), sale.At.Format("150405"), "", s.digits(int64(sale.Tip), 9), s.digits(0, 9), "0", "", sale.Commerce)
}
