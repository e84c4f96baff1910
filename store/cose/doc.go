// Package cose signs and verifies with Ed25519 in COSE_Sign1 (RFC 9052 §4.2), and keeps the key files.
//
// Every signature names its signer by a kid and is bound to its purpose by external additional data ("tillproof/record/1" and so on), so that
// a signature made for one kind of message proves nothing for another.
package cose
