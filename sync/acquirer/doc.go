// Package acquirer is how the platform sees those who move the customer's money of a code or a QR: wallets, banks, or a
// provider in front of them. Only the platform talks to an acquirer; a till never does.
//
// [Acquirer] is the interface. [HTTP] is a client of the small JSON protocol below, [Handler] serves the same protocol in front
// of any Acquirer. One rule holds everywhere: an answer proves something about the money, an error proves nothing. After an
// error the call may have been carried out, so it is asked for by Query and never repeated blindly.
//
// # The protocol
//
// HTTP/1.1 or newer, POST, JSON (RFC 8259) in UTF-8 both ways, at most 16 KiB a body, "Authorization: Bearer SECRET".
// Amounts are integers of minor units with an ISO 4217 code, times milliseconds since 1970-01-01 UTC.
//
//	POST /v1/authorise {request, order, code}                 -> {request, ref, answer}
//	POST /v1/issue     {request, order, ttl_ms}               -> {request, ref, issued}
//	POST /v1/capture   {request, order, capture}              -> {request, ref, answer}
//	POST /v1/authorise-card {request, order, card}            -> {request, ref, answer}    of acquirers that take cards, see [Cards]
//	POST /v1/capture-card   {request, order, capture, card}   -> {request, ref, answer}
//	POST /v1/expect    {request, order, reference}            -> {request, ref}
//	POST /v1/query     {request, ref}                         -> {request, ref, answer}
//	POST /v1/cancel    {request, ref}                         -> {request, ref, answer}
//	POST /v1/refund    {request, ref, refund, amount, currency} -> {request, ref, answer}
//
//	order  = {ref, till, order, amount, currency, scheme}
//	answer = {state, amount, currency, transaction, code, text, at}     amount and currency absent when no money is meant
//	issued = {payload, expires_at}
//	card   = {format, opaque, reader, ksn, bin, last4}        opaque in base64, ksn in hex; bin and last4 where the reader shows them
//
// request is a fresh name of 32 hex digits a call; the response repeats it, and ref, so that an answer can never be taken for
// that of another call. 200 is the only status that carries an answer. 400 (not understood) and 401 (secret) say that nothing
// was done, but a client does not rely on it: any other status than 200, a body that is no such JSON, another request or ref,
// or money that cannot belong to the call is an error, and so unclear. 502 is what [Handler] answers when its Acquirer is
// unclear itself.
//
// The customer's code travels in the body of authorise only, and what a card reader has encrypted in those of authorise-card and capture-card. They stand in
// no error, no header, no address and no log.
package acquirer
