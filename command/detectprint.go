package command

import (
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/tillproof/tillproof/agent/detect"
)

// cutTCP takes the address out of tcp:HOST:PORT.
func cutTCP(path string) (address string, tcp bool) { return strings.CutPrefix(path, "tcp:") }

func checkAddress(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" || port == "" {
		return fmt.Errorf("tcp:%s: an address is tcp:HOST:PORT, such as tcp:192.168.1.40:20007", address)
	}
	return nil
}

// printPorts prints a table and, beneath each port, what else is known of it.
func printPorts(w io.Writer, ports []detect.Port) {
	if len(ports) == 0 {
		fmt.Fprintln(w, "no serial port\n\nNext: plug the device or its adapter in and try again; a terminal on the network is asked by tillproof detect --probe tcp:HOST:PORT")
		return
	}
	p, wide := paintFor(w), len("PORT")
	for i := range ports {
		wide = max(wide, len(ports[i].Path))
	}
	row := func(port, state, text string) { fmt.Fprintf(w, "%-*s  %-7s  %s\n", wide, port, state, text) }
	row("PORT", "STATE", "WHAT IS THERE")
	for i := range ports {
		port := &ports[i]
		state, colour := portState(port)
		fmt.Fprintf(w, "%-*s  %s  %s\n", wide, port.Path, p.as(colour, fmt.Sprintf("%-7s", state)), port.Text)
		for _, line := range portLines(port) {
			row("", "", line)
		}
	}
	fmt.Fprintf(w, "\n%s %s\n", p.as(bold, "Next:"), nextPort(ports))
}

func portState(p *detect.Port) (state, colour string) {
	switch {
	case p.Lock != "":
		return "till", green
	case p.Console:
		return "login", yellow
	case len(p.Users) > 0:
		return "in use", yellow
	case p.Note != "":
		return "closed", yellow
	}
	return "free", green
}

// portLines are what is known of a port beside its kind.
func portLines(p *detect.Port) (lines []string) {
	if p.ByID != "" {
		lines = append(lines, "name that stays: "+p.ByID)
	}
	if u := p.USB; u != nil {
		parts := []string{"usb " + u.Vendor + ":" + u.Product}
		for _, part := range []string{u.Maker, u.Name} {
			if part != "" {
				parts = append(parts, part)
			}
		}
		if u.Serial != "" {
			parts = append(parts, "serial "+u.Serial)
		}
		lines = append(lines, strings.Join(parts, ", "))
	}
	if p.Lock != "" {
		lines = append(lines, "open in "+p.Lock)
	}
	for _, user := range p.Users {
		lines = append(lines, "open in "+user)
	}
	if p.Console {
		lines = append(lines, "the kernel's console or a login uses it: no place for a device")
	}
	for _, h := range p.Heard {
		lines = append(lines, "heard "+h.String())
	}
	if p.Note != "" && p.Free() {
		lines = append(lines, p.Note)
	}
	return lines
}

// nextPort is the one thing to do now.
func nextPort(ports []detect.Port) string {
	free := 0
	for i := range ports {
		p := &ports[i]
		for _, h := range p.Heard {
			if h.Guess != "" {
				return fmt.Sprintf("%s speaks like %s; to be sure: tillproof detect --probe %s", p.Path, h.Guess, p.Name())
			}
		}
		if p.Free() {
			free++
		}
	}
	for i := range ports {
		if p := &ports[i]; p.Free() && (free == 1 || p.Kind == detect.CardTerminal || p.Kind == detect.Reader) {
			return "tillproof detect --probe " + p.Name() + " asks what it speaks"
		}
	}
	if free == 0 {
		return "every port is in use; stop what uses the one in question, then tillproof detect --probe NAME"
	}
	return "tillproof detect --probe NAME asks one port what it speaks; unplug and plug the device in to see which port it is"
}

// printStep tells one step of a probe while it runs.
func printStep(w io.Writer, s detect.Step) {
	mark := " "
	if s.Sure {
		mark = "*"
	}
	sent := s.Sent
	if len(sent) > 24 {
		sent = sent[:21] + "..."
	}
	fmt.Fprintf(w, "%s %-9s  %-11s  %-24s  %-45s  %s\n", mark, s.Family, s.Line, sent, s.Asks, s.Answer)
}

// printProbe tells what a probe came to.
func printProbe(w io.Writer, r *detect.Result) {
	p := paintFor(w)
	colour := yellow
	if r.Found != nil {
		colour = green
	}
	fmt.Fprintln(w, p.as(colour, r.Text))
	if r.Config != "" {
		fmt.Fprintf(w, "\n%s", r.Config)
	}
	fmt.Fprintf(w, "\n%s %s\n", p.as(bold, "Next:"), r.Next)
}
