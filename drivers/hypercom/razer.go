package hypercom

import "github.com/tillproof/tillproof/drivers/hypercom/codec"

// razer is the profile of Razer Merchant Services in Malaysia.
func razer() profile {
	return profile{
		name:       "razer",
		form:       codec.Usual(),
		named:      true,
		sale:       codes{"20", []string{fieldAccount, fieldID, fieldAmount, fieldCashback, fieldMeans, fieldReceipt, fieldCashier}},
		void:       codes{"40", []string{fieldAccount, fieldID, fieldInvoice, fieldReceipt, fieldCashier}},
		refund:     codes{"41", []string{fieldAccount, fieldID, fieldAmount, fieldReceipt, fieldCashier}},
		settlement: codes{"50", []string{fieldAccount, fieldID, fieldReceipt, fieldForce}},
		byID:       codes{"12", []string{fieldID}},
		ping:       codes{"FF", nil},
		cancel:     "XX",
		missing:    []string{notFound},
		aborted:    []string{byCustomer},
	}
}
