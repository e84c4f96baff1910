package detect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"os"
	"slices"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/all"
	"github.com/tillproof/tillproof/drivers/serialport"
)

// Heard is what a port said by itself while somebody listened at one rate. The bytes themselves are wiped.
type Heard struct {
	Baud  int    `json:"baud"`
	Bytes int    `json:"bytes"`
	Guess string `json:"guess,omitempty"`      // as of drivers.Guess; "" for bytes that nobody is known to say
	Seven bool   `json:"seven_bits,omitempty"` // every byte is one of 7 bits with even parity
}

// String says it for a technician.
func (h Heard) String() string {
	form := ""
	if h.Seven {
		form = " 7E1"
	}
	if h.Guess == "" {
		return fmt.Sprintf("%d bytes at %d%s baud that no family says: another rate?", h.Bytes, h.Baud, form)
	}
	return fmt.Sprintf("%d bytes at %d%s baud, like %s", h.Bytes, h.Baud, form, h.Guess)
}

// Rates are the rates at which the families' devices come, the most frequent one first.
func Rates() []int {
	count := map[int]int{9600: 1, 115200: 1}
	for _, d := range all.Drivers() {
		count[d.Line.Baud]++
	}
	rates := []int{}
	for baud := range count {
		rates = append(rates, baud)
	}
	slices.SortFunc(rates, func(a, b int) int {
		if count[a] != count[b] {
			return count[b] - count[a]
		}
		return a - b
	})
	return rates
}

// mostHeard bounds the bytes that are kept of one listening.
const mostHeard = 4096

// ErrNoListening says that this system lets nobody listen without writing.
var ErrNoListening = errors.New("listening is for Linux")

// Listen opens a port for reading alone and hears what it says by itself, for a while at each rate. It never writes, and gives the port its settings
// back. A port that a till has open is refused, as by serialport.Open; of other users the caller knows ([Port.Free]): their bytes would be
// taken away from them. What came is told, nothing when all was silent.
func Listen(ctx context.Context, path string, rates []int, each time.Duration) ([]Heard, error) {
	release, err := serialport.Hold(path)
	if err != nil {
		return nil, err
	}
	defer release()
	wire, err := openQuiet(path)
	if err != nil {
		return nil, err
	}
	defer wire.Close()
	var list []Heard
	for _, baud := range rates {
		if err := wire.rate(baud); err != nil {
			return list, err
		}
		said, err := hear(ctx, wire, time.Now().Add(each))
		if len(said) > 0 {
			list = append(list, judge(baud, said))
		}
		clear(said)
		if err != nil || ctx.Err() != nil {
			return list, errors.Join(err, ctx.Err())
		}
	}
	return list, nil
}

// hear collects what comes until the deadline. Whoever asks wipes it.
func hear(ctx context.Context, wire reader, until time.Time) ([]byte, error) {
	stop := context.AfterFunc(ctx, func() { _ = wire.SetReadDeadline(time.Now()) })
	defer stop()
	if err := wire.SetReadDeadline(until); err != nil {
		return nil, err
	}
	said := make([]byte, 0, mostHeard)
	for len(said) < mostHeard && ctx.Err() == nil {
		n, err := wire.Read(said[len(said):mostHeard])
		said = said[:len(said)+n]
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return said, nil
		case err != nil:
			return said, fmt.Errorf("the port failed while it was listened to: %w", err)
		}
	}
	return said, nil
}

// reader is the part of a wire that listening needs.
type reader interface {
	io.Reader
	SetReadDeadline(time.Time) error
}

// judge says what bytes are like. A line of 7 bits with even parity that is read as one of 8 bits shows by all its bytes having an even number of ones.
func judge(baud int, said []byte) Heard {
	h := Heard{Baud: baud, Bytes: len(said), Guess: drivers.Guess(said)}
	if h.Guess != "" || len(said) < 3 || !slices.ContainsFunc(said, func(b byte) bool { return b > 0x7F }) {
		return h
	}
	if slices.ContainsFunc(said, func(b byte) bool { return bits.OnesCount8(b)%2 == 1 }) {
		return h
	}
	plain := make([]byte, 0, len(said))
	for _, b := range said {
		plain = append(plain, b&0x7F)
	}
	h.Seven, h.Guess = true, drivers.Guess(plain)
	clear(plain)
	return h
}
