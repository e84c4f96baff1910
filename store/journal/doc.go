// Package journal keeps the records of a till: append-only, gapless per epoch, hash-chained, signed, on bbolt. It is the only importer of bbolt.
//
// One file is one segment of an epoch; its space is written with zeros before it is used, so that a commit costs exactly two flushes and the
// room for the outcome of a running sale cannot be taken by anybody else. Views are a file of their own that is committed lazily and
// can be thrown away. A [Journal] writes, a [Reader] looks at the same files while no agent runs.
//
// Order of closing: views, acknowledgement, segments, lock.
package journal
