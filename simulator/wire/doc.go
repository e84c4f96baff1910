// Package wire gives simulated devices a wire of their own, and breaks it.
//
// [Open] is the place where a till finds a simulated device: a pseudo-terminal behind a stable symbolic link, or a TCP port on
// systems without pseudo-terminals. [Faulty] wraps any wire and damages its bytes below the codec, at named byte offsets, so that
// every run of a script does the same: what it drops, repeats, flips or delays is data, and random scripts come from a seed.
package wire
