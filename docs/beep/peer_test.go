package beep_test

import (
	"bufio"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/drivertest"
	"github.com/tillproof/tillproof/pos"
)

// peer plays a Beep terminal from the papers, and knows nothing of the driver: one goroutine a wire, and a memory of what it took.
type peer struct {
	mu           sync.Mutex
	script       drivertest.Script
	commands     int
	acknowledged int
	good         bool // the last outcome was a good one
	sales        []sale

	conn drivers.Conn
	done chan struct{}
}

type sale struct {
	amount pos.Minor
	ticket string
}

func newPeer() *peer { return &peer{script: drivertest.Script{Card: drivertest.Approves}} }

func drivertestMoney(amount pos.Minor) pos.Money { return pos.Money{Amount: amount, Currency: "EUR"} }

func locked[T any](p *peer, f func() T) T {
	p.mu.Lock()
	defer p.mu.Unlock()
	return f()
}

func (p *peer) Plug() drivers.Conn {
	p.Close()
	till, device := drivertest.Wire()
	p.conn, p.done = device, make(chan struct{})
	go p.serve(device, p.done)
	return till
}

func (p *peer) Close() {
	if p.conn != nil {
		_ = p.conn.Close()
		<-p.done
	}
	p.conn = nil
}

func (p *peer) Next(s drivertest.Script) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.script = s
	if s.At == drivertest.BeforeCommand && s.Fault == drivertest.Unplug {
		_ = p.conn.Close()
	}
}

func (p *peer) Commands() int         { return locked(p, func() int { return p.commands }) }
func (p *peer) Acknowledged() int     { return locked(p, func() int { return p.acknowledged }) }
func (p *peer) Returned() []pos.Money { return nil }
func (p *peer) Closed() []pos.Minor   { return nil }
func (p *peer) Booked() []pos.Money {
	return locked(p, func() []pos.Money {
		var list []pos.Money
		for _, s := range p.sales {
			list = append(list, drivertestMoney(s.amount))
		}
		return list
	})
}

// serve plays the terminal on one wire. Lines are read beside, so that STOP is heard while a customer is busy.
func (p *peer) serve(conn drivers.Conn, done chan struct{}) {
	defer close(done)
	lines := make(chan string)
	go func() {
		defer close(lines)
		for r := bufio.NewReader(conn); ; {
			line, err := r.ReadString('\n')
			if err != nil {
				return // what has no end is no line
			}
			lines <- line
		}
	}()
	for line := range lines {
		words := strings.Fields(line)
		switch {
		case p.strikes(conn, lines, drivertest.BeforeCommand):
			return
		case words[0] == "LAST":
			p.tellLast(conn)
		case words[0] == "GOT":
			locked(p, func() bool {
				if p.good {
					p.acknowledged++
				}
				p.good = false
				return true
			})
			if p.strikes(conn, lines, drivertest.AfterAcknowledgement) {
				return
			}
		case words[0] == "SALE":
			if !p.sale(conn, lines, words) {
				return
			}
		}
	}
}

func (p *peer) tellLast(conn drivers.Conn) {
	text := locked(p, func() string {
		if n := len(p.sales); n > 0 {
			return fmt.Sprintf("LAST %d %d EUR %s\n", n, p.sales[n-1].amount, p.sales[n-1].ticket)
		}
		return "NONE\n"
	})
	_, _ = conn.Write([]byte(text))
}

// sale plays one sale and says whether the wire goes on.
func (p *peer) sale(conn drivers.Conn, lines <-chan string, words []string) bool {
	script := locked(p, func() drivertest.Script { p.commands++; return p.script })
	if p.strikes(conn, lines, drivertest.AfterCommand) {
		return false
	}
	if script.Card == drivertest.Refuses {
		_, _ = conn.Write([]byte("NO paper\n"))
		return true
	}
	_, _ = conn.Write([]byte("TAKEN\n"))
	answer := "STOPPED\n"
	switch script.Card {
	case drivertest.Waits:
		select {
		case _, open := <-lines: // STOP
			if !open {
				return false
			}
		case <-time.After(time.Minute):
		}
	case drivertest.Declines:
		answer = "DECLINED no money\n"
	case drivertest.Approves:
		time.Sleep(300 * time.Millisecond)
		answer = locked(p, func() string {
			var amount pos.Minor
			_, _ = fmt.Sscan(words[1], &amount)
			p.sales, p.good = append(p.sales, sale{amount, words[3]}), true
			return fmt.Sprintf("OK %d\n", len(p.sales))
		})
	}
	_, _ = conn.Write([]byte(answer))
	if script.Repeat {
		_, _ = conn.Write([]byte(answer))
	}
	return !p.strikes(conn, lines, drivertest.AfterResult)
}

// strikes is the fault of the script, if it is for this moment: the wire is lost, or carries nothing any more until it is closed.
func (p *peer) strikes(conn drivers.Conn, lines <-chan string, at drivertest.Moment) bool {
	s := locked(p, func() drivertest.Script { return p.script })
	if s.At != at || s.Fault == drivertest.NoFault {
		return false
	}
	if s.Fault == drivertest.Unplug {
		_ = conn.Close()
	}
	for range lines {
	}
	return true
}

var _ drivertest.Peer = (*peer)(nil)
