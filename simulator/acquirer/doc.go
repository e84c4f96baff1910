// Package acquirer is a simulated acquirer with books of its own: orders, the customers who pay them (or do not), and what it
// would settle. It shares the interface with the platform and nothing else: what it holds is the truth outside, by which a test
// or a reconciliation checks what the platform believes.
//
// Customers are played: each order has a [Customer], planned for its ref or queued for the next code, who decides, and whose
// order may meet faults: a request that never arrives or arrives late, an answer that is lost, money that comes although the
// order is closed. Without a plan a code is approved at once, and a QR waits for [Acquirer.Pay] or [Acquirer.PayLocal].
//
// Time is that of the time package, so that it runs in virtual time as well. Everything lives in memory.
package acquirer
