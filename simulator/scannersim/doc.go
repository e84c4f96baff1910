// Package scannersim plays a plain barcode scanner at the byte level: prefix, AIM identifier, text in the encoding of the scanner,
// terminator, at the pace of a serial line. It shares no code with the driver that reads it.
package scannersim
