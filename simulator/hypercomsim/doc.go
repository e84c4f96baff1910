// Package hypercomsim is a simulated card terminal of the Hypercom link ("LinkPOS") at the byte level, on a serial line or a TCP stream: the frames are the
// same. Its profiles are what banks of Malaysia, Thailand and Ecuador made of it.
//
// It shares the frame codec and the link's rules with the driver and nothing else. State machine, codes, answers, totals and memory are its own. Its memory
// is a JSON file (see [Memory]) that survives the till and the terminal's own restart: the terminal's truth, by which a reconciliation checks what the till
// believes.
//
// The money rule: what the terminal has approved is stored before its answer leaves, and stands, whether or not anybody acknowledges that; the papers tell
// of no reversal. It goes on with a customer when the wire is lost. While a customer is at it nothing is heard but the till's cancel, which counts until
// the card is read. Only what was approved is told again.
//
// Where the papers are silent the terminal has its own way: response codes other than 00 and CP, the mark VD for what was voided, and the longer totals as four
// digits of count and sixteen of amount.
//
// What such a terminal is to play, and the test that looks at its bytes; the driver meets the same in TestTheDriverMeetsEveryCourse and its neighbours:
//
//	junk before 02                       TestJunkBeforeTheFrame
//	body with 02, 03 and 1C inside       TestControlBytesInTheBody
//	repeated fields                      TestSettlementOfSeveralHosts, TestTheBatchIsListed
//	LL beyond the body                   TestALengthBeyondTheBody
//	LLLL with non-BCD nibbles            TestALengthWithoutDigits
//	both LL variants                     TestBothLengths
//	LRC wrong                            TestDamagedAnswers, TestDamagedCommands
//	NAK                                  TestNAKs
//	answer glued to ACK                  TestAnAnswerGluedToItsAcknowledgement
//	XX cancel                            TestTheTillCancels
//	wallet answer with 99                TestAWalletAnswers
//	settlement totals                    TestTotals
//	ping                                 TestPing
package hypercomsim
