// Package ecr17 speaks ECR17, also called Protocollo 17: the protocol between cash registers and card terminals ("POS") in Italy, over a serial line or
// TCP with the same frames. It drives such terminals, and decodes what was recorded on such a line.
//
// Source: the public descriptions of Nexi's "Traditional POS" and of open implementations, as far as they agree. Where they do not, or say nothing, an
// option decides.
//
// A payment is the message X, whose reply tells the amount that the host has booked. Messages that move money (P, X, S) and the end of a day (C) are
// sent again only when the terminal has said three bytes of NAK, which means that it did not take them; never after silence. Before each, a status
// enquiry (s) shows that the terminal listens and has no older result left to repeat. A result is durable before its ACK.
//
// What became of a command that was lost, G tells: the terminal's last stored result, whichever that is, since the protocol gives commands no name. It is
// matched by its moving number (STAN) with the one before the command, by amount and by time:
//
//	last result                                      verdict
//	the STAN that it had before                      not charged, once it cannot be under way any more (option running_s)
//	a refusal with the next STAN                     not charged, likewise
//	the refusal that was durable already             not charged
//	new STAN, approved, amount and time fit          charged
//	approved result that was durable, same STAN      charged
//	a reversal that is newer                         charged for a void, undecided for a sale
//	anything else                                    undecided: a person looks at the terminal's own list
//
// The check byte is an XOR, which misses two equal characters that are lost or doubled, and messages are full of zeros. So a result of an odd length or
// form, over another amount than was asked for, or with a STAN far from the last one is refused with NAK once, and believed when it comes again in the
// same words; an approval of whatever length that names the amount asked for at its place has no odd form. G is asked until two answers are equal.
//
// Nothing published says that a terminal takes money back whose result was not acknowledged, so that what it has told is believed to stand.
//
// Only the last payment can be taken back (S, with the customer's card and the STAN of the payment). There is no refund, and no message that stops a
// running command. Pre-authorisations (p, i, c), card checks (H) and QR wallets (K) are not used.
//
// Options of a device, all of them texts; those marked * decide what the descriptions leave open:
//
//	terminal_id   eight digits of the terminal's id, default 00000000: whichever it has
//	register      eight digits that the terminal knows this till by, default 00000001
//	lrc_scope   * what the check byte of a frame covers: payload_etx, stx_payload_etx, payload, stx_payload; default probe: the four are tried with the
//	              harmless status enquiry when the wire is opened, and the first that is answered is kept
//	payment       extended (X, the default) or plain (P) for terminals that do not know X; then a lost payment cannot be recovered by the till
//	card_kind     auto (default), debit, credit, other: which kind of card a payment asks for
//	receipts      terminal (default): it prints; till: it sends the texts (E before each command)
//	check       * always (default): a status enquiry before each command that moves money; repeats: only when an older result might still be repeated
//	ack_s       * seconds to wait for ACK, 1-30, default 2
//	result_s    * seconds of silence after which a running command is given up, 30-3600, default 180; a text of progress starts them anew
//	running_s   * seconds after which a terminal that was not heard of has come to the end of any command, 1-3600, default 180
//
// The line is 9600 baud 8N1 unless the configuration says otherwise (baud, framing). A fault of the wire sticks until it is opened anew; a refusal by the terminal
// does not.
package ecr17
