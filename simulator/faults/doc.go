// Package faults holds the tests of the way from the till to the ledger with everything that can go wrong on it. Whole tills, brokers and platforms are
// run against broken networks, brokers, databases and copies; in the end the ledger must hold what the journals hold, and reconciliation must say so.
package faults
