// Package crash holds the crash suite: power cuts, disk faults, damaged files and kills, and the journal that has to survive them. It is
// all tests; docs/reliability.md says what they promise, and in which counts they run.
package crash
