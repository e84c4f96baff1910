// Package zvt drives card terminals that speak ZVT (PA00P015 rev 13.08, PA00P016 rev 04): Germany, Austria, Switzerland
// and others.
//
// The driver ("ECR" in the papers) talks to the terminal ("PT") over a serial line with frames, or over TCP with bare
// APDUs. A method sends one command, follows the terminal while it is master, and returns when the terminal has said
// how it ended. Link repeats within the rules of PA00P016 are the only repeats: a payment (06 01), reversal (06 30), refund
// (06 31), reservation (06 22) and its booking (06 24, 06 23) or release (06 25), or end of day (06 50) is never sent again. They share one course
// (task.go, run.go) and one table of what its end means (decide.go). An end of day is not sent while reservations are open (held.go).
//
// Messages carry ids (TLV 1F73, numbered.go) where the terminal agrees to that at the registration.
//
// The three durable marks of a sale: the intent stands before Sale is called; [drivers.Sale].Commit stores the result
// 04 0F before its 80 00; and Sale returns without an error only when the terminal is known to hold the same, which is
// when it has acknowledged that 80 00 (on TCP: has gone on). Reversal and refund have the same marks; an end of day has its
// totals (04 0F with BMP 60) durable before their 80 00.
//
// What became of a command that was lost, 06 20 tells: the last successful transaction, by trace or receipt number, amount and
// currency, for a reversal also by the trace of its payment (BMP 37). A terminal that missed an answer of ours takes the money
// back by itself after BMP 01 seconds, default 30 (PA00P015, 2.2.8), and may tell the transaction until then. So one that
// was booked is believed only when the terminal tells it still after that time and half as much again. One that was not
// booked is believed at once. Terminals that never take back and compare receipt ids instead (TLV 1F1F) get no id of
// us, so that they keep what they have. Nothing tells a reservation from a payment but its numbers and its amount; a release
// names its reservation as a reversal its payment, or is gone from the open ones.
//
// What came before the first whole frame and is no ZVT is judged by [drivers.Guess]: another family is an error with code wrong_protocol.
//
// Options of a device, all of them texts (docs/drivers/zvt.md has more of each):
//
//	password          six digits of the terminal's cashier password, default 000000
//	receipts          who prints the receipts of payments: till (from the terminal's text; the default), result (the till, from the
//	                  result), terminal
//	admin_receipts    the same for those of an end of day and the like, default as receipts
//	progress          on or off: the terminal tells its progress; default on, and it should stay so
//	amount_entry      blocked or allowed at the terminal, default blocked
//	menu              of the terminal: blocked or allowed, default blocked
//	config            configuration byte of the registration as two hex digits, default be, instead of the five above
//	service           service byte of the registration as two hex digits, default 01: STOP opens no menu
//	charset           cp437, ascii, iso-8859-1, iso-8859-15 or utf-8: asked for at the registration; default not asked for, CP437
//	printer_columns   width of the till's printer, 16-99, told at the registration; default not told
//	payment_type      BMP 19 of a payment as two hex digits, default 40: the terminal decides how the card pays
//	partial_approval  on or off: the issuer may approve less than was asked (TLV 1F70); default off
//	booking           of a reservation: book_total (06 24; the default) or partial_reversal (06 23 with what is left of it)
//	open_reservations before an end of day: settle_first (asked for, and in its way; the default) or keep
//	message_ids       auto (where the terminal echoes them; the default) or off
//	result_timeout_s  seconds that the terminal waits for our answer to the result of a payment, 1-255, default absent: the
//	                  terminal's own (30), which holds for reversals and refunds always
//	diagnosis         type of a diagnosis: plain, line, extended, configuration, emv or ep2; default plain
//	t3_s              seconds to wait for the reply to a command, 1-60, default 5
//	t4_s              seconds of silence after which a running command is given up, 5-3600, default 180. The
//	                  papers want no less than 180: terminals are silent while a customer looks for his PIN
//
// A fault of the wire sticks until the wire is opened anew; a refusal by the terminal (84 xx) does not.
package zvt
