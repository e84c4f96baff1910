package hypercom

import (
	"encoding/hex"

	"github.com/tillproof/tillproof/drivers/hypercom/codec"
	"github.com/tillproof/tillproof/drivers/stx"
	"github.com/tillproof/tillproof/pos"
)

// Parts of field 99 that are treated by themselves.
const (
	payerPart    = "b904" // personal
	currencyPart = "b907"
)

// wallet tells the parts of field 99, which terminals add to payments by wallets: a tag of two bytes, a length of one, and so many bytes. Tags that nobody has
// described may hold anything; they are left out, and so is everything behind a length that goes beyond the field.
func wallet(f stx.Fields, data []byte) {
	for len(data) >= 3 {
		tag, end := hex.EncodeToString(data[:2]), 3+int(data[2])
		if end > len(data) {
			return
		}
		if isWalletPart(tag) {
			walletPart(f, tag, data[3:end])
		}
		data = data[end:]
	}
}

func walletPart(f stx.Fields, tag string, data []byte) {
	part := codec.Field{Code: "99_" + tag, Data: data}
	value := text(codec.Message{Fields: []codec.Field{part}}, part.Code)
	if currency := pos.Currency(value); tag == currencyPart && currency.Known() {
		f["currency"] = value
		return
	}
	setNamed(f, part, value)
}

// isWalletPart says whether a part is one of loyalty, fee, store, terminal, invoice, reference, transaction, currency, amount, rate, product or wallet.
func isWalletPart(tag string) bool {
	switch tag {
	case payerPart:
		return false
	case "b102", "b103", "b104", "b105", "b601", "b901", "b902", "b903", "b905", "b906", currencyPart, "b908", "b909", "b910", "b911":
		return true
	}
	return false
}
