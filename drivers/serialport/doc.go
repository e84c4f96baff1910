// Package serialport makes a [drivers.Conn] of a serial line. It is the only importer of go.bug.st/serial.
//
// The library leaves four things to its user, and each of them can cost money: a write after Close goes to whatever file has the
// descriptor's number by then, a write has no time limit, a read that meets its time limit returns (0, nil), and two processes can
// open the same port. A [Port] therefore owns the library's port by two goroutines, one that reads and one that writes. Nobody
// else calls the library, and the later of the two to end closes the descriptor, so that it is never closed under a running call.
//
// What passes: a read or write deadline. What sticks until the port is opened anew: an unplugged device ([ErrUnplugged]), a write
// that the line does not take in time ([ErrStuck]), a damaged byte on a line with parity ([ErrParity]), and Close.
//
// Modem lines and software handshake are not used.
package serialport
