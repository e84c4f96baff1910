// Package kills kills whole tills, from outside and in every step of what they do, and looks whether money is lost or taken twice. It is all
// tests; docs/reliability.md says what they promise, and in which counts they run.
package kills
