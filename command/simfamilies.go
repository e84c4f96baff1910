package command

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tillproof/tillproof/agent/detect"
	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/simulator/concertsim"
	"github.com/tillproof/tillproof/simulator/ecr17sim"
	"github.com/tillproof/tillproof/simulator/hypercomsim"
	"github.com/tillproof/tillproof/simulator/idtechsim"
	"github.com/tillproof/tillproof/simulator/scannersim"
	"github.com/tillproof/tillproof/simulator/transbanksim"
	"github.com/tillproof/tillproof/simulator/zvtsim"
)

// simFamily is a family that can be played. cards are the behaviours that need nothing but their name; nil takes any text.
type simFamily struct {
	kind  drivers.Kind
	cards []string
	make  func(memory string, stream bool) (*simDevice, error)
}

// simDevices are the families that can be played. A name of two parts is a family and its profile.
func simDevices() map[string]simFamily {
	return map[string]simFamily{
		"zvt": {drivers.KindCard, []string{"approve", "decline", "customer_abort", "slow_pin", "lose_result", "lose_before_ack", "offline_approve", "host_lost",
			"pin_timeout", "refuse", "strange", "maintain"}, simZVT},
		"transbank":        {drivers.KindCard, []string{"approve", "decline", "abort", "wait", "refuse"}, simTransbank},
		"ecr17":            {drivers.KindCard, []string{"approve", "decline", "abort", "no_card", "bad_field", "strange", "refuse", "lose_result", "swallow"}, simECR17},
		"hypercom":         {drivers.KindCard, simHypercomCards(), simHypercom(hypercomsim.Razer)},
		"hypercom/linkpos": {drivers.KindCard, simHypercomCards(), simHypercom(hypercomsim.LinkPOS)},
		"hypercom/ecuador": {drivers.KindCard, simHypercomCards(), simHypercom(hypercomsim.Ecuador)},
		"concert":          {drivers.KindCard, []string{"approve", "decline", "customer_abort", "not_verified", "taken_on", "silent", "contradict"}, simConcert},
		"idtech": {drivers.KindReader, []string{"swipe", "unreadable", "wrong_lrc", "wrong_sum", "repeat", "backwards", "clear_flag", "unmasked", "clear_text",
			"silent_reader"}, simIDTech},
		"idtech/neo2": {drivers.KindReader, []string{"contactless", "chip", "msd", "swipe", "unreadable", "wrong_crc", "repeat", "backwards", "no_ksn", "clear_flag",
			"unmasked", "white_listed", "tampered", "no_card", "silent_reader"}, simNEO2},
		"scanner": {drivers.KindScanner, nil, simScanner},
	}
}

// simLines are the lines of till.yaml for a simulated device: all that a till needs to sell at it.
func simLines(family, address string, stream bool) string {
	driver, profile, _ := strings.Cut(family, "/")
	option, currency := "", ""
	switch {
	case driver == "concert" && stream:
		option = "generation: v3" // the only one that is spoken on TCP
	case driver == "idtech" && profile != "":
		option = "protocol: " + profile
	case profile != "":
		option = "profile: " + profile
	case driver == "transbank":
		currency = "currency: CLP\n" // the only one of the family
	}
	if option != "" {
		option = fmt.Sprintf(", options: {%s}", option)
	}
	if !stream {
		address = detect.WholePath(address) // wherever till.yaml is
	}
	return fmt.Sprintf("%sdevices:\n  - {name: counter, kind: %s, driver: %s, %s: %q%s}\n", currency, simDevices()[family].kind, driver, simPlace(stream), address, option)
}

func simZVT(memory string, stream bool) (*simDevice, error) {
	path, tidy, err := simMemory(memory)
	if err != nil {
		return nil, err
	}
	t, err := zvtsim.New(zvtsim.Options{Path: path, Stream: stream})
	if err != nil {
		return nil, err
	}
	return &simDevice{run: t.Run, close: func() error { defer tidy(); return t.Close() },
		card: func(does string, after time.Duration) error {
			t.Next(zvtsim.Card{Do: zvtsim.Do(does), After: after})
			return nil
		}}, nil
}

