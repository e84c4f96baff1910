package detect

import (
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/hypercom"
	"github.com/tillproof/tillproof/drivers/hypercom/codec"
	"github.com/tillproof/tillproof/drivers/stx"
)

// askHypercom pings in the form of most banks. A terminal whose bank has no ping answers too, or says NAK; only an answer is sure, and only the answer to
// a ping says whose terminal it is.
func askHypercom(t *talk) (*Found, error) {
	form := codec.Usual()
	ping := form.Rules().Frame(form.Payload(codec.Message{Direction: codec.Request, Code: "FF"}))
	said, err := t.ask("FF: ping", ping, 2*time.Second, func(said []byte) bool { return answerOfHypercom(said) != nil })
	if err != nil || t.echoes {
		return nil, err
	}
	answer := answerOfHypercom(said)
	if answer == nil {
		t.quiet(said)
		return nil, nil
	}
	t.judged("a frame with a right check byte", true)
	if err := t.say("ACK: the answer has come", []byte{stx.ACK}); err != nil {
		return nil, err
	}
	t.judged("nothing more to say", true)
	if result := answer.Fields["result"]; result == "CP" || result == "00" {
		return &Found{Options: map[string]string{"profile": "razer"}, Text: "It is ready."}, nil
	}
	return &Found{Options: map[string]string{"profile": "linkpos"}, Text: "It knows no ping: check the option profile, which is its bank's."}, nil
}

// answerOfHypercom is the first whole answer of the family, nil when there is none.
func answerOfHypercom(said []byte) *drivers.Decoded {
	for _, d := range hypercom.Decode(said) {
		if d.OK && d.Direction == drivers.FromDevice {
			return &d
		}
	}
	return nil
}
