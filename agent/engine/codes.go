package engine

import (
	"bytes"
	"sync"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/qr/code"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/store/view"
)

// codeMemory is how long a code that was submitted is refused: wallets renew theirs each minute, and each is good for one payment.
const codeMemory = 10 * time.Minute

// recentCodes remembers the keyed hashes of submitted codes.
type recentCodes struct {
	mu   sync.Mutex
	seen map[[16]byte]int64 // by hash, milliseconds since 1970 of the wall clock
}

func (c *recentCodes) add(hash []byte, at int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen == nil {
		c.seen = map[[16]byte]int64{}
	}
	for h, t := range c.seen {
		if at-t > codeMemory.Milliseconds() {
			delete(c.seen, h)
		}
	}
	if len(hash) == 16 {
		c.seen[[16]byte(hash)] = at
	}
}

func (c *recentCodes) has(hash []byte, now int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, known := c.seen[[16]byte(hash)]
	return known && now-at <= codeMemory.Milliseconds()
}

// recall reads the codes of the last minutes from the journal, so that a restart forgets none.
func (e *Engine) recall() error {
	recent, err := e.journal.Views().List(journal.Query{From: time.Now().Add(-codeMemory).UnixMilli(), Limit: 500})
	if err != nil {
		return err
	}
	for _, p := range recent {
		if p.Presented != nil {
			e.recent.add(p.Presented.CodeHash, p.Updated)
		}
	}
	return nil
}

// classify judges a code by the table in force.
func (e *Engine) classify(text string) code.Class {
	if e.opts.Codes == nil {
		return code.Classify(text)
	}
	return e.opts.Codes().Classify(text)
}

// present classifies a trimmed code and makes the record that must be durable before it leaves.
func (e *Engine) present(id pos.PaymentID, text string) (*record.Presented, error) {
	class := e.classify(text)
	if !class.Kind.Payable() {
		return nil, errCode(class.Note)
	}
	hash := code.Hash(e.opts.CodeKey, text)
	if e.recent.has(hash[:], time.Now().UnixMilli()) {
		return nil, errCodeUsed()
	}
	return &record.Presented{Payment: id, Scheme: string(class.Scheme), CodeHash: hash[:]}, nil
}

// sameCode says whether a request that came again names the code that the payment has. Who waits for the scanner names none.
func (e *Engine) sameCode(p *view.Payment, text string) bool {
	if text == "" {
		return true
	}
	hash := code.Hash(e.opts.CodeKey, code.Trim(text))
	return p.Presented != nil && bytes.Equal(p.Presented.CodeHash, hash[:])
}

// nextReference counts the QRs that the till makes, in hundredths of a second since 2026 so that a restart cannot count again.
func (e *Engine) nextReference() uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	since := time.Since(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)) / (10 * time.Millisecond)
	e.lastReference = max(e.lastReference+1, uint64(max(0, since)))
	return e.lastReference
}
