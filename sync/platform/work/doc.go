// Package work keeps what a person must look at: an offline approval that the issuer refused, an order that two tills have charged, records that were set
// aside, a fork, a forgery, a refund that the acquirer does not carry out, a difference to a statement. An item never decides about money. It says what is
// the matter, until when something can be done, how often it was tried, and what became of it.
//
// An item is added in the transaction of what it is about, once for a subject however often it is found, and closed by the same facts or by a person who
// gives a reason. A retry is a wish: it is durable here and carried out by the platform that runs, so that it may be asked for by a command while the
// platform is down.
package work
