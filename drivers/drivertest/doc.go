// Package drivertest is the conformance run of drivers: the laws that every driver keeps, whatever its protocol.
//
// A driver's own tests provide a [Bench]: the driver and a peer that plays the device at the byte level, with a codec
// of its own or the driver's frame codec, and faults that are made on the wire. [CardTerminal] runs everything in
// virtual time (testing/synctest), so peers live on [Wire]s or net.Pipes and a silence of minutes costs nothing. A
// goroutine that is left over fails the run.
package drivertest
