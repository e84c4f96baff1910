package agent

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync/atomic"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/policy"
	"github.com/tillproof/tillproof/sync/provision"
)

// configuring keeps what the platform has configured the till to. The file holds the last message as it was signed, so that the till knows it when it starts
// without a network; the journal holds its version, so that an older file or message never counts again.
type configuring struct {
	path    string
	till    pos.TillID
	journal *journal.Journal
	arrived cose.Keys // that may sign what comes now
	log     *slog.Logger
	waiting chan []byte
	now     atomic.Pointer[provision.Document] // nil for none
}

// openConfiguring reads the file. One that is damaged, or whose key counts no more, is none: the platform sends the configuration again.
func openConfiguring(path string, till pos.TillID, j *journal.Journal, kept, arrived cose.Keys, log *slog.Logger) (*configuring, error) {
	c := &configuring{path: path, till: till, journal: j, arrived: arrived, log: log, waiting: make(chan []byte, 1)}
	message, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return nil, errDisk(path, err)
	}
	d, err := provision.Open(message, kept)
	if err == nil {
		err = c.enforce(d, message)
	}
	if err != nil {
		log.Warn("the configuration that was kept is not used; the platform sends it again", "error", err)
	}
	return c, nil
}

// receive takes a message of down/config. It does not block; only the last one that waits counts.
func (c *configuring) receive(message []byte) {
	for {
		select {
		case c.waiting <- message:
			return
		default:
		}
		select {
		case <-c.waiting:
		default:
		}
	}
}

// run puts what comes in force until ctx ends. What is refused changes nothing.
func (c *configuring) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case message := <-c.waiting:
			if err := c.take(message); err != nil {
				c.log.Warn("a configuration was refused; the one before stays in force", "error", err)
			}
		}
	}
}

// take writes a later configuration down and puts it in force. The same one again is no error.
func (c *configuring) take(message []byte) error {
	d, err := provision.Open(message, c.arrived)
	if err != nil {
		return err
	}
	if now := c.now.Load(); now != nil && now.Version == d.Version && d.Till == c.till {
		return nil
	}
	if err := c.fits(d); err != nil {
		return err
	}
	if err := cose.WriteFile(c.path, message); err != nil {
		return err
	}
	return c.enforce(d, message)
}

// fits refuses what is for another till or older than what the journal knows to have been in force.
func (c *configuring) fits(d *provision.Document) error {
	known := c.journal.Views().Till().Config
	switch {
	case d.Till != c.till:
		return fmt.Errorf("the configuration is for till %s", d.Till)
	case d.Version < known:
		return fmt.Errorf("configuration %d came after configuration %d", d.Version, known)
	}
	return nil
}

// enforce lets a configuration count, which the journal tells the platform.
func (c *configuring) enforce(d *provision.Document, message []byte) error {
	if err := c.fits(d); err != nil {
		return err
	}
	if d.Version > c.journal.Views().Till().Config {
		hash := sha256.Sum256(message)
		if _, err := c.journal.Append(&record.Config{Version: d.Version, Hash: hash[:]}); err != nil {
			return err
		}
	}
	c.now.Store(d)
	return nil
}

// current is the configuration in force, nil for none. It is safe on a till without a platform.
func (c *configuring) current() *provision.Document {
	if c == nil {
		return nil
	}
	return c.now.Load()
}

// hotlist is the one of the configuration in force, nil for none.
func (c *configuring) hotlist() *policy.Hotlist {
	if d := c.current(); d != nil {
		return d.Hotlist
	}
	return nil
}
