package hypercom

import "github.com/tillproof/tillproof/drivers/hypercom/codec"

// linkpos is the profile of the banks of Thailand. Which of 71, 72 and 73 tells what is not sure; 71 is taken for the question by trace.
func linkpos() profile {
	return profile{
		name:       "linkpos",
		form:       codec.Usual(),
		sale:       codes{"20", []string{fieldAmount}},
		void:       codes{"26", []string{fieldInvoice}},
		refund:     codes{"27", []string{fieldAmount}},
		settlement: codes{"50", nil},
		byTrace:    codes{"71", []string{fieldTrace}},
		missing:    []string{notFound},
		aborted:    []string{byCustomer},
	}
}
