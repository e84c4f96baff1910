//go:build linux

package scenario_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	concert "github.com/tillproof/tillproof/drivers/concert/codec"
	ecr17 "github.com/tillproof/tillproof/drivers/ecr17/codec"
	transbank "github.com/tillproof/tillproof/drivers/transbank/codec"
	"github.com/tillproof/tillproof/simulator/concertsim"
	"github.com/tillproof/tillproof/simulator/ecr17sim"
	"github.com/tillproof/tillproof/simulator/idtechsim"
	"github.com/tillproof/tillproof/simulator/transbanksim"
	"github.com/tillproof/tillproof/simulator/wire"
)

// runner is what serves wires: every simulator.
type runner interface {
	Run(ctx context.Context, next func(context.Context) (io.ReadWriteCloser, error)) error
	Close() error
}

// plugged serves a simulator on a serial line of its own until the test ends, and returns the line's path. Its writes go through around, nil for none.
func (s *leakyShop) plugged(name string, device runner, around func(io.ReadWriteCloser) io.ReadWriteCloser) (port string) {
	s.t.Helper()
	port = filepath.Join(s.t.TempDir(), name)
	line, err := wire.Open(port)
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = device.Run(ctx, func(ctx context.Context) (io.ReadWriteCloser, error) { // ends with the wires
			w, err := line.Next(ctx)
			if err == nil && around != nil {
				w = around(w)
			}
			return w, err
		})
	}()
	s.t.Cleanup(func() {
		stop()
		line.Close()
		_ = device.Close() // what it tells is not looked at
		<-ended
	})
	return port
}

// sells takes a payment by card at a device and waits for its end at till and platform.
func (s *leakyShop) sells(order, device, currency string, want ...string) {
	s.t.Helper()
	var p leakySale
	body := fmt.Sprintf(`{"order":%q,"amount":1250,"currency":%q,"tender":"card","device":%q}`, order, currency, device)
	s.into(s.ask("POST", "/v1/payments?wait=30s", body), &p)
	s.until(order+" has its end", func() bool {
		s.into(s.ask("GET", "/v1/payments/"+p.ID, ""), &p)
		return p.Status != "pending" && p.Acknowledged
	})
	if !strings.Contains(strings.Join(want, " "), p.Status) {
		s.t.Errorf("%s: %+v, want %s", order, p, want)
	}
}

// finish looks at everything through the API once more, so that an event has told the last sale.
func (s *leakyShop) finish() {
	s.t.Helper()
	s.until("an event tells the last sale", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return strings.Contains(s.events.String(), planted)
	})
	s.ask("GET", "/v1/payments?limit=500", "")
	s.ask("GET", "/v1/status", "")
	s.searched()
}

