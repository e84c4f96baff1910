package hypercomsim

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tillproof/tillproof/drivers/hypercom/codec"
)

// reply is the begin of an answer: the till's own name of what it asked for, the detail code and its text.
func (s *session) reply(m codec.Message, code string) codec.Message {
	answer := codec.Message{Destination: m.Source, Source: m.Destination, Direction: codec.Answer, Code: m.Code, Response: code}
	if id := m.Text("66"); id != "" && s.t.traits.echo && !s.t.options.NoEcho {
		answer.Fields = append(answer.Fields, codec.Text("66", fmt.Sprintf("%-20s", id)))
	}
	add(&answer, "02", fmt.Sprintf("%-40s", text(code)))
	add(&answer, "39", code)
	return answer
}

func add(m *codec.Message, code, data string) { m.Fields = append(m.Fields, codec.Text(code, data)) }

// text is what the terminal shows for a response code.
func text(code string) string {
	switch code {
	case approved:
		return "APPROVED"
	case unknown:
		return "INVALID TRANSACTION"
	case wrong:
		return "INVALID AMOUNT"
	case gone:
		return "NO TRANSACTION TO VOID"
	case notFound:
		return "RECORD NOT FOUND"
	case stopped:
		return "CANCELLED"
	case alive:
		return "READY"
	}
	return "DECLINED"
}

// approval tells what stands. number is the card's in full, "" when the terminal does not have it any more.
func (s *session) approval(m codec.Message, t Transaction, number string) codec.Message {
	answer := s.reply(m, approved)
	add(&answer, "D0", fmt.Sprintf("%-23s%-23s%-23s", "CORNER SHOP", "1 MAIN STREET", ""))
	add(&answer, "03", t.At.Format("060102"))
	add(&answer, "04", t.At.Format("150405"))
	add(&answer, "01", fmt.Sprintf("%06X", 0xA10000+t.Trace))
	add(&answer, "65", fmt.Sprintf("%06d", t.Invoice))
	add(&answer, "64", fmt.Sprintf("%06d", t.Trace))
	s.identity(&answer, t)
	add(&answer, "06", fmt.Sprintf("630%09d", t.Trace))
	if !s.t.options.NoAmount {
		add(&answer, "40", codec.Amount(int64(t.Amount)))
	}
	if t.Wallet {
		s.wallet(&answer, t)
		return answer
	}
	s.card(&answer, t, number)
	return answer
}

// identity says which terminal it is.
func (s *session) identity(answer *codec.Message, t Transaction) {
	memory := s.t.Memory()
	add(answer, "16", memory.TerminalID)
	add(answer, "D1", memory.MerchantID)
	add(answer, "50", fmt.Sprintf("%06d", t.Batch))
	add(answer, "D3", s.host(t.Host))
}

// card tells of a card what a till may know, and what it may not where the options say so. A receipt of raw bytes holds every byte that means something
// outside of a frame.
func (s *session) card(answer *codec.Message, t Transaction, number string) {
	if number == "" || !s.t.options.Unmasked {
		number = "************" + t.Last4
	}
	add(answer, "D2", fmt.Sprintf("%-10s", t.Scheme))
	add(answer, "30", number)
	add(answer, "D4", fmt.Sprintf("%-20s", t.Scheme+" CREDIT"))
	add(answer, "E6", t.Entry)
	add(answer, "E0", "A0000000031010")
	add(answer, "E2", "40")
	add(answer, "E3", fmt.Sprintf("%016X", t.Trace))
	add(answer, "E4", fmt.Sprintf("%-10s", "F800"))
	add(answer, "E5", "0000008000")
	for _, code := range slices.Sorted(maps.Keys(s.t.options.Personal)) {
		add(answer, code, s.t.options.Personal[code])
	}
	if s.t.traits.receipts {
		add(answer, "19", "\x02\x00\x03\x1B@\x06\x15\x1C\x10\x02THANK YOU\x03\x1C40\x00\x12")
	}
}

// wallet tells of a payment by a wallet: its kind, a longer invoice, and a field of fields with binary lengths.
func (s *session) wallet(answer *codec.Message, t Transaction) {
	memory := s.t.Memory()
	var parts strings.Builder
	for _, part := range []struct{ tag, value string }{{"\xB9\x02", memory.TerminalID}, {"\xB9\x03", fmt.Sprintf("%06d", t.Invoice)},
		{"\xB9\x06", fmt.Sprintf("%021d", t.Trace)}, {"\xB9\x07", string(memory.Currency)}, {"\xB9\x08", codec.Amount(int64(t.Amount))},
		{"\xB9\x10", "Two noodle soups and one tea"}, {"\xB9\x11", "\x15\x06"}} {
		parts.WriteString(part.tag + string([]byte{byte(len(part.value))}) + part.value)
	}
	add(answer, "W1", "01")
	add(answer, "67", fmt.Sprintf("%-25d", t.Invoice))
	add(answer, "99", parts.String())
}

// host is the name of one of the terminal's hosts.
func (s *session) host(n int) string { return s.t.options.Hosts[n%len(s.t.options.Hosts)] }

// refusal tells why not.
func (s *session) refusal(m codec.Message, t Transaction, c Card) codec.Message {
	code := stopped
	if c.Do == Decline {
		if code = c.Code; code == "" {
			code = declined
		}
	}
	answer := s.reply(m, code)
	add(&answer, "03", t.At.Format("060102"))
	add(&answer, "04", t.At.Format("150405"))
	if t.Trace > 0 {
		add(&answer, "64", fmt.Sprintf("%06d", t.Trace))
	}
	s.identity(&answer, t)
	return answer
}
