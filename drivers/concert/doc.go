// Package concert drives card terminals that speak the French protocol between cash registers and card terminals, "protocole caisse" or
// Concert, in its generations E+ (34 fixed characters) and V3 (tags); and it decodes what was recorded on such a line.
//
// On a serial line each message has a session of its own: ENQ, frame, EOT. The till opens one for its command, the terminal opens one for
// its answer, minutes later. Over TCP (V3, port 8888) both send bare tags. A command is sent once; the link repeats its frame only where
// the terminal said NAK to it. An answer counts when register, amount, currency, action (V3) and private field fit; it is durable before
// its ACK. What the terminal answers to something else is acknowledged, so that the terminal gets rid of it, and kept as evidence for a
// recovery.
//
// The private field is [drivers.Ticket] of the command's name, ten characters, which most terminals tell again. It is the result's Trace,
// because nothing else moves. An answer without it is believed only when no answer to an earlier command can still come.
//
// What a terminal of this family lacks: no generation can be stopped by the till, tells totals or closes a day with a word of what it came
// to. E+ cannot tell an abort from a decline, reprints nothing, and cannot be asked what became of a lost command. V3 can print its last
// ticket again (CD=3) and hand over its transactions (CD=B). Only terminals of PayXpert can be asked for a transaction (CD=T, option
// status_query). All others are listened to for as long as a customer can be busy, and one answer that comes late with the right private
// field is proof; without one, Recover is undecided and tells a person what to do.
//
// A cancellation names no sale: the terminal takes back one of that amount, on the card that is presented. Amounts that differ from what
// was asked (partial approval, tips) are not asked for and not believed.
//
// Options of a device, all of them texts. What descriptions leave open or do not agree on is among them:
//
//	generation     e_plus (default) or v3. Over TCP only v3
//	register       number of this till at the terminal, 1-99, default 1
//	private        on (default): the till's name of each command goes along; off, for terminals that refuse or cut it
//	answer         E+: short (default) or full: whether the terminal is asked to send the card's number along, of which the last four digits are kept. Both
//	               lengths are understood whatever was asked for
//	means          E+: what pays, one character, default 1 (card); 0 leaves it open
//	application    V3: what pays (tag CC), three characters, default absent: the customer chooses
//	authorisation  E+: terminal (default): it decides whether to go online; online: it must
//	void_type      type of a cancellation, 1 or 2, default 2. Descriptions of E+ differ; V3 says 1 credit, 2 cancellation
//	refund_type    type of a refund, 1 or 2, default 1
//	version        V3: 0300 (default) or 0320
//	protocol_id    V3: twelve digits (tag CJ), default 012345678901; no terminal is known to look at it
//	status_query   none (default); payxpert, V3: the terminal tells what became of a transaction. Commands carry the reference in CH too then. Which tags the
//	               question needs is not public: version, register, currency, CF and CH are sent
//	probe          enq (default): opening and status send ENQ and, when it is acknowledged, EOT at once; none, for terminals that take that ill: then a dead
//	               terminal shows at the next sale
//	without_ack    unknown (default): a result that was stored and perhaps not acknowledged is looked for by a person; kept, for terminals known to keep what
//	               they told in any case: then it stands
//	amount_min     smallest amount in minor units, default 1; some implementations allow no less than 100
//	amount_max     largest amount in minor units, default 99999999 (E+) or 999999999999 (V3); some implementations of E+ stop at 9999999
//	ack_wait_s     seconds to wait for an ACK, 1-30, default 3
//	answer_wait_s  seconds to wait for the answer, 30-3600, default 180
//
// A native RS-232 port speaks 7E1, which the driver starts from; the USB ports of these terminals take any setting. A character that is
// damaged there comes as 00, and the frame is refused. Where parity and data bits of the two ends differ, the error of the payment says so.
//
// A fault of the wire sticks until the wire is opened anew. A terminal that answers no ENQ is given up after three, 11 seconds; one that
// does not acknowledge the frame 5 seconds after it, with the money unknown.
//
// Source: public descriptions and open implementations, as far as they agree; the standard itself is not public.
package concert
