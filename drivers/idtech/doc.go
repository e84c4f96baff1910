// Package idtech drives readers that encrypt a card's data in their own head (the ID TECH family: SecureMag, SecureHead and their relatives), and decodes what
// was recorded on their line. What is encrypted stays opaque: there is no key here.
//
// Source: public manuals of the family, as far as they agree: SecureMag User Manual 80096504-001, Unitech MS246 User Manual, ID TECH 80000502-001; for readers
// of chip and contactless cards the NEO 2 Interface Developer's Guide.
//
// # Stripe readers (protocol sm)
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
// # Readers of chip and contactless cards (protocol neo2)
//
// They frame differently (package neo2) and say nothing unasked. Open pings, takes back what an earlier life has asked for, and asks for the state of the key of
// card data (81-0B), whether encryption is on (C7-37), for the last result in plain (03-00, which a reader that encrypts does not allow) and for its serial number
// (12-01). No key, encryption off and a result in plain are each reader_in_clear; one proof that it encrypts must be there, since not every reader knows every
// question. A key that is used up is reader_keys_used_up, and status 1D at any time is reader_tampered.
//
// Read asks for a card (02-40) for 30 s at a time. The driver is a [drivers.Armer]: told of a sale it sends amount, kind and currency with the question; told
// that none waits it asks for none, and takes back what it has asked; a card that was read for another sale is dropped. A reader that has not answered 15 s
// after its time is asked whether it is still there. One that answers the question at once and without a card is polled for its result (03-40) twice a second.
//
// The answer has an attribution, from which the entry comes (chip, contactless, stripe), and data objects. Taken are the key serial number, track 2 and number,
// encrypted, and both masked: they are the opaque data, in that order, of format idtech-neo2. The name is not even looked at, the expiry is used to tell cards
// apart and not kept; all other objects are dropped, the cryptogram among them. A card is reader_in_clear when the attribution marks nothing as encrypted, when a
// value has no whole blocks or reads as a track or number (a white-listed range is sent so, though marked), and when a masked value shows more than a receipt
// may. Key serial numbers are judged as those of swipes. A stripe comes as a swipe of the older readers, and is judged by their rules: a card with a
// chip is use_chip, and reading that chip satisfies it.
//
// # Options of a device
//
// All of them are texts. format, expiry, bin and encrypt are settings that a stripe reader itself keeps: they are reviewed, set where they differ, and
// reviewed again; what the reader refuses to set stays as it is. Readers of chip and contactless cards are not set.
//
//	protocol sm (default); neo2: a reader of chip and contactless cards; auto: neo2 if it answers a ping within a second, at each opening
//	format   enhanced (default): setting 85; keep: as the reader is set. Both formats are understood
//	expiry   show (default) or hide: setting 50; keep. Without the expiry two cards are told apart by ten digits only
//	bin      show (default): setting 49, the first six digits are shown; keep
//	encrypt  all (default): setting 84 to 17, so that gift and membership cards are encrypted too; keep
//	chip     refuse (default): a card with a chip is asked for at another device (code use_chip); allow: it is taken, and marked
//	track1   refuse (default): a card of which only track 1 could be read is asked for again; allow
//	keyed    refuse (default): a number that was keyed in at the reader is not taken; allow
//
// Not driven: the issuer's cryptogram and answers to the chip (an online EMV flow); AES DUKPT with key serial numbers of 12 bytes; buffered mode; USB readers that
// are keyboards.
//
// A fault of the wire sticks until the wire is opened anew.
package idtech