// TestCardDataOfTheEuropeanFamiliesIsNowhere is [TestCardDataIsNowhere] for ECR17 and Concert: numbers and tracks in results, reports, receipts, tickets,
// progress texts and unknown tags.
func TestCardDataOfTheEuropeanFamiliesIsNowhere(t *testing.T) {
	t.Parallel()
	s := &leakyShop{t: t, dir: t.TempDir(), output: map[string]*output{}}
	italy, err := ecr17sim.New(ecr17sim.Options{Unmasked: true})
	if err != nil {
		t.Fatal(err)
	}
	eplus, err := concertsim.New(concertsim.Options{CardAfter: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	tags, err := concertsim.New(concertsim.Options{Generation: concertsim.V3, CardAfter: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	device := "{name: %s, kind: card, driver: %s, port: %q, options: {%s}}"
	s.open("EUR",
		fmt.Sprintf(device, "italy", "ecr17", s.plugged("italy", italy, spoiling(ecr17.Rules(), func(p []byte) []byte { return p })), "receipts: till"),
		fmt.Sprintf(device, "eplus", "concert", s.plugged("eplus", eplus, spoiling(concert.Rules(), spoiledEPlus)), ""),
		fmt.Sprintf(device, "tags", "concert", s.plugged("tags", tags, spoiling(concert.Rules(), spoiledTags)), "generation: v3"))
	for n, do := range []ecr17sim.Do{ecr17sim.Approve, ecr17sim.Decline} {
		italy.Next(ecr17sim.Card{Do: do, After: 20 * time.Millisecond, Number: panOfTrack2})
		s.sells(fmt.Sprint("italy-", n), "italy", "EUR", string(do)+"d", "approved")
	}
	for n, do := range []concertsim.Do{concertsim.Approve, concertsim.Decline} {
		eplus.Next(concertsim.Card{Do: do})
		s.sells(fmt.Sprint("eplus-", n), "eplus", "EUR", "approved", "declined")
		tags.Next(concertsim.Card{Do: do})
		s.sells(fmt.Sprint("tags-", n), "tags", "EUR", "approved", "declined")
	}
	s.sells(planted, "tags", "EUR", "approved")
	s.finish()
	s.traced([]string{"italy", "eplus", "tags"}, func() {
		italy.Next(ecr17sim.Card{After: 20 * time.Millisecond, Number: panOfTrack2})
		for _, device := range []string{"italy", "eplus", "tags"} {
			s.sells(device+"-traced", device, "EUR", "approved")
		}
	})
}

// TestCardDataOfTransbankIsNowhere is the same for Chile, whose currency no other family takes.
func TestCardDataOfTransbankIsNowhere(t *testing.T) {
	t.Parallel()
	s := &leakyShop{t: t, dir: t.TempDir(), output: map[string]*output{}}
	pt, err := transbanksim.New(transbanksim.Options{CardAfter: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	port := s.plugged("chile", pt, spoiling(transbank.Rules(), spoiledPOS))
	s.open("CLP", fmt.Sprintf("{name: chile, kind: card, driver: transbank, port: %q}", port))
	for n, do := range []transbanksim.Do{transbanksim.Approve, transbanksim.Decline, transbanksim.Abort} {
		pt.Next(transbanksim.Card{Do: do})
		s.sells(fmt.Sprint("chile-", n), "chile", "CLP", "approved", "declined", "cancelled")
	}
	s.sells(planted, "chile", "CLP", "approved")
	s.finish()
	s.traced([]string{"chile"}, func() { s.sells("chile-traced", "chile", "CLP", "approved") })
}

// TestCardDataOfReadersIsNowhere draws bank cards through an encrypting reader, in its usual way and as one that sends them in clear, and through a stripe
// reader for loyalty cards.
func TestCardDataOfReadersIsNowhere(t *testing.T) {
	t.Parallel()
	s := &leakyShop{t: t, dir: t.TempDir(), output: map[string]*output{}}
	reader, err := idtechsim.New(idtechsim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s.open("EUR", fmt.Sprintf("{name: reader, kind: reader, driver: idtech, port: %q}", s.plugged("reader", reader, nil)))
	card := idtechsim.Card{Track1: "%B" + panOfTrack1 + "^TEST/CARD^" + track1Rest + "?", Track2: ";" + panOfTrack2 + "=" + track2Rest[:17] + "?"}
	for n, do := range []idtechsim.Do{idtechsim.Read, idtechsim.ClearFlag, idtechsim.Unmasked, idtechsim.ClearText} {
		card.Do = do
		s.swiped(fmt.Sprint("reader-", n), reader, card)
	}
	card.Do = idtechsim.Read
	s.swiped(planted, reader, card)
	s.finish()
	s.traced([]string{"reader"}, func() { s.swiped("reader-traced", reader, card) })
}

// TestCardDataOfContactlessReadersIsNowhere is the same for a reader of chip and contactless cards, which sends number and tracks as packed digits, and the
// customer's name in clear beside what it encrypts.
func TestCardDataOfContactlessReadersIsNowhere(t *testing.T) {
	t.Parallel()
	s := &leakyShop{t: t, dir: t.TempDir(), output: map[string]*output{}}
	reader, err := idtechsim.New(idtechsim.Options{NEO2: true, Hold: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	s.open("EUR", fmt.Sprintf("{name: reader, kind: reader, driver: idtech, port: %q, options: {protocol: neo2}}", s.plugged("reader", reader, nil)))
	card := idtechsim.Card{Track1: "%B" + panOfTrack1 + "^TEST/CARD^" + track1Rest + "?", Track2: ";" + panOfTrack2 + "=" + track2Rest[:17] + "?"}
	for n, do := range []idtechsim.Do{idtechsim.Read, idtechsim.ClearFlag, idtechsim.Unmasked, idtechsim.WhiteListed} {
		card.Do = do
		s.swiped(fmt.Sprint("reader-", n), reader, card)
	}
	card.Do, card.Entry = idtechsim.Read, idtechsim.Drawn
	s.swiped("reader-drawn", reader, card)
	card.Entry = idtechsim.Inserted
	s.swiped(planted, reader, card)
	s.finish()
	s.traced([]string{"reader"}, func() {
		for _, do := range []idtechsim.Do{idtechsim.Read, idtechsim.WhiteListed} {
			card.Do = do
			s.swiped("reader-traced-"+string(do), reader, card)
		}
	})
}

// swiped begins a sale, draws a card and gives the sale up if the card did not end it.
func (s *leakyShop) swiped(order string, reader *idtechsim.Reader, card idtechsim.Card) {
	s.t.Helper()
	var p leakySale
	body := fmt.Sprintf(`{"order":%q,"amount":1250,"currency":"EUR","tender":"card","device":"reader"}`, order)
	s.until("the till knows which key card data are sealed to", func() bool {
		return json.Unmarshal(s.ask("POST", "/v1/payments", body), &p) == nil && p.ID != "" // a problem's status is a number
	})
	if err := reader.Swipe(card); err != nil {
		s.t.Fatal(err)
	}
	s.into(s.ask("GET", "/v1/payments/"+p.ID+"?wait=2s", ""), &p)
	s.ask("POST", "/v1/payments/"+p.ID+"/cancel", "{}")
	s.until(order+" has its end", func() bool {
		s.into(s.ask("GET", "/v1/payments/"+p.ID, ""), &p)
		return p.Status != "pending" && p.Acknowledged
	})
}
