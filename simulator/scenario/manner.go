package scenario

import (
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/simulator/acquirer"
)

// manner is how a sale goes that a customer pays with a phone.
type manner struct {
	name     string
	count    int // so many of a day
	tender   pos.Tender
	scheme   string            // of the code or the QR
	customer acquirer.Customer // of a code or of a QR that the acquirer issues
	life     time.Duration     // the order ends so long after it began; 0: no end of its own
	scanned  bool              // the payment waits for its code, which comes from the serial scanner
	typed    bool              // of one that waits: the code comes through the API
	offline  bool              // begins while the network is cut
	transfer time.Duration     // of a QR of the till's own: transferred so long after it is shown; 0: not in time
	late     time.Duration     // of a QR of the till's own: transferred so long after the payment has ended
	odd      bool              // pays another amount than the QR asks for
	trouble  trouble
	retry    bool // paid in cash when it ends uncharged
}

// trouble is what else happens to a payment while its customer is busy.
type trouble string

const (
	noTrouble          trouble = ""
	agentDies          trouble = "agent_killed"            // while the customer is busy
	agentDiesAsking    trouble = "agent_killed_asking"     // the acquirer has the call: intent and code must be durable by now
	platformDies       trouble = "platform_killed"         // while the customer is busy
	platformDiesAsking trouble = "platform_killed_asking"  // the acquirer has the call, and nobody gets the answer
	answerLost         trouble = "acquirer_answer_lost"    // on the line between acquirer and platform
	replyLost          trouble = "platform_reply_lost"     // all of the platform's replies, then the line is cut
	cashierStops       trouble = "cashier_cancelled"       // while the customer is busy
	givenUp            trouble = "unknown_given_up"        // the replies are lost, and the cashier takes cash instead; the first payment is paid all the same
	codeAgain          trouble = "code_used_again_refused" // the code is shown to a second payment too
	refusedOffline     trouble = "offline_refused"         // the network is gone
)

// needsLuck says whether a trouble may miss its moment, because another one of the day comes between.
func (t trouble) needsLuck() bool {
	return t != noTrouble && t != codeAgain && t != refusedOffline
}

// moneyComesLate says whether money may come after the end, so that it must go back.
func (m *manner) moneyComesLate() bool {
	return m.customer.Late > 0 || m.customer.BeforeCancel || m.late > 0 || m.trouble == givenUp
}

// manners are all ways in which phones pay on an offline day.
func manners() []manner { return append(append(codeManners(), issuedManners()...), ownManners()...) }

// short is a lifetime in which a customer who is slow does not pay.
const short = 2500 * time.Millisecond

