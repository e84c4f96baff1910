package payload

// The card networks own the account objects 02-25; their ids come from the acquirer, so the codes are only read here.

func network(name, title string, first, last int) Scheme {
	return Scheme{Name: name, Title: title, Source: Platform, owns: byID(first, last)}
}

func visa() Scheme       { return network("visa", "Visa", 2, 3) }
func mastercard() Scheme { return network("mastercard", "Mastercard", 4, 5) }
func discover() Scheme   { return network("discover", "Discover", 9, 10) }
func amex() Scheme       { return network("amex", "American Express", 11, 12) }
func jcb() Scheme        { return network("jcb", "JCB", 13, 14) }
func unionPay() Scheme   { return network("unionpay", "UnionPay International", 15, 16) }
