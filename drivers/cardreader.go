package drivers

import (
	"context"
	"fmt"
	"time"

	"github.com/tillproof/tillproof/pos"
)

// CardReader is a device that reads cards and encrypts what it reads at its head. It decides nothing: what it delivers goes to an acquirer, opaque, online
// or later.
type CardReader interface {
	// Open proves that the reader encrypts before anything that it reads is believed. It is called once on each new wire, before anything else. A reader
	// that would send cards in clear is refused with code reader_in_clear; no money moved.
	Open(ctx context.Context) (ReaderInfo, error)

	// Read waits for the next card. A card that was read while nobody waited is handed out by the next Read: a caller waits always, and wipes what no
	// sale waits for. The end of ctx ends the wait with ctx's error, and the wire stays usable. An error with code card_unreadable asks
	// for the card again, one with code use_chip for another device; both leave the wire usable, and so do reader_in_clear and reader_replay, after
	// which what was read is wiped and nothing is told of it. Any other error, such as reader_keys_used_up, wants the wire opened anew. No error ever
	// moved money. progress is told that a card is being read (code reading) and that the reader's keys come to their end (code keys_low); never nil.
	Read(ctx context.Context, progress func(Progress)) (Swipe, error)

	// Close ends the work with the reader, as far as the wire still allows. It does not close the wire.
	Close(ctx context.Context) error
}

// Armer is a [CardReader] that asks for a card only while a sale waits for one, and shows what it pays: readers of chip and contactless cards, which stay
// dark else. One that was never told of a sale asks always, for no amount.
type Armer interface {
	// Arm says what the next card pays; zero says that no sale waits, so that no card is asked for. A card that was read for an earlier sale is wiped and
	// not told. It sends nothing itself: the [CardReader.Read] under way, or the next one, does. Any goroutine may call it at any time.
	Arm(amount pos.Money)
}

// ReaderInfo says which reader it is, from its own word.
type ReaderInfo struct {
	Serial string
	Level  string // of its security, in the family's words
	KSN    []byte // of its next key, 10 bytes, nil when it does not tell
	Notice string // what somebody should do about it soon, such as to have it filled with new keys; "" mostly
}

// Swipe is a card as an encrypting reader tells it. Opaque and Hash are the caller's to wipe when they are of no more use.
type Swipe struct {
	Format string // of Opaque: the driver's name, with that of its protocol where it speaks several
	Opaque []byte // what the reader encrypted with what its decryption needs, as it came, but for a name; no part of it is clear card data beyond what is below
	Reader string // its serial number
	KSN    []byte // key serial number, 10 bytes: new on every swipe of a reader; [KSNFollows] tells a replay
	BIN    string // the first six digits, "" when they are masked
	Last4  string
	Expiry string    // YYMM, "" when it is masked
	Brand  string    // as in [Result], "" when the BIN does not say
	Entry  string    // as in [Result]
	Hash   []byte    // the reader's own hash of track 2, nil when it sends none; never kept as it is (velocity takes a keyed hash of it)
	Chip   bool      // the card has a chip, which its issuer wants to be used
	At     time.Time // when its last byte was taken from the wire
}

// String tells the reader and the key, never the card.
func (s Swipe) String() string {
	return fmt.Sprintf("swipe of %d bytes, format %s, reader %s, key %x", len(s.Opaque), s.Format, s.Reader, s.KSN)
}

// GoString is String, so that no way to print a swipe shows the card.
func (s Swipe) GoString() string { return s.String() }

// Wipe overwrites what nobody may keep.
func (s *Swipe) Wipe() {
	clear(s.Opaque)
	clear(s.Hash)
	s.Opaque, s.Hash = nil, nil
}
