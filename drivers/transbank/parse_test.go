package transbank

import (
	"strings"
	"testing"

	"github.com/tillproof/tillproof/drivers/transbank/codec"
)

// TestTheAccountNumberIsLeftBehind parses results of both layouts and of the list.
func TestTheAccountNumberIsLeftBehind(t *testing.T) {
	const account = "00123454321"
	for _, c := range []struct {
		payload string
		l       layout
	}{
		{"0210|00|597020000541|80000001|T1|1|4990|0|0|6623|77|DB|22112026|" + account + "|DB|22112026|183005", attendedLayout()},
		{"0260|00|597020000541|80000001|T1|1|4990|0|0|6623|77|DB|22112026|" + account + "|DB|22112026|183005", attendedLayout()},
		{"0281|00|597020000541|80000001|T1|1|4990|0|0|6623|77|DB|22112026|" + account + "|DB|22112026|183005", attendedLayout()},
		{"0210|00|597020000541|80000001|T1|1|4990|6623|77|DB|22112026|" + account + "|DB|22112026|183005|SLIP", kioskLayout()},
		{"0261|00|597020000541|80000001|T1|1|4990|6623|77|DB|22112026|" + account + "|DB|22112026|183005|", attendedLayout()},
	} {
		m := parse(c.l, []byte(c.payload))
		l := c.l
		if m.Command() == "0261" {
			l = lineLayout()
		}
		s := l.read(m)
		if strings.Contains(strings.Join(m, "|"), account) || s.operation != "77" || s.last4 != "6623" || s.date != "2026-11-22" || s.clock != "18:30:05" || s.amount != 4990 {
			t.Errorf("%q: %+v", m, s)
		}
		for _, d := range Decode(codec.Rules().Frame([]byte(c.payload))) {
			if strings.Contains(d.Frame, "3030313233343534333231") {
				t.Errorf("decode shows it: %s", d.Frame)
			}
		}
	}
}

// FuzzParse takes any payload for any reply: no panic, no amount below zero but "none", no account.
func FuzzParse(f *testing.F) {
	f.Add([]byte("0210|00|597020000541|80000001|K7Q2M9|123456|4990|0|0|6623|000077|DB|22112026|1234567|VI|22112026|183005|12|100|||"))
	f.Add([]byte("0210|07|597020000541|80000001"))
	f.Add([]byte("0261|00|597020000541|80000001|| "))
	f.Add([]byte("0710|00|0012|000123400"))
	f.Add([]byte("|||||||||||||||||||||||||||"))
	f.Add([]byte("0210|00||||||||||-1|\xff\x00| 99999999999999999999 "))
	f.Fuzz(func(t *testing.T, payload []byte) {
		for _, l := range []layout{attendedLayout(), kioskLayout(), lineLayout()} {
			s := l.read(parse(l, payload))
			if s.amount < -1 || s.tip < 0 || len(s.last4) > 4 || strings.ContainsAny(s.ticket+s.operation+s.auth, "\x00\x1b\r\n") {
				t.Errorf("%+v", s)
			}
			r := s.result(4990)
			if r.Decision == "" || r.Amount.Amount < 0 || r.Text == "" {
				t.Errorf("%+v", r)
			}
			s.slip()
		}
	})
}
