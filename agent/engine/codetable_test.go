package engine_test

import (
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/qr/code"
	"github.com/tillproof/tillproof/sync/wire"
)

// TestCodesAreToldApartByTheTableInForce: a wallet that came after the program is asked for by its name, and one that the table has no more as unknown.
func TestCodesAreToldApartByTheTableInForce(t *testing.T) {
	online(t, func(s *shop, c *centre) {
		table := code.BuiltIn()
		s.codes = func() code.Table { return table }
		s.restart()
		asked := ""
		c.authorise = func(c *centre, call wire.Call) {
			asked = call.Scheme
			paysAfter(t, time.Second)(c, call)
		}
		sells := func(text, scheme string) {
			t.Helper()
			r := s.code(100)
			r.Code = text
			if s.status(s.pay(r), pos.Approved); asked != scheme {
				t.Errorf("asked for %q, want %q", asked, scheme)
			}
		}
		sells("991234567890123451", "")
		sells("131234567890123451", "wechat")
		table = code.Table{Version: 2, Rules: []code.Rule{{Scheme: "newpay", Name: "New Pay", Form: code.Digits, Prefixes: []string{"99"}, Least: 18, Most: 18, Enabled: true}}}
		sells("991234567890123452", "newpay")
		sells("131234567890123452", "")
	})
}
