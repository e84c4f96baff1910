package scenario

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/pos"
)

// newCode makes the text of a customer's code of a scheme, by the rules that tills know them by: 18 digits from 10 to 15 for
// WeChat, 18 from 25 to 30 for Alipay, 19 from 62 for UnionPay. digit gives a number below its argument.
func newCode(scheme string, digit func(int) int) (string, error) {
	var text string
	length := 18
	switch scheme {
	case "wechat":
		text = fmt.Sprintf("1%d", digit(6))
	case "alipay":
		text = fmt.Sprintf("2%d", 5+digit(5))
	case "unionpay":
		text, length = "62", 19
	default:
		return "", fmt.Errorf("scheme %q is not one of wechat, alipay, unionpay", scheme)
	}
	for len(text) < length {
		text += string(rune('0' + digit(10)))
	}
	return text, nil
}

// errNotPayable says that a customer cannot do anything about a payment.
var errNotPayable = errors.New("there is nothing that this payment's customer could do now")

// referenceOf reads the reference of a bank transfer out of a QR, as a banking app does: line 10 as an RF reference, or line 11
// as text (EPC069-12). It reads nothing of any other QR: those are paid at the acquirer that has issued them.
func referenceOf(payload string) string {
	lines := strings.Split(strings.ReplaceAll(payload, "\r\n", "\n"), "\n")
	if lines[0] != "BCD" {
		return ""
	}
	lines = append(lines, make([]string, 11)...)
	if lines[9] != "" {
		return lines[9]
	}
	return lines[10]
}

// bare is a reference without the dress of ISO 11649 (RF and two check digits): banks know a transfer by either.
func bare(reference string) string {
	if len(reference) > 4 && strings.HasPrefix(reference, "RF") && isDigit(rune(reference[2])) && isDigit(rune(reference[3])) {
		return reference[4:]
	}
	return reference
}

// refOf is a payment's name at the acquirer.
func refOf(id pos.PaymentID) string { return hex.EncodeToString(id[:]) }

// decide lets the customer of a payment pay or refuse: who shows a code confirms it, who has scanned a QR pays what it says. A
// transfer is paid by its reference alone, whatever till, platform and acquirer know of it. amount, when above 0, is transferred
// instead of what was asked.
func (d *Demo) decide(p *api.Payment, pays bool, after time.Duration, amount pos.Minor) error {
	if p.QR != nil && referenceOf(p.QR.Payload) != "" {
		if !pays {
			return fmt.Errorf("%w: a transfer cannot be refused, it just does not come", errNotPayable)
		}
		money := pos.Money{Amount: p.Amount, Currency: p.Currency}
		if amount > 0 {
			money.Amount = amount
		}
		d.transfer(referenceOf(p.QR.Payload), money, after)
		return nil
	}
	return d.bank.Pay(refOf(p.ID), pays, after)
}

// transfer sends money to the shop's account.
func (d *Demo) transfer(reference string, money pos.Money, after time.Duration) {
	if after <= 0 {
		_ = d.bank.PayLocal(bare(reference), money) // fails for a second currency only
		return
	}
	time.AfterFunc(after, func() { _ = d.bank.PayLocal(bare(reference), money) })
}
