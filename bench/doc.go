// Package bench holds Tillproof's own measurements, each beside its limit and its peers in the same run and on the same disk. It is a
// module of its own, so that nothing that is only compared with comes into the product. README.md says what each figure means.
package bench
