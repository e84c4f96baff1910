// Package idtechsim is a simulated card reader that encrypts at its head (the ID TECH family), at the byte level: swipes unasked, requests answered, every
// card under a key of its own (TDES DUKPT, package dukpt) of the public test key.
//
// A reader that is set to NEO 2 is one of chip and contactless cards: it waits to be asked for a card and answers with one (neo*.go). Both kinds have their
// keys, faults and memory in common.
//
// It shares the frame codecs with the driver and nothing else: masks, ciphertexts, hashes, check characters and faults are its own. Its memory is a JSON file
// that survives a power loss: serial number, the key serial number used last, security level and settings. It never holds a card.
package idtechsim
