package detect

import (
	"bytes"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/all"
	"github.com/tillproof/tillproof/drivers/ecr17"
	ecr17codec "github.com/tillproof/tillproof/drivers/ecr17/codec"
	"github.com/tillproof/tillproof/drivers/idtech"
	"github.com/tillproof/tillproof/drivers/idtech/neo2"
	"github.com/tillproof/tillproof/drivers/stx"
	transbankcodec "github.com/tillproof/tillproof/drivers/transbank/codec"
)

// family is how one family is recognised. ask returns nil when the answer is not sure.
type family struct {
	name string
	kind drivers.Kind
	line drivers.Line
	ask  func(t *talk) (*Found, error)
}

// families are asked in this order. A question of one is junk to the others, which they drop by the rules of their links; on a stream, where ZVT has no link
// to drop anything, it comes first and each has a connection of its own.
func families(stream bool) []family {
	eight := func(baud int) drivers.Line {
		return drivers.Line{Baud: baud, DataBits: 8, Parity: drivers.NoParity, StopBits: 1}
	}
	seven := drivers.Line{Baud: 9600, DataBits: 7, Parity: drivers.EvenParity, StopBits: 1}
	if stream {
		return []family{
			{"zvt", drivers.KindCard, drivers.Line{}, askZVTStream},
			{"ecr17", drivers.KindCard, drivers.Line{}, askECR17},
			{"hypercom", drivers.KindCard, drivers.Line{}, askHypercom},
		}
	}
	return []family{
		{"concert", drivers.KindCard, usual("concert", seven), askConcert},
		{"transbank", drivers.KindCard, usual("transbank", eight(115200)), askTransbank},
		{"ecr17", drivers.KindCard, usual("ecr17", eight(9600)), askECR17},
		{"zvt", drivers.KindCard, usual("zvt", eight(9600)), askZVT},
		{"hypercom", drivers.KindCard, usual("hypercom", eight(9600)), askHypercom},
		{"idtech", drivers.KindReader, usual("idtech", eight(9600)), askReader},
		{"idtech", drivers.KindReader, eight(115200), askNEO2},
	}
}

// usual is the line that a driver starts from, or another where this version has none.
func usual(name string, other drivers.Line) drivers.Line {
	if d, ok := driverOf(name); ok {
		return d.Line
	}
	return other
}

func driverOf(name string) (drivers.Driver, bool) {
	for _, d := range all.Drivers() {
		if d.Name == name {
			return d, true
		}
	}
	return drivers.Driver{}, false
}

// askConcert opens a session and ends it: ENQ, EOT. A terminal of the family says ACK to the first. No message is sent.
func askConcert(t *talk) (*Found, error) {
	said, err := t.ask("ENQ: may I send?", []byte{stx.ENQ}, 1500*time.Millisecond, anything)
	if err != nil {
		return nil, err
	}
	sure := len(said) == 1 && said[0] == stx.ACK
	if sure {
		t.judged("ACK: go on", true)
	} else if len(said) == 1 && said[0] == stx.NAK {
		t.judged("NAK: perhaps a terminal that is not ready now", false)
	} else {
		t.quiet(said)
	}
	if err := t.say("EOT: nothing to send, the session ends", []byte{stx.EOT}); err != nil {
		return nil, err
	}
	said, err = t.hear(tail, anything)
	if err != nil {
		return nil, err
	}
	if bytes.Equal(said, []byte{stx.EOT}) && bytes.Equal(t.heard, []byte{stx.ENQ, stx.EOT}) {
		t.echoes = true
	}
	t.quiet(said)
	if !sure {
		return nil, nil
	}
	return &Found{Text: "It opens a session."}, nil
}

// askTransbank polls with 0100, to which a POS says ACK and no more.
func askTransbank(t *talk) (*Found, error) {
	said, err := t.ask("0100: poll", transbankcodec.Rules().Frame([]byte("0100")), 2*time.Second, anything)
	if err != nil || t.echoes {
		return nil, err
	}
	if len(said) == 1 && said[0] == stx.ACK {
		t.judged("ACK: ready", true)
		return &Found{Text: "It is ready in integrated mode."}, nil
	}
	t.quiet(said)
	return nil, nil
}

