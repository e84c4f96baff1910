// Package live is the part of the conformance run that needs real wires: a sale at a simulated device over a pseudo-terminal behind drivers/serialport, and
// over TCP, in real time.
//
// A family's simulator brings a [Bench]; [Sales] then sells over a wire that is unplugged at every frame border of a sale's course and at 32 random bytes, in
// both directions, and compares at the end what the till believes with what the device holds. The run in virtual time (drivers/drivertest) takes every
// byte and every silence; here it is the operating system's own buffers, hang-ups and resets that count.
//
// A family calls it from the tests of its simulator, and once for each transport that it has:
//
//	live.Sales(t, live.Bench{Driver: zvt.Driver(), Currency: "EUR", New: newDevice})
//
// A device must answer fast (customers that take some milliseconds), and must decide at once what becomes of a sale whose wire is lost.
package live
