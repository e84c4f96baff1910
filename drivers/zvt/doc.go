// Package zvt drives card terminals that speak ZVT (PA00P015 rev 13.08, PA00P016 rev 04): Germany, Austria, Switzerland
// and others.
//
// The driver ("ECR" in the papers) talks to the terminal ("PT") over a serial line with frames, or over TCP with bare
// APDUs. A method sends one command, follows the terminal while it is master, and returns when the terminal has said
// how it ended. Link repeats within the rules of PA00P016 are the only repeats: the payment command 06 01 is never sent
// again.
//
// The three durable marks of a sale: the intent stands before Sale is called; [drivers.Sale].Commit stores the result
// 04 0F before its 80 00; and Sale returns without an error only when the terminal is known to hold the same, which is
// when it has acknowledged that 80 00 (on TCP: has gone on).
//
// Options of a device, all of them texts:
//
//	password          six digits of the terminal's cashier password, default 000000
//	config            configuration byte of the registration as two hex digits, default be: the
//	                  terminal sends receipts as text and reports its progress. Bit 08 (progress) should stay on
//	service           service byte of the registration as two hex digits, default 01: STOP opens no menu
//	payment_type      BMP 19 of a payment as two hex digits, default 40: the terminal decides how the card pays
//	result_timeout_s  seconds that the terminal waits for our answer to a result, 1-255, default absent: the terminal's own (30)
//	t3_s              seconds to wait for the reply to a command, 1-60, default 5
//	t4_s              seconds of silence after which a running command is given up, 5-3600, default 180. The
//	                  papers want no less than 180: terminals are silent while a customer looks for his PIN
//
// A fault of the wire sticks until the wire is opened anew; a refusal by the terminal (84 xx) does not.
package zvt
