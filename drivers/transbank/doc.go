// Package transbank drives Transbank's card terminals in Chile over their serial protocol, POS Integrado, with its variant for kiosks,
// Autoservicio; and it decodes what was recorded on such a line.
//
// One command runs at a time. The terminal acknowledges it (06), tells its progress (0900) and its result, and repeats a result that
// nobody acknowledged twice, ten seconds apart. It keeps an approved sale whether or not it was acknowledged. The driver makes a result
// durable before it acknowledges it; it never sends a sale (0200, 0270), void (1200) or end of day (0500) again, except that the link
// repeats a frame to which the terminal said NAK. Before each of them it polls (0100): a terminal that does not answer the poll got
// nothing, and one that does has nothing left to say of an older command.
//
// The ticket links a sale to the till: six characters that [drivers.Ticket] makes of the sale's name, printed and told again by the
// terminal. What became of a lost sale is told by the last sale (0250), and by the list of sales (0260) where that is another one. The
// result's Trace is the terminal's operation number, its ReceiptNo the ticket. A void names the operation number alone, so the driver
// looks into the list of sales first whether that number still means this sale.
//
// A terminal that serves a customer answers nothing at all, and one that is switched off does the same. Open and Recover go on polling
// for busy_s.
//
// Options of a device, all of them texts. What descriptions and Transbank's own kits do not agree on is among them:
//
//	profile       pos (default), or self_service for Autoservicio: other fields, voids the last sale only, no totals and no end of day for the till
//	amount        plain (default): 4990; padded: 000004990, as Transbank's kits for C and Node send it
//	final_bar     yes (default): a bar behind the last field; no: none, as those kits send it. Autoservicio has none
//	progress      yes (default): the terminal tells its progress; no: it tells only the result
//	least_amount  smallest sale in pesos, 1-999999, default 50 as Transbank's kit for .NET has it; less is refused without asking the terminal
//	commerce      twelve digits of the sub-merchant that a terminal for several merchants sells for (0270, 0280); absent by default
//	ack_s         seconds to wait for the terminal's ACK (timer 1, no paper gives it), 1-10, default 2 as in the kit for Node
//	reply_s       seconds without a frame of the terminal after which a running command is given up, and a question too, 30-900, default 180
//	busy_s        seconds for which a silent terminal is polled at opening and recovery before it counts as lost, 10-900, default 75: terminals throw a
//	              customer who does nothing out after about a minute
//	baseline      how the last sale is read at opening: detail (default) from the list of sales; last by 0250, which prints a copy of its voucher (in
//	              Autoservicio it prints nothing, and is the default); none: a sale that is lost first after an opening then may stay undecided
//	void_check    detail (default): a void goes out only when the list of sales has the operation number with the sale's ticket and amount; none: as
//	              given. Autoservicio always compares the last sale
//	void_proof    none (default); detail, for terminals known to leave voided sales out of the list: then a lost void can be asked for
//	voucher       till (default): Autoservicio sends the text of its voucher; terminal: it prints it. Means nothing in profile pos
//
// Source: the public documentation of POS Integrado and Transbank's own kits for programmers, as far as they agree. Currency: CLP.
package transbank
