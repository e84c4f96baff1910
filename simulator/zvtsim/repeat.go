package zvtsim

import (
	"time"

	"github.com/tillproof/tillproof/drivers/zvt/codec"
)

// Bits of the service byte of 06 20.
const (
	repeatResultBit byte = 0x01
	repeatNoPrint   byte = 0x02
)

// repeatReceipt answers 06 20: password, then BMP 03. The last successful transaction is told and printed again; with none the
// command is accepted and ends as failed.
func (s *session) repeatReceipt(data []byte) error {
	if len(data) < 3 || !s.knows(data[:3]) {
		return s.send(refused(codeBadPassword))
	}
	fields, _, err := codec.ParseFields(data[3:])
	if err != nil {
		return s.send(refused(codeImpossible))
	}
	if err := s.send(accepted()); err != nil {
		return err
	}
	tx, ok := s.t.Memory().Last()
	if !ok {
		return s.fail(codeNothing)
	}
	service, _ := fields.Byte(codec.Service)
	if service&repeatResultBit != 0 {
		a, err := s.result(tx, order{currency: true}, Card{})
		if err != nil {
			return err
		}
		if err := s.call(a, commandTime); err != nil {
			return err
		}
	}
	if service&repeatNoPrint == 0 {
		if _, err := s.printReceipts(tx, time.Now().Add(commandTime)); err != nil {
			return err
		}
	}
	return s.finish(nil)
}
