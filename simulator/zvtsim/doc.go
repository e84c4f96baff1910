// Package zvtsim is a simulated ZVT card terminal (PT) at the byte level: serial frames on any wire, or bare APDUs on a stream.
//
// It shares the frame codec with the driver and nothing else. State machine, answers, totals and memory are its own, from
// PA00P015 and PA00P016. Its memory is a JSON file (see [Memory]) that survives the till and the terminal's own restart: the
// terminal's truth, by which a reconciliation checks what the till believes.
//
// The money rule (PA00P015, 2.2.8) for payments, reversals and refunds: a transaction is stored when the terminal decides to approve it, before 04 0F leaves; it is
// final when the till has accepted 04 0F and answered every print command. A refusal, silence for longer than BMP 01 (30 s
// unless asked otherwise) or a lost line before that makes the terminal take it back by itself. A terminal that is configured
// to KeepUnacknowledged never does, and one that does ReverseLate still tells the transaction over 06 20 until the time for an
// answer is over. An end of day is final before the till hears of it. Reservations (06 22 to 06 25) count nowhere until they are booked, by 06 24 or by what
// is left of them (06 23), and an end of day waits for that; [Memory.Held] lists them.
//
// With a till that wants it, messages have ids (TLV 1F73, Options.MessageIDs): a command that comes again is answered again, and an answer with another id
// than that of the last command is none.
//
// It plays what the certification plan of an acquirer wants a till to meet (S1 to S17 in the comments): checklist_test.go names each item with the tests
// that play it. For a technician's tools it also tells its totals (06 10), restarts, prints its configuration, reaches its host, takes the time and
// begins anew (06 18, 06 1A, 06 70, 06 91, 06 93).
package zvtsim
