// Package webhook tells the shop's own software what happens on the till: HTTP requests that are signed by the Standard Webhooks specification and sent
// at least once.
//
// The journal is the truth. A hook has a place in it; everything before that place was delivered or is held, and what is held, retried or set aside is
// kept in one file beside it. An event is built from the records each time it is sent, so nothing but names and numbers is ever queued: no backlog
// fills memory or disk, and the file holds no secret (law 9).
//
// Each hook has one goroutine and one request in flight. That keeps the order, of each payment too, without any bookkeeping, and a till makes a few
// events a minute: a receiver on the same network takes hundreds a second. A hook waits for nobody else, and nobody waits for a hook.
//
// An event says how things are, not how they came to be: when a payment has changed again before its event went out, only the newer event is sent. It
// carries everything that the older one would have said.
package webhook