// codeManners: the merchant scans the customer.
func codeManners() []manner {
	slow := acquirer.Customer{After: 1800 * time.Millisecond}
	never := acquirer.Customer{Never: true}
	return []manner{
		{name: "code approved at once", count: 14, tender: pos.Code, scheme: "wechat"},
		{name: "code approved at once", count: 6, tender: pos.Code, scheme: "alipay"},
		{name: "code of the scanner", count: 6, tender: pos.Code, scheme: "unionpay", scanned: true},
		{name: "code typed in", count: 2, tender: pos.Code, scheme: "wechat", scanned: true, typed: true},
		{name: "code, slow customer", count: 4, tender: pos.Code, scheme: "alipay", customer: slow},
		{name: "code declined", count: 4, tender: pos.Code, scheme: "wechat", customer: acquirer.Customer{Declines: true, After: 300 * time.Millisecond}, retry: true},
		{name: "code, call lost", count: 1, tender: pos.Code, scheme: "alipay", customer: acquirer.Customer{LoseRequests: 1}, retry: true},
		{name: "code, answer and queries lost", count: 2, tender: pos.Code, scheme: "wechat", customer: acquirer.Customer{LoseAnswers: 1, LoseQueries: 2}},
		{name: "code, answer lost on the line", count: 3, tender: pos.Code, scheme: "wechat", trouble: answerLost},
		{name: "code paid between query and cancel", count: 2, tender: pos.Code, scheme: "alipay", customer: acquirer.Customer{Never: true, BeforeCancel: true}},
		{name: "code paid late", count: 2, tender: pos.Code, scheme: "wechat", customer: acquirer.Customer{Never: true, Late: 1200 * time.Millisecond, LoseRefunds: 1}},
		{name: "code never confirmed", count: 2, tender: pos.Code, scheme: "alipay", customer: never, retry: true},
		{name: "code shown twice", count: 2, tender: pos.Code, scheme: "wechat", trouble: codeAgain},
		{name: "code, cashier cancels", count: 2, tender: pos.Code, scheme: "alipay", customer: never, trouble: cashierStops, retry: true},
		{name: "code, replies lost", count: 2, tender: pos.Code, scheme: "wechat", trouble: replyLost},
		{name: "code given up while nobody knows", count: 2, tender: pos.Code, scheme: "wechat", trouble: givenUp},
		{name: "code, agent dies", count: 2, tender: pos.Code, scheme: "alipay", customer: slow, trouble: agentDies},
		{name: "code, agent dies asking", count: 1, tender: pos.Code, scheme: "wechat", trouble: agentDiesAsking},
		{name: "code typed in, agent dies asking", count: 2, tender: pos.Code, scheme: "alipay", scanned: true, typed: true, trouble: agentDiesAsking},
		{name: "code, platform dies", count: 3, tender: pos.Code, scheme: "alipay", customer: slow, trouble: platformDies},
		{name: "code, platform dies asking", count: 2, tender: pos.Code, scheme: "wechat", trouble: platformDiesAsking},
		{name: "code offline", count: 6, tender: pos.Code, scheme: "wechat", offline: true, trouble: refusedOffline},
	}
}

// issuedManners: the customer scans a QR of the acquirer.
func issuedManners() []manner {
	pays := acquirer.Customer{After: 700 * time.Millisecond}
	slow := acquirer.Customer{After: 1800 * time.Millisecond}
	never := acquirer.Customer{Never: true}
	return []manner{
		{name: "QR paid", count: 8, tender: pos.QR, scheme: "wechat", customer: pays},
		{name: "QR paid", count: 4, tender: pos.QR, scheme: "alipay", customer: slow},
		{name: "QR, another amount", count: 1, tender: pos.QR, scheme: "wechat", customer: pays, odd: true},
		{name: "QR expired", count: 3, tender: pos.QR, scheme: "alipay", customer: never, life: short, retry: true},
		{name: "QR paid late", count: 2, tender: pos.QR, scheme: "wechat", customer: acquirer.Customer{Never: true, Late: 1500 * time.Millisecond}, life: short},
		{name: "QR, cashier cancels", count: 2, tender: pos.QR, scheme: "wechat", customer: never, trouble: cashierStops, retry: true},
		{name: "QR, agent dies", count: 2, tender: pos.QR, scheme: "wechat", customer: slow, trouble: agentDies},
		{name: "QR, platform dies", count: 2, tender: pos.QR, scheme: "alipay", customer: slow, trouble: platformDies},
		{name: "QR offline", count: 1, tender: pos.QR, scheme: "alipay", offline: true, trouble: refusedOffline},
	}
}

// ownManners: the customer scans a QR that the till makes itself.
func ownManners() []manner {
	own := func(name string, count int) manner {
		return manner{name: name, count: count, tender: pos.QR, scheme: "epc"}
	}
	list := []manner{own("transfer", 6), own("transfer offline", 4), own("transfer of another amount", 1), own("transfer never", 2),
		own("transfer never, offline", 1), own("transfer late", 2), own("transfer, cashier cancels", 1)}
	for i := range list {
		switch m := &list[i]; m.name {
		case "transfer", "transfer offline", "transfer of another amount":
			m.transfer, m.offline, m.odd = 600*time.Millisecond, m.name == "transfer offline", m.name == "transfer of another amount"
		case "transfer never", "transfer never, offline":
			m.life, m.offline, m.retry = short, m.name == "transfer never, offline", true
		case "transfer late":
			m.life, m.late = short, 500*time.Millisecond
		case "transfer, cashier cancels":
			m.trouble, m.retry = cashierStops, true
		}
	}
	return list
}
