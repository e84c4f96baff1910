package payload_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/qr/payload"
)

// edited replaces line n, from 1, of a golden code.
func edited(t *testing.T, name string, n int, to string) string {
	lines := strings.Split(example(t, name).want, "\n")
	lines[n-1] = to
	return strings.Join(lines, "\n")
}

func TestContainers(t *testing.T) {
	upi := "upi://pay?pa=shop@examplebank&pn=Shop&tr=R1&am=10.5&cu=INR"
	for _, c := range []struct {
		name, text, scheme, reference string
		amount                        int64 // 0: none
	}{
		{"WeChat", "weixin://wxpay/bizpayurl?pr=abc", "wechat_pay", "", 0},
		{"Alipay", "HTTPS://QR.ALIPAY.COM/bax01", "alipay", "", 0},
		{"UnionPay", "https://qr.95516.com/00010000/01", "unionpay_qr", "", 0},
		{"UPI", upi, "upi", "R1", 1050},
		{"UPI signed, raw + and / and two =", upi + "&sign=MEUC+a/b==", "upi", "R1", 1050},
		{"UPI static", "UPI://pay?pa=a@b", "upi", "", 0},
		{"UPI in capitals", "UPI://PAY?PA=A@B&TR=R1&AM=5", "upi", "R1", 500},
		{"Thai bar code", "|099400012345678\rREF1\rREF2\r12050", "thai_barcode", "REF2", 12050},
		{"Thai bar code without amount", "|099400012345678\rREF1\r0\r0", "thai_barcode", "REF1", 0},
		{"EPC without amount", edited(t, "EPC", 8, ""), "epc", "RF20" + reference, 0},
		{"EPC with one decimal, CRLF, 001", strings.ReplaceAll(edited(t, "EPC", 8, "EUR12.5"), "\n", "\r\n") + "\r\n", "epc", "RF20" + reference, 1250},
		{"Swiss without amount", edited(t, "Swiss SCOR", 19, ""), "swiss", "RF20" + reference, 0},
		{"Swiss type K, version 0201", strings.Replace(edited(t, "Swiss SCOR", 5, "K"), "0200", "0201", 1) + "\r\n", "swiss", "RF20" + reference, 1250},
	} {
		s, err := payload.Read(c.text)
		if err != nil || s.Scheme != c.scheme || s.Reference != c.reference {
			t.Errorf("%s: %+v, %v", c.name, s, err)
			continue
		}
		if (s.Amount == nil) != (c.amount == 0) || s.Amount != nil && int64(*s.Amount) != c.amount {
			t.Errorf("%s: %v", c.name, s.Amount)
		}
	}
	s, _ := payload.Read(upi + "&sign=MEUC+a/b%3D==")
	if s.Parts["sign"] != "MEUC+a/b%3D==" {
		t.Errorf("the signature became %q", s.Parts["sign"])
	}
	s, err := payload.Read(example(t, "EPC text, Latin 1").want)
	if err != nil || s.Merchant != "Bäckerei" {
		t.Errorf("Latin 1: %+v, %v", s, err)
	}
}

