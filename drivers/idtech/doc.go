// Package idtech drives readers that encrypt a card's data in their own head (the ID TECH family: SecureMag, SecureHead and their relatives), and decodes what
// was recorded on their line. What is encrypted stays opaque: there is no key here.
//
// Source: public manuals of the family, as far as they agree: SecureMag User Manual 80096504-001, Unitech MS246 User Manual, ID TECH 80000502-001.
//
// Open asks the reader for its security level, its serial number, its next key serial number and its encryption, and refuses one that would send cards in
// clear (level 1 or 2, or encryption off: code reader_in_clear) and one whose keys are used up (level 0: reader_keys_used_up). It asks before anything is
// believed, on each new wire. Level 4, at which the reader wants a proof from its host first, is taken for encrypting; the proof needs a key, which a till has
// not, so such a reader stays silent until somebody else has proved himself.
//
// Read takes swipes by their length, with both check bytes, the end byte and fields that end where the data do. 500 ms of silence inside a swipe give it up;
// after a damaged one nothing is believed until the line was quiet for so long. What came of a damaged swipe is wiped and the card is asked for again.
//
// Anything of a card that is not encrypted is wiped unread and told as reader_in_clear: a track whose flag says clear, a masked track that shows more than the
// first six and last four digits and the expiry, and a track as text outside of a frame, as readers at level 1 send it. A cardholder's name is overwritten.
//
// Every swipe has a key serial number of its own. One that comes again or goes backwards is a replay (reader_replay); so is one that is missing and one of
// another initial key. The driver remembers the last one as long as the wire lives; who keeps cards keeps it for longer ([drivers.KSNFollows]).
//
// Options of a device, all of them texts. The first four are settings that the reader itself keeps: they are reviewed, set where they differ, and
// reviewed again; what the reader refuses to set stays as it is.
//
//	format   enhanced (default): setting 85; keep: as the reader is set. Both formats are understood
//	expiry   show (default) or hide: setting 50; keep. Without the expiry two cards are told apart by ten digits only
//	bin      show (default): setting 49, the first six digits are shown; keep
//	encrypt  all (default): setting 84 to 17, so that gift and membership cards are encrypted too; keep
//	chip     refuse (default): a card with a chip is asked for at another device (code use_chip); allow: it is taken, and marked
//	track1   refuse (default): a card of which only track 1 could be read is asked for again; allow
//	keyed    refuse (default): a number that was keyed in at the reader is not taken; allow
//
// Not driven: chip and contactless readers of the NEO2 and ViVOpay families, which frame differently; buffered mode; USB readers that are keyboards.
//
// A fault of the wire sticks until the wire is opened anew.
package idtech
