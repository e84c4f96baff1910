package detect

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tillproof/tillproof/drivers"
	ecr17codec "github.com/tillproof/tillproof/drivers/ecr17/codec"
	"github.com/tillproof/tillproof/drivers/serialport"
	"github.com/tillproof/tillproof/drivers/stx"
)

// answers play a device that says one thing when it has heard another.
type answers map[string]string

// serve answers until the wire ends. What was heard is forgotten with each answer.
func (a answers) serve(wire io.ReadWriter) {
	var heard []byte
	buf := make([]byte, 64)
	for {
		n, err := wire.Read(buf)
		if err != nil {
			return
		}
		heard = append(heard, buf[:n]...)
		for question, answer := range a {
			if bytes.Contains(heard, []byte(question)) {
				heard = nil
				if _, err := wire.Write([]byte(answer)); err != nil {
					return
				}
			}
		}
	}
}

// play probes a device on pipes, in virtual time: a new wire for each family, as ports are opened anew.
func play(t *testing.T, to target, device func(io.ReadWriter)) (r Result, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r, err = probe(t.Context(), to, func(drivers.Line) (drivers.Conn, error) {
			near, far := net.Pipe()
			go func() { device(far); _ = far.Close() }()
			return near, nil
		})
	})
	return r, err
}

func scoped(scope stx.Scope) *stx.Rules {
	rules := *ecr17codec.Rules()
	rules.Scope = scope
	return &rules
}

// ecr17Device is a terminal that takes one range of the check byte only.
func ecr17Device(scope stx.Scope) answers {
	a := answers{}
	for _, s := range stx.Scopes() {
		rules := scoped(s)
		answer := rules.Control(stx.NAK)
		if s == scope {
			answer = append(rules.Control(stx.ACK), rules.Frame([]byte("123456780s"+"0000000000"+"2211261555"+"2"+"V1"))...)
		}
		a[string(rules.Frame([]byte("000000000s")))] = string(answer)
	}
	return a
}

func TestAProbeFindsTheFamily(t *testing.T) {
	for name, c := range map[string]struct {
		device answers
		family string
		option string
		says   string
	}{
		"concert":               {answers{"\x05": "\x06"}, "concert", "", "opens a session"},
		"transbank":             {answers{"\x020100\x03\x02": "\x06"}, "transbank", "", "ready"},
		"ecr17":                 {ecr17Device(stx.PayloadETX), "ecr17", "", "ready"},
		"ecr17 with its scope":  {ecr17Device(stx.STXPayload), "ecr17", "stx_payload", "ready"},
		"ecr17 that refuses":    {ecr17Device(-1), "ecr17", "", "refuses"},
		"a reader":              {answers{"\x02\x52\x7e\x03\x2d": "\x06\x02\x7e\x013\x03\x4d"}, "idtech", "", "encrypts"},
		"a reader in the clear": {answers{"\x02\x52\x7e\x03\x2d": "\x06\x02\x7e\x011\x03\x4f"}, "idtech", "", "not encrypt"},
	} {
		t.Run(name, func(t *testing.T) {
			steps := 0
			r, err := play(t, target{Probing: Probing{Name: "/dev/serial/by-id/it", Tell: func(Step) { steps++ }}}, c.device.serve)
			if err != nil {
				t.Fatal(err)
			}
			if r.Found == nil || r.Found.Family != c.family || r.Found.Options["lrc_scope"] != c.option || !strings.Contains(r.Found.Text, c.says) {
				t.Fatalf("%+v, found %+v", r, r.Found)
			}
			if steps != len(r.Steps) || r.Next == "" || r.Port != "/dev/serial/by-id/it" {
				t.Errorf("%d steps told, %+v", steps, r)
			}
			for _, s := range r.Steps {
				if s.Asks == "" || s.Sent == "" || s.Answer == "" || s.Line == "" {
					t.Errorf("a step without words: %+v", s)
				}
			}
		})
	}
}

func TestAProbeOfSomethingElse(t *testing.T) {
	for name, c := range map[string]struct {
		device func(io.ReadWriter)
		text   string
		next   string
	}{
		"silence":   {answers{}.serve, "Nothing answered", "power"},
		"an echo":   {func(w io.ReadWriter) { echo(w) }, "comes back", "cable"},
		"chatter":   {answers{"\x05": "\xf8\x00\xe6\x80"}.serve, "8 bytes", "--baud"},
		"a scanner": {answers{"\x05": "4006381333931\r\n"}.serve, "like text", "Configure"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := play(t, target{}, c.device)
			if err != nil || r.Found != nil || r.Config != "" || !strings.Contains(r.Text, c.text) || !strings.Contains(r.Next, c.next) {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
}

// echo sends back what comes.
func echo(w io.ReadWriter) {
	buf := make([]byte, 64)
	for {
		n, err := w.Read(buf)
		if err != nil {
			return
		}
		if _, err := w.Write(buf[:n]); err != nil {
			return
		}
	}
}

func TestAProbeFindsECR17OnTheNetwork(t *testing.T) {
	r, err := play(t, target{stream: true, address: "10.0.0.7:4001"}, ecr17Device(stx.PayloadETX).serve)
	if err != nil || r.Found == nil || r.Found.Family != "ecr17" || r.Found.Baud != 0 || r.Found.Line != "tcp" {
		t.Fatalf("%+v, %v", r, err)
	}
}

// closer is a terminal on the network that closes the connection at the first word.
func closer(w io.ReadWriter) { _, _ = w.Read(make([]byte, 64)) }

func TestATerminalThatHangsUpHasNotFailed(t *testing.T) {
	if r, err := play(t, target{stream: true}, closer); err != nil || r.Found != nil || !strings.Contains(r.Text, "answers") {
		t.Errorf("%+v, %v", r, err)
	}
}

// damaged is a wire that reads as a line of 7 bits does when a device of 8 bits talks.
type damaged struct{ drivers.Conn }

func (damaged) Read([]byte) (int, error) { return 0, serialport.ErrParity }

func TestDamagedBytesAreAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := probe(t.Context(), target{}, func(line drivers.Line) (drivers.Conn, error) {
			near, far := net.Pipe()
			go func() { answers{"\x020100\x03\x02": "\x06"}.serve(far); _ = far.Close() }()
			if line.DataBits == 7 {
				return damaged{near}, nil
			}
			return near, nil
		})
		if err != nil || r.Found == nil || r.Found.Family != "transbank" || !strings.Contains(r.Steps[0].Answer, "7 bits") {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

func TestAPortThatFailsIsNoAnswer(t *testing.T) {
	gone := errors.New("gone")
	synctest.Test(t, func(t *testing.T) {
		for _, open := range []func(drivers.Line) (drivers.Conn, error){
			func(drivers.Line) (drivers.Conn, error) { return nil, gone },
			func(drivers.Line) (drivers.Conn, error) {
				near, far := net.Pipe()
				return near, far.Close()
			},
		} {
			if r, err := probe(t.Context(), target{}, open); err == nil || r.Found != nil {
				t.Errorf("%+v, %v", r, err)
			}
		}
		ctx, stop := context.WithCancel(t.Context())
		stop()
		if _, err := probe(ctx, target{}, func(drivers.Line) (drivers.Conn, error) { near, _ := net.Pipe(); return near, nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
}
