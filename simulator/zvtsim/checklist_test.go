package zvtsim_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What a certification plan of an acquirer wants a terminal to play, and the tests of this package that play it. The first of each has the driver at the
// other end of the wire unless a scripted till says more.
func checklist() map[string][]string {
	return map[string][]string{
		"S1 sale with progress, T4 and text, contact and contactless": {"TestS1ProgressTextAndContactless"},
		"S2 repeat receipt, reversal, repeat receipt":                 {"TestS2RepeatReverseRepeat", "TestReversalAndEndOfDay"},
		"S3 amounts and CRCs with 10, 02, 03, 06 and 15":              {"TestS3AmountsAndCRCsThatContainControlBytesPassOverSerialFraming", "TestEveryAmountIsFramed"},
		"S4 host lost":                                               {"TestDriverMeetsEveryCard", "TestUnpaid"},
		"S5 stop key":                                                {"TestDriverMeetsEveryCard", "TestUnpaid"},
		"S6 PIN time-out after silence":                              {"TestDriverMeetsEveryCard", "TestUnpaid"},
		"S7 line cut during the PIN":                                 {"TestS7LineCutDuringThePIN"},
		"S8 four minutes with progress":                              {"TestDriverMeetsEveryCard", "TestSlowPINRearmsTheTill"},
		"S9 line cut for 5 s around the result":                      {"TestS9LineCutAroundTheResult"},
		"S10 reservations":                                           {"TestS10ReservationsOfTheDriver", "TestS10Reservations"},
		"S11 end of day cut, F0 until one succeeds":                  {"TestADayThatFails"},
		"S12 end of day, update, silence, E0, ready":                 {"TestS12MaintenanceAfterTheDay"},
		"S13 NAK, lost ACK, damage, T1, 84 83, 84 9C":                {"TestS13LinkFaults", "TestLinkRules", "TestRefusals"},
		"S14 lines, blocks over 254 bytes, two receipts in one flow": {"TestS14ReceiptsInLinesAndLongBlocks", "TestReceiptsLineByLine", "TestReceiptsAsBlocks"},
		"S15 unknown BMP and TLV, long form, a length of FFFF":       {"TestDriverMeetsEveryCard", "TestStrangeResult"},
		"S16 till crashes before and after its answer":               {"TestTillStopsAtANamedMoment", "TestTillDiesAndTheLineStays"},
		"S17 a terminal that never takes back and compares ids":      {"TestMessageIDsOfTheDriver", "TestS17IDsAreCompared", "TestKeepUnacknowledged", "TestMessageIDs"},
	}
}

// TestChecklist proves that the tests of the list exist, and that no item is left out.
func TestChecklist(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(raw)
	}
	var numbers []string
	for item, tests := range checklist() {
		numbers = append(numbers, strings.Fields(item)[0])
		for _, name := range tests {
			if !regexp.MustCompile(`(?m)^func ` + name + `\(t \*testing\.T\)`).MatchString(all.String()) {
				t.Errorf("%s: there is no test %s", item, name)
			}
		}
	}
	if slices.Sort(numbers); len(slices.Compact(numbers)) != 17 {
		t.Errorf("%d items: %v", len(numbers), numbers)
	}
}
