//go:build linux

package scenario_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	hypercom "github.com/tillproof/tillproof/drivers/hypercom/codec"
	"github.com/tillproof/tillproof/simulator/hypercomsim"
)

// TestCardDataOfHypercomIsNowhere is [TestCardDataIsNowhere] for the Hypercom link: unmasked numbers, tracks, and what a terminal tells of a cardholder who
// is nobody's business, in the fields that the link has for them, in texts, and in one that no table has.
func TestCardDataOfHypercomIsNowhere(t *testing.T) {
	t.Parallel()
	s := &leakyShop{t: t, dir: t.TempDir(), output: map[string]*output{}}
	pt, err := hypercomsim.New(hypercomsim.Options{CardAfter: 20 * time.Millisecond, Unmasked: true, Personal: tellTale()})
	if err != nil {
		t.Fatal(err)
	}
	port := s.plugged("malaysia", pt, spoiling(hypercom.Usual().Rules(), spoiledHypercom))
	s.open("MYR", fmt.Sprintf("{name: malaysia, kind: card, driver: hypercom, port: %q, options: {profile: razer}}", port))
	for n, do := range []hypercomsim.Do{hypercomsim.Approve, hypercomsim.Decline, hypercomsim.Abort, hypercomsim.LoseResult} {
		pt.Next(hypercomsim.Card{Do: do, Number: panOfField})
		s.sells(fmt.Sprint("malaysia-", n), "malaysia", "MYR", "approved", "declined", "cancelled", "unknown")
	}
	s.until("the lost sale is asked for", func() bool {
		return !strings.Contains(string(s.ask("GET", "/v1/payments?limit=500", "")), `"unknown"`)
	})
	s.sells(planted, "malaysia", "MYR", "approved")
	s.finish()
	s.traced([]string{"malaysia"}, func() { s.sells("malaysia-traced", "malaysia", "MYR", "approved") })
}

// tellTale are the fields that must not be kept, a number in each.
func tellTale() map[string]string {
	return map[string]string{
		"29": panOfShort + strings.Repeat("0", 34), "31": "2812", "A1": personalIdentity, "A2": "TEST PERSON " + panOfAmex, "D5": "TEST/CARD " + panOfName,
		"D6": "1", "D7": personalPhone, "D8": panOfLine + "@example.com", "T1": "B" + panOfTrack1 + "^TEST/CARD^" + track1Rest,
		"T2": panOfTrack2 + "=" + track2Rest, "T3": panOfTrack3 + "=" + track3Rest,
	}
}

// spoiledHypercom puts card data into the texts of an answer about a card, and into fields that nobody knows.
func spoiledHypercom(payload []byte) []byte {
	form := hypercom.Usual()
	m, err := form.Parse(payload)
	if err != nil {
		panic("the simulated terminal sends what it cannot read itself")
	}
	if m.Direction != hypercom.Answer || !m.Has("64") {
		return payload
	}
	for i, f := range m.Fields {
		switch f.Code {
		case "02":
			m.Fields[i] = hypercom.Text("02", fmt.Sprintf("%-40s", "CARD "+panOfText+"="+printedRest))
		case "D0":
			m.Fields[i] = hypercom.Text("D0", fmt.Sprintf("%-23s%-23s%-23s", panOfDisplay, strings.Join(groups(panOfGroups), " "), "SHOP"))
		case "D4":
			m.Fields[i] = hypercom.Text("D4", "VISA"+panOfTLVText)
		}
	}
	m.Fields = append(m.Fields, hypercom.Text("17", panOfPrinted+"="+printedRest), hypercom.Text("19", "\x1B@"+panOfTLV), hypercom.Text("30", panOfStrange),
		hypercom.Text("AA", string(packed(panOfUnknown))), hypercom.Text("ZZ", panOfUnknown))
	return form.Payload(m)
}
