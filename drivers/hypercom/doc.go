// Package hypercom speaks the protocol of Hypercom's card terminals and of those that banks of South-East Asia and Latin America have derived from it
// (LinkPOS and others), over a serial line or TCP with the same frames. It drives such terminals, and decodes what was recorded on such a line.
//
// Source: public programs of shops and banks in Malaysia, Thailand and Ecuador, as far as they agree. Each bank has codes and fields of its own, so that the
// driver is an engine for frames with profiles as data: one file and one function a bank. Where sources do not agree or say nothing, an option decides.
//
// A sale, void, refund or settlement is one request and one answer, each acknowledged by one byte. It is sent again only when the terminal has said NAK, which
// means that it did not take it; never after silence. A result is durable before its ACK. Where the profile has a ping, it goes before each of these
// commands: the terminal listens, and has nothing left to say of an older one.
//
// Nothing published says that a terminal takes money back whose answer was not acknowledged, so that what it has told is believed to stand.
//
// What became of a command that was lost:
//
//	profile            question                        believed
//	razer              12 with the till's own name of  approved, the same name and amount: charged; "no such transaction": not charged, once it
//	                   it (20 characters, field 66)    cannot be under way any more (option running_s)
//	linkpos, ecuador   71 with the terminal's trace    approved, the same trace and amount: charged. The trace is known only when the answer was
//	                                                   durable and perhaps not acknowledged
//	                   none otherwise                  the answer itself when it comes late on the same wire, with the amount and a new trace;
//	                                                   else undecided: a person looks at the terminal's slip
//
// Where commands have no names, what comes before the ACK to one is believed to be an older one's answer, as long as nothing on this wire came to its end.
//
// The check byte is an XOR, which does not see each damage: an approval over another amount than was asked for is refused with NAK once, and believed when
// it comes again in the same words and with the till's own name of the command. So is a refusal that tells an approval code; an amount that cannot be read
// is not believed at all.
//
// What the family tells of persons and of cards beyond the last four digits (fields 31, A1, A2, D5 to D8, T1 to T3 and others) does not leave the parser.
//
// Options of a device, all of them texts; those marked * decide what the sources leave open:
//
//	profile           razer (default: Malaysia), linkpos (Thailand), ecuador
//	void_code       * two digits or capital letters, or none, instead of the profile's code of voids
//	refund_code     * the same of refunds
//	settlement_code * the same of settlements
//	last_code       * the same of the question for a transaction (razer: by name; linkpos: by trace, where 72 and 73 may be meant instead of 71)
//	ping_code       * the same of the question whether somebody is there; none by default but for razer
//	cancel_code     * the same of the wish to stop; none by default but for razer
//	not_found_codes * response codes, with commas between them, by which the terminal says that it holds no such transaction; default 25 as in ISO 8583
//	cancelled_codes * response codes of a command that somebody stopped, or none; default 17 as in ISO 8583. Others are refusals
//	voided_sales    * left_out (default): totals of sales do not contain what was voided; counted: they do, and voids are taken off
//	frame_length    * decimal (default), binary: how a frame says its length; not sure for Ecuador
//	cashier           up to 20 characters for the terminal's receipts (razer)
//	receipt           yes (default): the terminal prints; no (razer)
//	force             no (default), yes: settles whatever is open (razer)
//	ack_s           * seconds to wait for ACK, 1-30, default 3
//	answer_s        * seconds to wait for the answer to a command, 30-3600, default 180
//	running_s       * seconds after which a terminal that was not heard of has come to the end of any command, 1-3600, default 180
//	busy_s          * seconds for which a silent terminal is asked at opening and recovery before it counts as lost, 5-900, default 75
//
// The line is 9600 baud 8N1 unless the configuration says otherwise (baud, framing). Terminals that encrypt their frames (key exchange K1) cannot be driven.
// Payments by wallet go another way than through this driver. A fault of the wire sticks until it is opened anew; a refusal by the terminal does not.
package hypercom