func TestBrokenContainers(t *testing.T) {
	upi := "upi://pay?pa=shop@examplebank&am="
	for _, c := range []struct {
		name, text string
		kind       error
		says       string
	}{
		{"nothing", "hello", payload.ErrUnknown, "begins like none"},
		{"empty", "", payload.ErrUnknown, "begins like none"},
		{"bare link", "weixin://", payload.ErrUnknown, ""},
		{"UPI without payee", "upi://pay?pn=x", payload.ErrSyntax, "object pa"},
		{"UPI twice", upi + "1&am=2", payload.ErrDuplicate, "offset 35, object am"},
		{"UPI twice in other letters", upi + "1&AM=2", payload.ErrDuplicate, "offset 35, object am"},
		{"UPI signed twice", upi + "1&sign=a&sign=b", payload.ErrDuplicate, "object sign"},
		{"UPI with an empty payee", "upi://pay?pa=&am=1", payload.ErrSyntax, "object pa"},
		{"UPI amount", upi + "1,00", payload.ErrAmount, "offset 30, object am"},
		{"UPI decimals", upi + "1.005", payload.ErrAmount, "object am"},
		{"UPI currency", upi + "1&cu=USD", payload.ErrSyntax, "object cu"},
		{"Thai short", "|1\r2", payload.ErrTruncated, "truncated"},
		{"Thai long", "|1\r2\r3\r4\r5", payload.ErrSyntax, "CR"},
		{"Thai amount", "|1\r2\r3\r4.5", payload.ErrAmount, "amount"},
		{"EPC short", "BCD\n002\n1\nSCT", payload.ErrTruncated, "offset 10, object line 4"},
		{"EPC version", edited(t, "EPC", 2, "003"), payload.ErrSyntax, "line 2"},
		{"EPC character set", edited(t, "EPC", 3, "0"), payload.ErrSyntax, "line 3"},
		{"EPC not UTF-8", edited(t, "EPC", 6, "B\xe4ckerei"), payload.ErrSyntax, "line 6"},
		{"EPC kind", edited(t, "EPC", 4, "INST"), payload.ErrSyntax, "line 4"},
		{"EPC IBAN", edited(t, "EPC", 7, "DE24100000001234567890"), payload.ErrSyntax, "line 7"},
		{"EPC currency", edited(t, "EPC", 8, "USD1.00"), payload.ErrAmount, "line 8"},
		{"EPC amount", edited(t, "EPC", 8, "EUR0"), payload.ErrAmount, "line 8"},
		{"EPC over the limit", edited(t, "EPC", 8, "EUR1000000000"), payload.ErrAmount, "999999999.99"},
		{"EPC both references", example(t, "EPC").want + "\ntext", payload.ErrSyntax, "line 11"},
		{"EPC long", example(t, "EPC").want + "\n\n\nx", payload.ErrSyntax, "line 13"},
		{"Swiss short", "SPC\n0200\n1", payload.ErrTruncated, "line 3"},
		{"Swiss long", example(t, "Swiss QRR").want + "\n\n\n\nx", payload.ErrSyntax, "line 35"},
		{"Swiss version", edited(t, "Swiss QRR", 2, "0100"), payload.ErrSyntax, "line 2"},
		{"Swiss character set", edited(t, "Swiss QRR", 3, "2"), payload.ErrSyntax, "line 3"},
		{"Swiss IBAN", edited(t, "Swiss QRR", 4, "DE23100000001234567890"), payload.ErrSyntax, "line 4"},
		{"Swiss amount", edited(t, "Swiss QRR", 19, "1'000.00"), payload.ErrAmount, "line 19"},
		{"Swiss over the limit", edited(t, "Swiss QRR", 19, "1000000000.0"), payload.ErrAmount, "999999999.99"},
		{"Swiss currency", edited(t, "Swiss QRR", 20, "USD"), payload.ErrSyntax, "line 20"},
		{"Swiss QRR check digit", edited(t, "Swiss QRR", 29, "000000000000000012345678904"), payload.ErrSyntax, "line 29"},
		{"Swiss QR-IBAN with RF", edited(t, "Swiss QRR", 28, "SCOR"), payload.ErrSyntax, "go together"},
		{"Swiss RF check digits", edited(t, "Swiss SCOR", 29, "RF21"+reference), payload.ErrSyntax, "line 29"},
		{"Swiss NON with reference", edited(t, "Swiss SCOR", 28, "NON"), payload.ErrSyntax, "NON"},
		{"Swiss type", edited(t, "Swiss SCOR", 28, "ABC"), payload.ErrSyntax, "QRR, SCOR or NON"},
		{"Swiss trailer", edited(t, "Swiss SCOR", 31, "END"), payload.ErrSyntax, "line 31"},
	} {
		_, err := payload.Read(c.text)
		if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
		if _, ok := payload.Identify(c.text); ok {
			t.Errorf("%s is identified", c.name)
		}
	}
}

func TestDecode(t *testing.T) {
	got := payload.Decode([]byte(example(t, "PIX").want))
	if len(got) != 1 || !got[0].OK || got[0].Protocol != "emvqr" || got[0].Name != "pix" || !strings.HasPrefix(got[0].Frame, "30303032") {
		t.Fatalf("%+v", got)
	}
	for name, want := range map[string]any{"amount": int64(1234), "currency": "BRL", "reference": reference, "count": 10, "x_26_00": "br.gov.bcb.pix",
		"x_26_01": "loja7@exemplo.com.br", "x_62_05": reference, "x_63": "6873", "x_merchant": "LOJA EXEMPLO", "x_59": "LOJA EXEMPLO"} {
		if got[0].Fields[name] != want {
			t.Errorf("%s = %v, want %v", name, got[0].Fields[name], want)
		}
	}
	bad := payload.Decode([]byte("0002015"))[0]
	if bad.OK || !strings.HasPrefix(bad.Error, "truncated") || bad.Protocol != "emvqr" || bad.Frame != "30303032303135" {
		t.Errorf("%+v", bad)
	}
	fixed := payload.Decode([]byte(sealed("000201530398655020256041.505902\xe4\xe4")))[0]
	if !fixed.OK || fixed.Fields["tip"] != int64(150) || fixed.Fields["x_59"] != "e4e4" || fixed.Fields["x_tip_mode"] != "fixed" {
		t.Errorf("%+v", fixed)
	}
}
