package concert

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"testing"
	"testing/synctest"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/concert/codec"
	"github.com/tillproof/tillproof/drivers/drivertest"
	"github.com/tillproof/tillproof/pos"
)

// cardLike is a run of digits that could be a card's number.
var cardLike = regexp.MustCompile(`[0-9]{13}`)

func FuzzAnswer(f *testing.F) {
	f.Add([]byte("020000019901978          "))
	f.Add([]byte("02700001990" + "1" + fmt.Sprintf("%-55s", "4111111111111111 1299") + "978ABCDEFGHIJ"))
	f.Add([]byte(tags("AE", "10", "CB", "000000001990", "AA", "4111111111111111", "ZT", "CK003100AK004QUJD")))
	f.Add([]byte(tags("AE", "01", "AF", "06")))
	f.Fuzz(func(t *testing.T, payload []byte) {
		for _, read := range []reader{readEPlus, readTags} {
			before := bytes.Clone(payload)
			a := read(payload)
			if a.strange != nil && a.state != unclear || !bytes.Equal(before, payload) {
				t.Errorf("%+v", a)
			}
			shown := fmt.Sprintf("%+v %+v %s %s", a.told, a.receipts, a.code, a.text)
			if cardLike.MatchString(shown) {
				t.Errorf("%q", shown)
			}
		}
	})
}

func FuzzSplitter(f *testing.F) {
	f.Add([]byte("CZ0040300AE00210CZ0040300AE00201"))
	f.Add([]byte("CZ0040300ZT000CB0041990"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		var s codec.Splitter
		var out []byte
		for _, b := range stream {
			m, err := s.Feed(b)
			if err != nil {
				return
			}
			out = append(out, m...)
			if m != nil {
				if _, err := codec.Tags(m); err != nil {
					t.Fatalf("%q: %v", m, err)
				}
			}
		}
		if s.Whole() {
			out = append(out, s.Take()...)
			if !bytes.ContainsAny(stream, "\x00\r\n") && !bytes.Equal(out, stream) {
				t.Errorf("%q came out as %q", stream, out)
			}
		}
	})
}

// FuzzSale lets a terminal say anything: pieces are cut at FE. Whatever it is, money is approved only when it was stored once.
func FuzzSale(f *testing.F) {
	private := drivers.Ticket("a", privateLength)
	good := codec.Rules().Frame([]byte("010000019901978" + private))
	f.Add(false, append([]byte("\x06\xFE\x06\x05\xFE\xFE"), good...))
	f.Add(false, []byte("\x15\xFE\x05\xFE\x06\xFE\x15\xFE\x06"))
	f.Add(true, []byte(tags("AE", "10", "CA", "01", "CB", "1990", "CD", "0", "CE", "978", "CF", private)))
	f.Fuzz(func(t *testing.T, stream bool, said []byte) {
		synctest.Test(t, func(t *testing.T) { hearsAnything(t, stream, bytes.Split(said, []byte{0xFE})) })
	})
}

func hearsAnything(t *testing.T, stream bool, pieces [][]byte) {
	options := map[string]string{"answer_wait_s": "30"}
	if stream {
		options["generation"] = "v3"
	}
	till, far := drivertest.Wire()
	defer till.Close()
	go answering(far, pieces)
	term, commits := made(t, till, stream, options), 0
	out, err := term.Sale(context.Background(), drivers.Sale{Amount: euros(1990), Ref: "a", Progress: func(drivers.Progress) {},
		Commit: func(drivers.Result) error { commits++; return nil }})
	var known *pos.Error
	switch {
	case err == nil && (commits != 1 || out.Result.Amount != euros(1990)):
		t.Errorf("%+v with %d commits", out, commits)
	case err != nil && !errors.As(err, &known):
		t.Errorf("%v", err)
	case err != nil && known.Money == pos.NoneMoved && commits > 0:
		t.Errorf("%v with %d commits", err, commits)
	}
}
