// Package record defines the bytes that are hashed, signed, stored and shipped: one CBOR map a record, in deterministic encoding (RFC 8949 §4.2),
// each holding the SHA-256 of its predecessor. record.cddl lists every key.
//
// A record that was read is never encoded again: its bytes travel unchanged from the till's disk to the platform's database.
package record
