// Package detect finds what stands at a till's serial ports, for the technician.
//
// [Ports] reads the system's own files and opens nothing. [Listen] opens a port for reading alone: a device that was not named is never written to. [Probe]
// asks a port or address that somebody has named by questions that move no money and change nothing in any family: what each byte was is told.
// Bytes that devices say are judged, counted and wiped; none of them is shown, since card data may be among them.
package detect
