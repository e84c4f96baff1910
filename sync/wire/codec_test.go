package wire

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/klauspost/compress/zstd"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/record"
)

func newCodec(t testing.TB) *Codec {
	t.Helper()
	c, err := NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func newSigner(t testing.TB, seed byte) *cose.Signer {
	t.Helper()
	s, err := cose.NewSigner(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.NewReplacer(" ", "", "\n", "", "\t", "").Replace(s))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// aHead is a head of recognisable bytes.
func aHead(seq pos.Seq) record.Head {
	h := record.Head{Seq: seq}
	copy(h.Epoch[:], bytes.Repeat([]byte{0xee}, 16))
	copy(h.Hash[:], bytes.Repeat([]byte{0xaa}, 32))
	return h
}

var (
	epochHex = strings.Repeat("ee", 16)
	hashHex  = strings.Repeat("aa", 32)
)

// goldenBatch is put together by hand: keys in the order of RFC 8949 §4.2.1, and a zstd frame of one raw block (RFC 8878 §3.1.1):
// magic, single segment with one byte of content size, last raw block of 3 bytes.
func goldenBatch() string {
	return "a7" +
		"63 736967 42 5151" + // sig
		"64 70726576 5820" + hashHex + // prev
		"64 74696c6c 66 74696c6c2d31" + // till: till-1
		"65 636f756e74 02" + // count
		"65 65706f6368 50" + epochHex + // epoch
		"65 6669727374 1903e9" + // first: 1001
		"67 7265636f726473 4c 28b52ffd 20 03 190000 616263" // records: abc
}

func TestDecodeBatchGolden(t *testing.T) {
	b, err := newCodec(t).DecodeBatch(unhex(t, goldenBatch()))
	if err != nil {
		t.Fatal(err)
	}
	if b.Till != "till-1" || b.Prev != aHead(1000) || b.First() != 1001 || b.Count != 2 || string(b.Signature) != "QQ" || string(b.Records) != "abc" {
		t.Errorf("%+v", b)
	}
}

func TestEncodeBatchGolden(t *testing.T) {
	c := newCodec(t)
	message, err := c.EncodeBatch(&Batch{Till: "till-1", Prev: aHead(1000), Count: 2, Signature: []byte("QQ"), Records: []byte("abc")})
	if err != nil {
		t.Fatal(err)
	}
	want := unhex(t, goldenBatch())
	head := len(want) - 13 // the compressor may choose another frame for the same content
	if !bytes.Equal(message[:head], want[:head]) {
		t.Errorf("%x\nwant %x", message[:head], want[:head])
	}
	if b, err := c.DecodeBatch(message); err != nil || string(b.Records) != "abc" {
		t.Errorf("%v %v", b, err)
	}
}

func TestBatchRoundTripAtTheBounds(t *testing.T) {
	noise := make([]byte, MaxUnpacked)
	source := rand.NewChaCha8([32]byte{1})
	if _, err := source.Read(noise); err != nil {
		t.Fatal(err)
	}
	c := newCodec(t)
	message, err := c.EncodeBatch(&Batch{Till: "till-1", Prev: aHead(0), Count: MaxRecords, Signature: noise[:maxSignature], Records: noise})
	if err != nil || len(message) > MaxMessage {
		t.Fatalf("%d bytes, %v", len(message), err)
	}
	if b, err := c.DecodeBatch(message); err != nil || !bytes.Equal(b.Records, noise) {
		t.Error(err)
	}
}

func TestEncodeBatchRefuses(t *testing.T) {
	for name, b := range map[string]Batch{
		"no records":     {Count: 1, Signature: []byte{1}},
		"no count":       {Records: []byte{1}, Signature: []byte{1}},
		"too many":       {Count: MaxRecords + 1, Records: []byte{1}, Signature: []byte{1}},
		"too large":      {Count: 1, Records: make([]byte, MaxUnpacked+1), Signature: []byte{1}},
		"no signature":   {Count: 1, Records: []byte{1}},
		"long signature": {Count: 1, Records: []byte{1}, Signature: make([]byte, maxSignature+1)},
	} {
		if _, err := newCodec(t).EncodeBatch(&b); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestDecodeBatchRefuses(t *testing.T) {
	golden := goldenBatch()
	change := func(old, with string) string {
		if !strings.Contains(golden, old) {
			t.Fatalf("no %q", old)
		}
		return strings.Replace(golden, old, with, 1)
	}
	for name, message := range map[string][]byte{
		"empty":               nil,
		"not a map":           unhex(t, "80"),
		"trailing byte":       unhex(t, golden+"00"),
		"truncated":           unhex(t, golden)[:40],
		"first 0":             unhex(t, change("1903e9", "00")),
		"first over int64":    unhex(t, change("1903e9", "1b8000000000000000")),
		"count 0":             unhex(t, change("636f756e74 02", "636f756e74 00")),
		"count 501":           unhex(t, change("636f756e74 02", "636f756e74 1901f5")),
		"count negative":      unhex(t, change("636f756e74 02", "636f756e74 20")),
		"short epoch":         unhex(t, change("50"+epochHex, "4f"+epochHex[2:])),
		"long prev":           unhex(t, change("5820"+hashHex, "5821"+hashHex+"00")),
		"doubled key":         unhex(t, strings.Replace(change("63 736967 42 5151", "63 736967 42 5151 63 736967 42 5151"), "a7", "a8", 1)),
		"indefinite string":   unhex(t, change("42 5151", "5f 42 5151 ff")),
		"tag":                 unhex(t, change("1903e9", "c0 1903e9")),
		"key in capitals":     unhex(t, change("63 736967", "63 534947")),
		"bad till":            unhex(t, change("74696c6c2d31", "54696c6c2d31")),
		"no zstd":             unhex(t, change("28b52ffd", "28b52ffe")),
		"empty signature":     unhex(t, change("42 5151", "40")),
		"longer than a batch": make([]byte, MaxMessage+1),
	} {
		if b, err := newCodec(t).DecodeBatch(message); err == nil {
			t.Errorf("%s: accepted as %+v", name, b)
		}
	}
}

func TestBombIsNotUnpacked(t *testing.T) {
	c := newCodec(t)
	message, err := c.enc.Marshal(batchMap{Till: "till-1", Epoch: make([]byte, 16), First: 1, Count: 1, Prev: make([]byte, 32), Sig: []byte{1},
		Records: c.pack.EncodeAll(make([]byte, 8*MaxUnpacked), nil)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.DecodeBatch(message); !errors.Is(err, zstd.ErrWindowSizeExceeded) {
		t.Errorf("%d bytes: %v", len(message), err)
	}
}

func TestDecodeBatchIgnoresUnknownKeys(t *testing.T) {
	message := unhex(t, strings.Replace(goldenBatch(), "a7", "a8 61 7a 01", 1))
	if _, err := newCodec(t).DecodeBatch(message); err != nil {
		t.Error(err)
	}
}

// goldenAck is the payload of an acknowledgement, put together by hand as in goldenBatch.
func goldenAck() string {
	return "a9" +
		"62 6174 1b0000018bcfe56800" + // at: 1700000000000
		"63 736571 07" + // seq
		"64 68656164 5820" + hashHex + // head
		"64 68656c64 82 05 06" + // held
		"64 74696c6c 66 74696c6c2d31" + // till
		"65 65706f6368 50" + epochHex + // epoch
		"65 7374617465 64 68656c64" + // state: held
		"68 6c6173745f736571 07" + // last_seq
		"69 6c6173745f68656164 5820" + hashHex // last_head
}

func anAck() *Ack {
	last := aHead(7)
	return &Ack{Till: "till-1", Mark: aHead(7), State: AckHeld, Held: []pos.Seq{5, 6}, At: 1700000000000, Last: &last}
}

func TestAckGolden(t *testing.T) {
	c, signer := newCodec(t), newSigner(t, 1)
	message, err := c.SealAck(anAck(), signer)
	if err != nil {
		t.Fatal(err)
	}
	content, _, err := cose.Open(message, cose.ForAck, cose.OneKey(signer.Public()))
	if err != nil || !bytes.Equal(content, unhex(t, goldenAck())) {
		t.Errorf("%x %v\nwant %x", content, err, unhex(t, goldenAck()))
	}
	a, err := c.OpenAck(message, cose.OneKey(signer.Public()))
	if err != nil {
		t.Fatal(err)
	}
	want := anAck()
	if a.Till != want.Till || a.Mark != want.Mark || a.State != want.State || a.At != want.At || *a.Last != *want.Last || !slices.Equal(a.Held, want.Held) {
		t.Errorf("%+v", a)
	}
}

func TestAckWithoutHeldIsAnEmptyList(t *testing.T) {
	c, signer := newCodec(t), newSigner(t, 1)
	message, err := c.SealAck(&Ack{Till: "till-1", Mark: aHead(0), State: AckGap}, signer)
	if err != nil {
		t.Fatal(err)
	}
	content, _, _ := cose.Open(message, cose.ForAck, cose.OneKey(signer.Public()))
	if !bytes.Contains(content, unhex(t, "64 68656c64 80")) {
		t.Errorf("%x", content)
	}
	if a, err := c.OpenAck(message, cose.OneKey(signer.Public())); err != nil || a.Last != nil || a.Held != nil {
		t.Errorf("%+v %v", a, err)
	}
}

func TestOpenAckRefuses(t *testing.T) {
	c, signer := newCodec(t), newSigner(t, 1)
	seal := func(s *cose.Signer, purpose cose.Purpose, content string) []byte {
		message, err := s.Seal(unhex(t, content), purpose)
		if err != nil {
			t.Fatal(err)
		}
		return message
	}
	golden := goldenAck()
	good := seal(signer, cose.ForAck, golden)
	if _, err := c.OpenAck(good, cose.OneKey(signer.Public())); err != nil {
		t.Fatal(err)
	}
	flipped := slices.Clone(good)
	flipped[len(flipped)/2] ^= 1
	change := func(old, with string) []byte { return seal(signer, cose.ForAck, strings.Replace(golden, old, with, 1)) }
	for name, message := range map[string][]byte{
		"empty":           nil,
		"another key":     seal(newSigner(t, 2), cose.ForAck, golden),
		"another purpose": seal(signer, cose.ForRecord, golden),
		"flipped bit":     flipped,
		"state lost":      change("65 7374617465 64 68656c64", "65 7374617465 64 6c6f7374"),
		"short head":      change("64 68656164 5820"+hashHex, "64 68656164 581f"+hashHex[2:]),
		"seq over int64":  change("63 736571 07", "63 736571 1b8000000000000000"),
		"bad till":        change("74696c6c2d31", "74696c6c2f31"),
		"not a map":       seal(signer, cose.ForAck, "80"),
		"too long":        make([]byte, maxAck+1),
	} {
		if a, err := c.OpenAck(message, cose.OneKey(signer.Public())); err == nil {
			t.Errorf("%s: accepted as %+v", name, a)
		}
	}
	short := strings.Replace(strings.Replace(golden, "a9", "a8", 1), "69 6c6173745f68656164 5820"+hashHex, "", 1)
	if _, err := c.OpenAck(seal(signer, cose.ForAck, short), cose.OneKey(signer.Public())); err == nil {
		t.Error("last_seq without last_head was accepted")
	}
}

func FuzzDecodeBatch(f *testing.F) {
	c := newCodec(f)
	f.Add(unhex(f, goldenBatch()))
	f.Add([]byte{0xa0})
	message, err := c.EncodeBatch(&Batch{Till: "till-1", Prev: aHead(3), Count: 3, Signature: []byte{1}, Records: bytes.Repeat([]byte("record"), 100)})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(message)
	f.Fuzz(func(t *testing.T, message []byte) {
		b, err := c.DecodeBatch(message)
		if err != nil {
			return
		}
		again, err := c.EncodeBatch(b)
		if err != nil {
			t.Fatal(err)
		}
		back, err := c.DecodeBatch(again)
		if err != nil || back.Prev != b.Prev || back.Count != b.Count || !bytes.Equal(back.Records, b.Records) {
			t.Errorf("%+v became %+v %v", b, back, err)
		}
	})
}

func FuzzOpenAck(f *testing.F) {
	c, signer := newCodec(f), newSigner(f, 1)
	f.Add(unhex(f, goldenAck()))
	f.Add([]byte{0xa0})
	f.Fuzz(func(t *testing.T, content []byte) {
		message, err := signer.Seal(content, cose.ForAck)
		if err != nil {
			t.Fatal(err)
		}
		a, err := c.OpenAck(message, cose.OneKey(signer.Public()))
		if err == nil && cbor.Wellformed(content) != nil {
			t.Errorf("%x became %+v", content, a)
		}
		if _, err := c.OpenAck(content, cose.OneKey(signer.Public())); err == nil {
			t.Errorf("%x is not signed", content)
		}
	})
}

func BenchmarkBatch(b *testing.B) {
	c := newCodec(b)
	raw := bytes.Repeat([]byte("0123456789abcdefghijklmnopqrstuvwxyz some text of a record, "), 4000)
	batch := &Batch{Till: "till-1", Prev: aHead(3), Count: 500, Signature: []byte{1}, Records: raw}
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		message, err := c.EncodeBatch(batch)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := c.DecodeBatch(message); err != nil {
			b.Fatal(err)
		}
	}
}
