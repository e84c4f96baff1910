// Package code judges what was scanned while a sale awaits payment: which wallet a customer's code belongs to, or what else it is.
//
// A payment code is a secret for about a minute: whoever holds it can charge the customer. No error, String or field of this package
// shows one; only scheme, AID, label and last four digits come out, and a keyed hash ([Hash]) tells one code from another. A code must
// never be queued while offline, and never be submitted twice, not even after a failed payment.
package code
