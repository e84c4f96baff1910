// Package fleet plays thousands of tills in one process, each with its own key, journal epoch and chain, to load a broker and a platform as a
// chain of shops would.
//
// A till costs a few kilobytes: one goroutine that reads its connection, half a kilobyte of state, and no record. Records are a function of
// the seed, the till and the number, so they are made when they are sent, again when they must be sent again, and once more for the proof at
// the end. The protocol is that of docs/sync-protocol.md: a window of batches, back to the mark on a gap, and nothing but the platform's signed
// acknowledgement moves the mark. MQTT 3.1.1 is written here by hand, since a client library costs ten times as much a till.
package fleet
