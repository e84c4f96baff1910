// Package reconcile holds the checks that compare what devices, journal and ledger say of the same money. They are pure rules over columns that
// the caller has read, so that both ends can use them. Each difference has a cause and a next step.
package reconcile
