// Package reconcile holds the checks that compare what devices, journals, ledger and acquirers' statements say of the same money. They are pure rules over columns
// that the caller has read, so that both ends can use them, in six kinds: consistency, sums, order, idempotency, timeliness, configuration. Each
// difference has a cause and a next step. [Custody] proves a ledger by its own records.
package reconcile
