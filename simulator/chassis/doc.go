// Package chassis is what simulated devices have in common: a memory that survives the loss of power, and wires that are plugged in one after the other. How a
// device behaves, what it answers and what it counts is each one's own.
package chassis
