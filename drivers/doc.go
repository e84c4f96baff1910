// Package drivers is the contract between the till and the devices on its wires.
//
// A driver is handed a [Conn] and never opens a wire. Its methods are synchronous, take a context and start no goroutine; the
// supervisor above owns one goroutine a device, calls one method at a time and reopens with backoff after a fault of the wire.
// A driver knows no journal: what must be durable before it may go on is handed to it as a function (see [Sale]).
//
// To add a driver, write one folder and one line in drivers/all; the run in drivers/drivertest says when it is done.
package drivers
