// Package engine decides about money: it turns a cashier's request into an intent, a device's answer into a result, and what was left open by a
// crash or a broken wire into a resolution, in the order that the laws ask for:
//
//  1. the intent is durable before the device hears of the sale,
//  2. the device's result is durable before it is acknowledged (mark 2, record result), and counts for the cashier when the acknowledgement is known to
//     have gone out (mark 3, record confirmed),
//  3. what is not known is asked for, never repeated.
//
// The engine knows no HTTP and opens no wire. Each device has one goroutine, the supervisor's, which lends itself by [Engine.Attend].
package engine
