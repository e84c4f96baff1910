// Package trace records what goes over the wire of a device, for a technician, while that is switched on: whole frames in words, with card data masked.
//
// A [Tap] stands between supervisor and driver and is a decorator of the wire, so that every driver has it and none mentions it. Switched off it costs one
// atomic load for each read and write.
//
// Nothing is recorded before it is masked. What comes in pieces is held back until the family's own decoder has understood it as whole frames; it masks what
// it knows to be a card's. Of everything else (damage, another protocol, the middle of a frame that the trace has missed the begin of) only length and what
// cannot be a digit or a letter is shown. Held bytes live in memory only and are overwritten when they are of no more use; the decoder's own copies of them
// are left to the garbage collector, so that a core file written while a trace runs may hold a card. A trace is therefore for a technician at work, and ends
// by itself.
package trace
