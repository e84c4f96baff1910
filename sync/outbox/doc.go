// Package outbox is the till's pump: it brings the journal's records to the platform, in order, again and again until the platform
// has signed for them.
//
// It keeps no queue. Sending is a repeatable pull from the journal, starting behind the last acknowledged record: whatever is
// lost, repeated or reordered on the way, and whenever the till or the platform stops, the next pull begins at the right place.
// Only the platform's signed acknowledgement moves that place; neither a broker's PUBACK, nor time, nor a number of tries does.
package outbox
