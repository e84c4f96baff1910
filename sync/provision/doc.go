// Package provision is what the platform configures a till to while it runs: the shop's name for screens and receipts, cards that are not taken, values for
// the shop's own programs. It travels as one signed document with a version. What a till must know to start (its devices, its key, its broker) stands in
// its own file and never here: a document cannot cut a till off.
package provision
