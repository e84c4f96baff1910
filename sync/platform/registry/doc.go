// Package registry is the platform's truth about who exists: merchants, their stores and tills, the card terminals' numbers at the acquirers, what tills
// may take while the platform is away, what acquirers charge, what tills are configured to, and who works in the back office. Each thing is kept as a
// document with a revision; every change is written to the audit log in the same transaction, and counts the registry's version up.
//
// Nothing is ever removed: what no longer counts is disabled, since records of it lie in the ledger.
package registry
