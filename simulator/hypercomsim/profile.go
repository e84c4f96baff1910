package hypercomsim

import "github.com/tillproof/tillproof/pos"

// Profile is whose terminal it is: banks give the same frames other codes.
type Profile string

// The profiles. The sheet of Ecuador's names no codes; it gets those of Thailand.
const (
	Razer   Profile = "razer"   // Malaysia
	LinkPOS Profile = "linkpos" // Thailand
	Ecuador Profile = "ecuador" // lengths of fields in binary, nothing behind the last one
)

// Profiles are all of them.
func Profiles() []Profile { return []Profile{Razer, LinkPOS, Ecuador} }

// task is what a transaction code wants.
type task string

const (
	purchase   task = "purchase"
	void       task = "void"
	refund     task = "refund"
	settlement task = "settlement"
	detail     task = "batch detail"
	byID       task = "last transaction by id"
	byTrace    task = "last transaction by trace"
	lastOne    task = "last transaction"
	ping       task = "ping"
	cancel     task = "cancel"
)

// traits are what tells a profile's terminals from others.
type traits struct {
	currency pos.Currency // that they count in, unless the options say otherwise
	echo     bool         // they know the till's own name of a transaction, field 66
	binary   bool         // lengths of fields are binary, and the last field has no 1C
	receipts bool         // they send a receipt as raw bytes
}

func (p Profile) traits() traits {
	switch p {
	case LinkPOS:
		return traits{currency: "THB"}
	case Ecuador:
		return traits{currency: "USD", binary: true}
	}
	return traits{currency: "MYR", echo: true, receipts: true}
}

// task is what a transaction code wants of terminals of the profile, "" for what they do not know.
func (p Profile) task(code string) task {
	if p == Razer {
		return ofMalaysia(code)
	}
	return ofThailand(code)
}

func ofMalaysia(code string) task {
	switch code {
	case "20":
		return purchase
	case "40":
		return void
	case "41":
		return refund
	case "50":
		return settlement
	case "51":
		return detail
	case "12":
		return byID
	case "FF":
		return ping
	case "XX":
		return cancel
	}
	return ""
}

func ofThailand(code string) task {
	switch code {
	case "20":
		return purchase
	case "26":
		return void
	case "27":
		return refund
	case "50":
		return settlement
	case "71":
		return byTrace
	}
	return ""
}
