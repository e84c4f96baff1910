package transbanksim

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tillproof/tillproof/drivers/transbank/codec"
	"github.com/tillproof/tillproof/pos"
)

// order is what a sale asks for.
type order struct {
	amount   pos.Minor
	ticket   string
	commerce string
	progress bool
	voucher  bool   // Autoservicio's comes along with the result; otherwise the terminal prints it
	reply    string // command of the result
}

// order reads 0200 and 0270, in all forms that tills send.
func (s *session) order(m codec.Message) (o order, code string) {
	status := 5
	if s.t.options.Kiosk {
		status = 4
	}
	o = order{ticket: m.Field(2), progress: m.Field(status) == "1", voucher: m.Field(3) == "1", reply: "0210"}
	if m.Command() == "0270" {
		o.commerce = strings.TrimLeft(m.Field(6), "0") // a kit sends 0 for none
		if o.reply = "0271"; s.t.options.AnswerAs0210 {
			o.reply = "0210"
		}
	}
	n, err := strconv.ParseUint(m.Field(1), 10, 63)
	o.amount = pos.Minor(n)
	memory := s.t.Memory()
	switch {
	case err != nil || len(m.Field(1)) > 9:
		return o, codeAmount
	case n == 0:
		return o, codeZero
	case len(o.ticket) > 6 || o.commerce != "" && len(o.ticket) != 6:
		return o, codeTicket
	case memory.CloseDue:
		return o, codeClose
	case memory.KeysDue:
		return o, codeKeys
	}
	return o, ""
}

// sale plays a sale: the customer's steps, then the result.
func (s *session) sale(m codec.Message, c Card) error {
	o, code := s.order(m)
	if code == "" {
		if err := s.customer(c, o.progress); err != nil {
			return err
		}
	}
	if code == "" && c.Do != Approve {
		code = c.failure(codeDeclined)
	}
	if code != "" {
		return s.reply(c.Link, s.own(o.reply, code)...)
	}
	sale, err := s.store(o, c)
	if err != nil {
		return err
	}
	s.t.tell(Event{Moment: Stored, Command: m.Command()})
	return s.reply(c.Link, s.fields(o.reply, sale, o.voucher)...)
}

// stepsOf are the progress codes of a customer.
func stepsOf(c Card) []string {
	switch c.Do {
	case Wait:
		return []string{"78"}
	case Abort:
		return []string{"78", "79"}
	}
	return []string{"78", "79", "80", "81", "82"}
}

// customer is the time that a customer takes, with the progress that the till sees of it.
func (s *session) customer(c Card, progress bool) error {
	steps := stepsOf(c)
	if c.Do == Wait {
		c.After = time.Minute
	}
	for _, step := range steps {
		if progress {
			if err := s.show(step, c.Link); err != nil {
				return err
			}
		}
		if err := s.rest(c.After / time.Duration(len(steps))); err != nil {
			return err
		}
	}
	return nil
}

// show sends 0900; nobody is stopped where its ACK does not come.
func (s *session) show(step string, l Link) error {
	if l.Silent {
		return nil
	}
	s.put(codec.Rules().Frame(codec.Payload(!l.Bare, "0900", step)), l.Split)
	if err := s.acknowledged(progressWait); s.ctx.Err() != nil {
		return err
	}
	return nil
}

// store books a sale.
func (s *session) store(o order, c Card) (sale Sale, err error) {
	err = s.t.change(func(m *Memory) {
		m.LastOperation = m.LastOperation%999_999 + 1
		sale = Sale{Operation: m.LastOperation, Ticket: o.ticket, Amount: o.amount + c.Tip, Tip: c.Tip, At: time.Now(), Brand: c.Brand, Last4: c.Last4,
			Debit: c.Debit, Auth: fmt.Sprintf("%06d", (m.LastOperation*7919+len(m.Sales))%1_000_000), Commerce: o.commerce}
		if sale.Debit {
			sale.Brand = "DB"
		}
		m.Sales = append(m.Sales, sale)
	})
	return sale, err
}

// void plays 1200.
func (s *session) void(m codec.Message, c Card) error {
	if err := s.rest(c.After); err != nil {
		return err
	}
	if c.Do == Wait {
		if err := s.rest(time.Minute); err != nil {
			return err
		}
	}
	operation, _ := strconv.Atoi(m.Field(1))
	if memory := s.t.Memory(); s.t.options.Kiosk && len(memory.batch(false)) > 0 {
		all := memory.batch(false)
		operation = all[len(all)-1].Operation
	}
	code, auth := codeNotHeld, ""
	err := s.t.change(func(memory *Memory) {
		for i := range memory.Sales {
			if sale := &memory.Sales[i]; sale.Operation == operation && !sale.Settled {
				if code = sale.voidable(); code == codeApproved && c.Do != Approve {
					code = c.failure(codeDeclined)
				}
				sale.Voided, auth = sale.Voided || code == codeApproved, sale.Auth
			}
		}
	})
	if err != nil {
		return err
	}
	if code == codeApproved {
		s.t.tell(Event{Moment: Voided, Command: "1200"})
	}
	return s.reply(c.Link, append(s.own("1210", code), auth, s.digits(int64(operation), 6))...)
}

// voidable is the response code to the wish to void a sale.
func (s *Sale) voidable() string {
	switch {
	case s.Voided:
		return codeVoided
	case s.Debit:
		return codeDebit
	}
	return codeApproved
}

// fields are those of a sale's result.
func (s *session) fields(command string, sale Sale, voucher bool) []string {
	told := sale.Amount - sale.Tip
	if s.t.options.TipInside {
		told = sale.Amount
	}
	kind, account, accounting := "CR", "", ""
	if sale.Debit {
		kind, account, accounting = "DB", "00123454321", sale.At.Format("02012006")
	}
	head := append(s.own(command, codeApproved), sale.Ticket, sale.Auth, s.digits(int64(told), 9))
	operation, date, clock := s.digits(int64(sale.Operation), 6), sale.At.Format("02012006"), sale.At.Format("150405")
	slip := ""
	if voucher {
		slip = fmt.Sprintf("%-40s%-40s", "COMPROBANTE DE VENTA", fmt.Sprintf("TOTAL $ %d", sale.Amount))
	}
	if s.t.options.Kiosk {
		return append(head, sale.Last4, operation, kind, accounting, account, sale.Brand, date, clock, slip, "", "", "", "")
	}
	return append(head, "0", s.digits(0, 9), sale.Last4, operation, kind, accounting, account, sale.Brand, date, clock, "", s.digits(int64(sale.Tip), 9),
		slip, "", sale.Commerce)
}
