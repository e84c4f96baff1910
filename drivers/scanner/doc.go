// Package scanner drives barcode scanners that send what they read as plain bytes over a serial line (or TCP): nearly all do so out of
// the box, and most others can be set to it.
//
// A code ends with CR, LF, CR LF, TAB or ETX, as the scanner is set; STX before it is dropped. A scanner that sends no terminator ends
// a code by silence. Texts with a line break inside need a scanner whose terminator is ETX or TAB, and that option set here.
// AIM identifiers (ISO/IEC 15424), such as ]Q1, are understood and not needed; with them the till knows a GS1 code for certain.
//
// Options of a device, all of them texts:
//
//	terminator  auto (default): each of the above ends a code, and silence does until a terminator was seen;
//	            cr, lf, crlf, tab or etx: only this ends a code; none: only silence does
//	idle_ms     silence in milliseconds that ends a code where no terminator does, 20-500, default 60
//	flow        none (default), or xonxoff: 11 and 13 are flow control and dropped
//	encoding    how texts are read that are no UTF-8: auto (default: GB18030, else Latin-1), gb18030, sjis, big5 or latin1
//
// The same bytes within 300 ms of each other are one scan: double suffixes and scanners that read a code again while it lies
// there. Everything beyond is a scan of its own, for two cans are two cans.
//
// A code longer than 8192 bytes is dropped up to its end. Where terminators are sent, a code whose terminator does not come
// within a second is dropped too: half a payment code is worse than none. Both are counted.
//
// A stripe reader is no scanner: a track of a card that pays is dropped unread, and counted. For gift and membership cards there is the driver msr.
//
// A fault of the wire sticks until the wire is opened anew.
package scanner
