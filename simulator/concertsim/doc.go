// Package concertsim is a simulated Concert card terminal ("TPE") at the byte level: generations E+ and V3, in sessions of a serial line,
// and V3 as bare tags on a stream.
//
// It shares the frame codec with the driver and nothing else. State machine, answers, totals and memory are its own. Its memory is a JSON
// file (see [Memory]) that survives the till and the terminal's own restart: the terminal's truth, by which a reconciliation checks what
// the till believes.
//
// The money rule: what the terminal has approved stands, whether or not the till ever hears of it. A customer who has begun goes on when
// the wire is lost. The terminal calls the till three times with its answer and then forgets to tell it, unless it is Persistent.
//
// What the family's simulator must play, and the test that plays it (TestTheDriverMeetsEveryCourse has a course of that name unless
// another is named):
//
//	ENQ ignored, refused, answered late       ENQ ignored ..., ENQ refused ..., ENQ answered ...
//	ENQ collision                             ENQ meets the terminal's own
//	frame NAK, then ACK                       frame refused ...
//	check byte 2.9 s late                     check byte 2.9 s late
//	answer short or full, whatever was asked  short, ... and full, whatever was asked
//	state 0, 7, 9                             plain, declined, not verified
//	amount or private field not matching      another amount, another private field
//	EOT missing                               no EOT
//	answer after 3 minutes                    nearly three minutes, ... after three minutes, approved long after; TestALateAnswerIsNotTheNextSales
//	terminal's ENQ while the till waits       all; without it: answer without ENQ
//	check byte 02, 03, 05, 06                 TestCheckBytesThatEqualControlBytes
//	V3 with CB padded                         CB padded
//	V3 with CB missing on cancel              customer's abort without CB, success without CB
//	split segments                            byte by byte; TestV3SalesOverTCPThatIsCutAnywhere
//	unknown tags                              unknown tags
//	AE 11, then nothing                       AE 11, then nothing
//	parity error at 7E1, shown as 00          parity errors ...
package concertsim
