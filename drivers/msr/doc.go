// Package msr reads what a magnetic stripe reader on a serial line sends: tracks as text between their sentinels. Such a reader does not encrypt, so no card
// that pays belongs into it: it is for a shop's own membership, gift and staff cards, and a device of kind scanner. It also decodes what was recorded on such
// a line and shows of a number no more than its last four digits.
//
// Source: ISO/IEC 7813 and public manuals of readers.
//
// Tracks come in one burst, each with a CR behind it mostly, and silence ends the burst. Of a burst one number is handed out as the text of a [drivers.Scan]
// of symbology "msr", and nothing else of the card: the number of track 2, or of track 1, or of track 3, that begins as the option own says. A track 1 in a
// format of the house's own is handed out whole. Everything else is wiped unread and counted:
//
//   - a burst in which any track is that of a payment card: its first six digits belong to a payment scheme and it has 12 digits or more, whatever own says;
//     or it has 13 to 19 digits with a right check digit and own does not list it,
//   - cards that own does not list, numbers with masks,
//   - tracks that the reader could not read (%E?), tracks without an end, with a wrong check character, with characters that belong to none, or longer than any.
//
// A track 2 may come without its sentinels. A second track with the sentinel of track 2, and one that is longer than track 2 can be, is track 3.
//
// Options of a device, all of them texts:
//
//	own      what the numbers of the shop's own cards begin with, separated by commas, such as "9876,6003": digits, letters and blanks. Without it every
//	         card is dropped. A beginning that belongs to a payment scheme is refused
//	idle_ms  silence in milliseconds that ends a burst, 20-500, default 100
//
// A fault of the wire sticks until the wire is opened anew.
package msr