// askECR17 asks for the status with each of the four ranges that descriptions give the check byte. ACK and NAK of the family have a check of their own, so
// that even a refusal is sure.
func askECR17(t *talk) (*Found, error) {
	rules, refused := *ecr17codec.Rules(), false
	for i, scope := range stx.Scopes() {
		rules.Scope = scope
		wait := time.Second
		if i == 0 {
			wait = 2 * time.Second
		}
		said, err := t.ask("s: status, check byte over "+scope.String(), rules.Frame([]byte("000000000s")), wait, wholeECR17)
		if err != nil || t.echoes {
			return nil, err
		}
		if bytes.Contains(said, rules.Control(stx.NAK)) {
			t.judged("NAK with its check", true)
			refused = true
			continue
		}
		if !bytes.Contains(said, rules.Control(stx.ACK)) {
			t.quiet(said)
			continue
		}
		t.judged("ACK with its check", true)
		found := &Found{Options: scopeOption(scope), Text: "It is linked, but told no status."}
		for _, d := range ecr17.Decode(said) {
			if d.OK && d.Direction == drivers.FromDevice {
				if err := t.say("ACK: the status has come", rules.Control(stx.ACK)); err != nil {
					return nil, err
				}
				t.judged("nothing more to say", true)
				found.Text = fmt.Sprintf("It says: %v.", d.Fields["text"])
			}
		}
		return found, nil
	}
	if refused {
		return &Found{Text: "It refuses the question for its status whatever the check byte: check the terminal's setting of the link."}, nil
	}
	return nil, nil
}

// scopeOption is the driver's option for a check byte that is not the usual one.
func scopeOption(scope stx.Scope) map[string]string {
	if scope == stx.PayloadETX {
		return nil
	}
	return map[string]string{"lrc_scope": scope.String()}
}

// wholeECR17 says whether a refusal or a whole status has come.
func wholeECR17(said []byte) bool {
	rules := ecr17codec.Rules()
	if bytes.Contains(said, rules.Control(stx.NAK)) {
		return true
	}
	for _, d := range ecr17.Decode(said) {
		if d.OK && d.Direction == drivers.FromDevice {
			return true
		}
	}
	return false
}

// askReader reads version and security level of a reader that encrypts.
func askReader(t *talk) (*Found, error) {
	for _, q := range []struct {
		words string
		bytes []byte
	}{{"review: security level", []byte{0x02, 0x52, 0x7E, 0x03, 0x2D}}, {"version", []byte{0x02, 0x39, 0x03, 0x38}}} {
		said, err := t.ask(q.words, q.bytes, 1500*time.Millisecond, wholeReply)
		if err != nil || t.echoes {
			return nil, err
		}
		if fields, ok := settingsOf(said); ok {
			t.judged("its settings", true)
			return &Found{Text: levelText(fields)}, nil
		}
		t.quiet(said)
	}
	return nil, nil
}

// askNEO2 pings a reader of chip and contactless cards, and asks whether its encryption is on. Neither asks for a card.
func askNEO2(t *talk) (*Found, error) {
	said, err := t.ask("18-01: ping", neo2.RequestFrame(neo2.Ping, neo2.PingSub), 1500*time.Millisecond, wholeNEO2)
	if err != nil || t.echoes {
		return nil, err
	}
	if !wholeNEO2(said) {
		t.quiet(said)
		return nil, nil
	}
	t.judged("it answers the ping", true)
	said, err = t.ask("C7-37: is encryption on?", neo2.RequestFrame(neo2.Encryption, neo2.FlagSub), 1500*time.Millisecond, wholeNEO2)
	if err != nil {
		return nil, err
	}
	t.judged("its answer", true)
	return &Found{Options: map[string]string{"protocol": "neo2"}, Text: encryptionText(said)}, nil
}

// wholeNEO2 says whether a reader's reply has come.
func wholeNEO2(said []byte) bool {
	for _, d := range idtech.Decode(said) {
		if d.OK && d.Direction == drivers.FromDevice && d.Fields["status"] != nil && d.Name != "nak" && d.Name != "settings" {
			return true
		}
	}
	return false
}

// encryptionText says what the answer about a reader's encryption is worth.
func encryptionText(said []byte) string {
	for _, d := range idtech.Decode(said) {
		switch {
		case d.Name == "encryption" && d.Fields["status"] == "00" && d.Fields["x_encryption"] == "00":
			return "It does not encrypt: the till refuses it. Have keys loaded and encryption switched on by its seller."
		case d.Name == "encryption" && d.Fields["status"] == "00":
			return "It says that it encrypts."
		case d.Fields["status"] == "1d":
			return "It says that it was tampered with: the till refuses it. Have it exchanged."
		}
	}
	return "It did not tell whether it encrypts; the till asks for other proofs at each opening."
}

func wholeReply(said []byte) bool {
	_, ok := settingsOf(said)
	return ok
}

// settingsOf finds a reader's reply in what came.
func settingsOf(said []byte) (map[string]any, bool) {
	for _, d := range idtech.Decode(said) {
		if d.OK && d.Name == "settings" {
			return d.Fields, true
		}
	}
	return nil, false
}

// levelText says what a reader's security level is worth: 3 and 4 encrypt.
func levelText(fields map[string]any) string {
	switch fields["status"] {
	case "3", "4":
		return "Its security level says that it encrypts."
	case "0":
		return "Its keys are used up: it must be exchanged."
	case "1", "2":
		return "Its security level says that it does not encrypt: the till refuses it. Have keys loaded by its seller."
	}
	return "It did not tell its security level."
}
