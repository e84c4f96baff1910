// Package view says what a sequence of records means: it folds them into payments and totals.
//
// It is pure. The till folds its journal with it, the platform its ledger, and reconciliation both again from the bytes; so a view
// can be thrown away and made anew, and two ends that hold the same records cannot disagree about the money.
package view