func simTransbank(memory string, _ bool) (*simDevice, error) {
	t, err := transbanksim.New(transbanksim.Options{Path: memory})
	if err != nil {
		return nil, err
	}
	return &simDevice{run: t.Run, close: t.Close, card: func(does string, after time.Duration) error {
		t.Next(transbanksim.Card{Do: transbanksim.Do(does), After: after})
		return nil
	}}, nil
}

func simECR17(memory string, _ bool) (*simDevice, error) {
	t, err := ecr17sim.New(ecr17sim.Options{Path: memory})
	if err != nil {
		return nil, err
	}
	return &simDevice{run: t.Run, close: t.Close, card: func(does string, after time.Duration) error {
		t.Next(ecr17sim.Card{Do: ecr17sim.Do(does), After: after})
		return nil
	}}, nil
}

func simConcert(memory string, stream bool) (*simDevice, error) {
	o := concertsim.Options{Path: memory, Stream: stream}
	if stream {
		o.Generation = concertsim.V3 // the only one that is spoken on TCP
	}
	t, err := concertsim.New(o)
	if err != nil {
		return nil, err
	}
	return &simDevice{run: t.Run, close: t.Close, card: func(does string, after time.Duration) error {
		t.Next(concertsim.Card{Do: concertsim.Do(does), After: after})
		return nil
	}}, nil
}

// simHypercomCards are the behaviours of a terminal of the Hypercom link, whatever its bank.
func simHypercomCards() []string {
	return []string{"approve", "decline", "abort", "no_card", "slow_pin", "wallet", "refuse", "lose_result", "swallow"}
}

func simHypercom(profile hypercomsim.Profile) func(string, bool) (*simDevice, error) {
	return func(memory string, _ bool) (*simDevice, error) {
		t, err := hypercomsim.New(hypercomsim.Options{Path: memory, Profile: profile})
		if err != nil {
			return nil, err
		}
		return &simDevice{run: t.Run, close: t.Close, card: func(does string, after time.Duration) error {
			t.Next(hypercomsim.Card{Do: hypercomsim.Do(does), After: after})
			return nil
		}}, nil
	}
}

func simIDTech(memory string, _ bool) (*simDevice, error) {
	r, err := idtechsim.New(idtechsim.Options{Path: memory})
	if err != nil {
		return nil, err
	}
	return &simDevice{run: r.Run, close: r.Close, acts: true, card: func(does string, _ time.Duration) error {
		card := idtechsim.TestCard()
		if does != "swipe" {
			card.Do = idtechsim.Do(does)
		}
		return r.Swipe(card)
	}}, nil
}

func simNEO2(memory string, _ bool) (*simDevice, error) {
	r, err := idtechsim.New(idtechsim.Options{Path: memory, NEO2: true, Hold: time.Minute})
	if err != nil {
		return nil, err
	}
	return &simDevice{run: r.Run, close: r.Close, acts: true, card: func(does string, _ time.Duration) error {
		card := idtechsim.TestCard()
		switch does {
		case "contactless":
		case "chip", "msd":
			card.Entry = idtechsim.Entry(does)
		case "swipe":
			card.Entry = idtechsim.Drawn
		default:
			card.Do = idtechsim.Do(does)
		}
		return r.Swipe(card)
	}}, nil
}

func simScanner(string, bool) (*simDevice, error) {
	s, err := scannersim.New(scannersim.Options{})
	if err != nil {
		return nil, err
	}
	return &simDevice{run: s.Run, close: s.Close, acts: true, card: func(text string, _ time.Duration) error { return s.Scan(text) }}, nil
}

// simMemory is a file for a memory: the one that was named, or one that is forgotten.
func simMemory(path string) (file string, tidy func(), err error) {
	if path != "" {
		return path, func() {}, nil
	}
	dir, err := os.MkdirTemp("", "tillproof-sim-")
	return filepath.Join(dir, "memory.json"), func() { _ = os.RemoveAll(dir) }, err
}
