// Package calls is the till's end of the calls to the platform: it signs a call, sends it once, and waits for the first signed answer.
//
// A call that nobody answers is never sent again by this package: whether it was received is unknown, and only the caller knows which question finds
// out without moving money twice (law 3).
package calls
