package reconcile

import (
	"github.com/tillproof/tillproof/pos"
)

// Registry is who exists and what is agreed. A map that is nil is not checked.
type Registry struct {
	Tills     map[pos.TillID]Enrolled
	Terminals map[string]Terminal                      // by the number at the acquirer
	Numbers   map[string]map[string]pos.MerchantID     // acquirer, the shop's number there: whose it is
	Currency  map[pos.MerchantID]map[pos.Currency]bool // what a merchant sells in

	// Fee is what is agreed to be kept of a payment; false where nothing is agreed. Nil: fees are not checked.
	Fee func(p *Payment, paid pos.Money) (pos.Minor, bool)
}

// Enrolled is a till of the register.
type Enrolled struct{ Merchant pos.MerchantID }

// Terminal is a card terminal of the register.
type Terminal struct {
	Till       pos.TillID
	Acquirer   string
	MerchantID string // the shop's number that it works under, "" for any
}

// tillsKnown: who sells is enrolled, for the merchant whose money it takes.
func tillsKnown(c *Columns) []Difference {
	if c.Registry == nil || c.Registry.Tills == nil {
		return nil
	}
	var list []Difference
	told := map[pos.TillID]bool{}
	for i := range c.Journal {
		p := &c.Journal[i]
		if p.Till == "" || told[p.Till] {
			continue
		}
		till, known := c.Registry.Tills[p.Till]
		switch {
		case !known:
			list = append(list, difference("till_unknown", &p.ID, "Till %s has payments and is not registered.", "Find out who set it up; register it, or revoke its key.", p.Till))
		case p.Merchant != "" && p.Merchant != till.Merchant:
			list = append(list, difference("till_merchant", &p.ID, "Till %s sold for merchant %s and is registered for %s.",
				"Correct the register: settlement statements are made by it.", p.Till, p.Merchant, till.Merchant))
		default:
			continue
		}
		told[p.Till] = true
	}
	return list
}

// terminalsKnown: a card terminal is registered, stands at its till and works under the shop's number.
func terminalsKnown(c *Columns) []Difference {
	if c.Registry == nil {
		return nil
	}
	var list []Difference
	told := map[[2]string]bool{}
	for i := range c.Journal {
		p := &c.Journal[i]
		once := [2]string{string(p.Till), p.TerminalID}
		if p.Tender != pos.Card || p.TerminalID == "" || told[once] || c.Registry.Terminals == nil {
			continue
		}
		told[once] = true
		terminal, known := c.Registry.Terminals[p.TerminalID]
		switch {
		case !known:
			list = append(list, difference("terminal_unknown", &p.ID, "Card terminal %s of till %s is not registered.",
				"Register it, or find out whose terminal took the money: it may go to somebody else's account.", p.TerminalID, p.Till))
		case p.Till != "" && terminal.Till != "" && terminal.Till != p.Till:
			list = append(list, difference("terminal_moved", &p.ID, "Card terminal %s is registered at till %s and took money at till %s.",
				"Correct the register.", p.TerminalID, terminal.Till, p.Till))
		case terminal.MerchantID != "" && p.MerchantID != "" && terminal.MerchantID != p.MerchantID:
			list = append(list, difference("merchant_id_differs", &p.ID, "Card terminal %s worked under the number %s, registered is %s.",
				"Call the terminal's operator: the money goes to the account of that number.", p.TerminalID, p.MerchantID, terminal.MerchantID))
		}
	}
	return append(list, numbersKnown(c)...)
}

// numbersKnown: the numbers of the shop in a statement are those agreed.
func numbersKnown(c *Columns) []Difference {
	var list []Difference
	told := map[[2]string]bool{}
	for i := range c.Statement {
		r := &c.Statement[i]
		once := [2]string{r.Acquirer, r.MerchantID}
		numbers := c.Registry.Numbers[r.Acquirer]
		if r.MerchantID == "" || numbers == nil || told[once] {
			continue
		}
		whose, known := numbers[r.MerchantID]
		switch {
		case !known:
			list = append(list, difference("merchant_id_differs", nil, "Line %d of %s's statement is for the number %s, which nobody here has.",
				"Ask the acquirer whose number it is: the statement may be another shop's.", r.Line, r.Acquirer, r.MerchantID))
		case r.of != nil && r.of.Merchant != "" && whose != r.of.Merchant:
			list = append(list, difference("merchant_id_differs", &r.of.ID, "Line %d of %s's statement is for the number of %s, the payment is of %s.",
				"The money went to the other merchant's account: have the acquirer correct it.", r.Line, r.Acquirer, whose, r.of.Merchant))
		default:
			continue
		}
		told[once] = true
	}
	return list
}

// currenciesAgreed: a merchant sells in its currencies.
func currenciesAgreed(c *Columns) []Difference {
	if c.Registry == nil || c.Registry.Currency == nil {
		return nil
	}
	var list []Difference
	for i := range c.Journal {
		p := &c.Journal[i]
		if agreed := c.Registry.Currency[p.Merchant]; agreed != nil && !agreed[p.Money.Currency] {
			list = append(list, difference("currency_differs", &p.ID, "The payment is in %s, which merchant %s does not sell in.",
				"Correct the till's configuration; the acquirer may convert the money at a cost.", p.Money.Currency, p.Merchant))
		}
	}
	return list
}

// feesAgreed: the acquirer keeps what was agreed.
func feesAgreed(c *Columns) []Difference {
	if c.Registry == nil || c.Registry.Fee == nil {
		return nil
	}
	var list []Difference
	for i := range c.Statement {
		r := &c.Statement[i]
		if r.Kind != RowPayment || r.of == nil || r.Fee == nil {
			continue
		}
		agreed, known := c.Registry.Fee(r.of, r.Money)
		if known && agreed != *r.Fee {
			list = append(list, difference("fee_differs", &r.of.ID, "%s kept %s of %s, agreed is %s.", "Claim the difference from the acquirer, or correct the fee rule.",
				r.Acquirer, pos.Money{Amount: *r.Fee, Currency: r.Money.Currency}, r.Money, pos.Money{Amount: agreed, Currency: r.Money.Currency}))
		}
	}
	return list
}
