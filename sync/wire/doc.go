// Package wire defines what travels between tills and the platform: MQTT topics, batches of records and signed acknowledgements.
// wire.cddl lists every key.
//
// It is pure: it opens no connection and keeps no state that changes, so that any courier (MQTT, a file, a neighbour till) can
// carry its messages. Whatever comes from outside is decoded within bounds; what does not fit is an error and never a panic.
package wire
