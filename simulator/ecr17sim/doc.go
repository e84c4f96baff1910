// Package ecr17sim is a simulated ECR17 card terminal ("POS" in the papers) at the byte level, on a serial line or a TCP stream: the frames are the same.
//
// It shares the frame codec and the link's rules with the driver and nothing else. State machine, answers, totals and memory are its own. Its memory is a
// JSON file (see [Memory]) that survives the till and the terminal's own restart: the terminal's truth, by which a reconciliation checks what the till
// believes.
//
// The money rule: what the terminal has approved is stored before its result leaves, and stands, whether or not anybody acknowledges that. It goes on
// with a customer when the wire is lost. G tells the last stored result, whatever it was; a refusal that never reached the host has no number of its own.
//
// What such a terminal is to play, and the test that plays it:
//
//	four LRC scopes                          TestEveryScope
//	NAK once, three times, unknown commands  TestNAKs, TestUnknownCommandsAreRefused
//	junk bytes before the real ACK           TestJunkBeforeTheAcknowledgement
//	result before ACK                        TestAResultWithoutAnAcknowledgement
//	progress frames between                  TestProgressIsShown
//	split frames                             TestSplitAndGluedFrames
//	S receipt in three frames, 7F, wrap      TestReceiptsComeAsTexts
//	E to ECR forgotten between procedures    TestTheTerminalForgetsWhoPrints
//	socket closed after each transaction     TestTheSocketIsClosedAfterEachTransaction
//	result lost, then G with same/new STAN   TestALostResultIsAskedFor, TestAnOldResultIsNotTakenForALostOne
//	05 card not present                      TestEveryRefusal
//	V with exchange                          TestExchange
//	shortened replies                        TestShortReplies
//	wrong terminal id                        TestAWrongTerminalIDIsRefused
package ecr17sim
