package agent

import (
	"context"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/agent/engine"
	"github.com/tillproof/tillproof/sync/mqtt"
	"github.com/tillproof/tillproof/sync/wire"
)

// When a till says that it is there. A change is told within birthLook; births without a change let the platform tell a till that is silent from one that
// sells nothing. Ten thousand tills are 33 births a second.
const (
	birthSoon  = 5 * time.Second // after the first one: the will of a connection that was taken over may have come behind that
	birthLook  = 30 * time.Second
	birthAgain = 5 * time.Minute
)

// presence tells the platform that the till is there, and what it works with. It is a hint for people: what it cannot tell is told later or never.
type presence struct {
	till  *till
	codec *wire.Codec
	topic string

	connected int64 // when the present connection began, milliseconds since 1970-01-01 UTC; only the connection's goroutine touches it
}

// will is what the broker says when the line breaks: the till as it is now, and gone. It is asked for when a connection begins.
func (p *presence) will() mqtt.Message {
	p.connected = time.Now().UnixMilli()
	b := p.birth(p.connected)
	b.Online = false
	message, err := p.codec.EncodeBirth(b)
	if err != nil {
		p.till.opts.Log.Warn("the last will could not be written; the platform will not see that this till has gone", "error", err)
	}
	return mqtt.Message{Topic: p.topic, Payload: message, Retained: true}
}

// birth is the till as it is now.
func (p *presence) birth(connected int64) *wire.Birth {
	t, head := p.till, p.till.journal.Head()
	b := &wire.Birth{Till: t.config.Till, Online: true, At: time.Now().UnixMilli(), ConnectedAt: connected, Epoch: head.Epoch, Seq: head.Seq,
		Versions: t.versions()}
	if ms, proven := t.journal.Offset(); proven {
		b.OffsetMS = &ms
	}
	for _, d := range t.engine.Devices() {
		b.Devices = append(b.Devices, wire.BirthDevice{Name: string(d.Name), State: string(d.State)})
	}
	return b
}

// versions are what the till works with.
func (t *till) versions() wire.Versions {
	v := wire.Versions{Software: t.opts.Version}
	if policy, err := t.engine.Policy(); err == nil {
		v.Policy = policy.Version
	}
	if t.keys != nil {
		v.Keys = t.keys.version()
	}
	if d := t.configs.current(); d != nil {
		v.Config = d.Version
	}
	return v
}

// attend tells of the till until the connection or ctx ends. The function that it returns waits for that and, where the connection still stands, says
// that the till goes: a will is not published then.
func (p *presence) attend(ctx context.Context, c *mqtt.Conn) (leave func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended, connected := make(chan struct{}), p.connected
	go func() {
		defer close(ended)
		p.tell(ctx, c, connected)
	}()
	return func() {
		cancel()
		<-ended
		b := p.birth(connected)
		b.Online = false
		p.publish(c, b)
	}
}

// tell publishes births: at once, soon after, whenever something has changed, and now and then.
func (p *presence) tell(ctx context.Context, c *mqtt.Conn, connected int64) {
	last := p.birth(connected)
	p.publish(c, last)
	pause := time.NewTimer(birthSoon)
	defer pause.Stop()
	for first := true; ; first = false {
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
		pause.Reset(birthLook)
		now := p.birth(connected)
		if first || gist(now) != gist(last) || now.At-last.At >= birthAgain.Milliseconds() {
			p.publish(c, now)
			last = now
		}
	}
}

// publish sends a birth. One that does not leave is followed by others.
func (p *presence) publish(c *mqtt.Conn, b *wire.Birth) {
	message, err := p.codec.EncodeBirth(b)
	if err == nil {
		err = c.PublishRetained(context.Background(), p.topic, message)
	}
	if err != nil {
		p.till.opts.Log.Debug("the platform was not told how this till is", "error", err)
	}
}

// gist is what a birth is sent for when it changes. A device that works is ready between two sales, and a clock is never the same to the millisecond.
func gist(b *wire.Birth) string {
	offset := "unproven"
	if b.OffsetMS != nil {
		offset = time.Duration(*b.OffsetMS * int64(time.Millisecond)).Round(time.Second).String()
	}
	text := fmt.Sprint(b.Epoch, b.Versions, offset)
	for _, d := range b.Devices {
		if d.State == string(engine.Busy) {
			d.State = string(engine.Ready)
		}
		text += fmt.Sprint(d)
	}
	return text
}
