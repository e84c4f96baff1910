// Package transbanksim is a simulated card terminal of Transbank (POS Integrado, and Autoservicio as an option) at the byte level, on any
// wire.
//
// It shares link rules and field cutting with the driver and nothing else. State machine, answers, totals and memory are its own. Its
// memory is a JSON file (see [Memory]) that survives the till and the terminal's own restart: the terminal's truth, by which a
// reconciliation checks what the till believes.
//
// The money rule: a sale is stored when the terminal approves it, before its result leaves, and no missing acknowledgement takes it back.
// A result that is not acknowledged is sent twice more, ten seconds apart, over whatever wire is there then. While it serves a customer
// the terminal answers nothing. It does not notice that a wire is lost: what it has begun it ends.
//
// What the family's simulator must play, and the test that plays it:
//
//	ACK delayed 1.9 s and 2.1 s              TestTheDriverMeetsEveryCourse (acknowledgement after ...)
//	NAK once, thrice                         TestTheDriverMeetsEveryCourse (NAK ...)
//	ACK lost                                 TestTheDriverMeetsEveryCourse (acknowledgement lost)
//	ACK glued to the reply                   TestTheDriverMeetsEveryCourse (glued)
//	reply split into single bytes            TestTheDriverMeetsEveryCourse (split)
//	check byte 00, 02, 03, 06, 15            TestEveryCheckByteIsToldAndTaken
//	reply with a wrong check, then a good    TestTheDriverMeetsEveryCourse (damaged ...)
//	repeated reply after a lost ACK          TestTheDriverMeetsEveryCourse (repeated), TestAResultIsRepeatedTwice
//	0900 with and without final bar          TestTheDriverMeetsEveryCourse (progress ...)
//	cancelled reply with four fields         TestTheDriverMeetsEveryCourse (cancelled)
//	0261 list of 0, 1 and 40                 TestListsOfEveryLength
//	13 until close                           TestACloseIsRequired
//	silence, then 0250 with this sale,       TestSilenceThenTheLastSale
//	the one before, and 11
package transbanksim
