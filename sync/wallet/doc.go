// Package wallet is the closed loop of payments by a customer's code or by a QR: from the call that asks for money to the proof
// of what became of it, whatever is lost on the way. Only the platform runs it.
//
// [Loop] works on a [Store] of durable tasks and talks to an acquirer. Its rules:
//
//   - Before a call that can move money leaves, its mark is durable (stage asked, closing or refunding). So a platform that
//     died at any point knows afterwards what may have happened, and does only what is safe to do again.
//   - A payment call is never repeated. What is unclear is queried, then cancelled; only the answer to the cancel closes it,
//     because a customer may pay between the last query and the cancel.
//   - The customer's code lives in memory until the call has left. It is in no task.
//   - A payment that ended without money stays watched for a day: money that comes late becomes refund_due and goes back.
//   - Money of a payment that the cashier has given up (unwanted) goes back too.
//   - What tills want given back of an approved payment goes back refund by refund, each under a name of its own that stays the same for every try, so
//     that an unclear one is repeated safely. Refunds never sum above what was paid. Only the acquirer's refusal ends one without money.
//
// A task and the results that come of a step are committed in one call of the Store. Results of a payment follow
// pos.Status.Can; there is at most one approval, and nothing after refunded.
package wallet
