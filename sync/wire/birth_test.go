package wire

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"strings"
	"testing"
)

func aBirth() *Birth {
	ms := int64(-250)
	b := &Birth{Till: "till-1", Online: true, At: 1_790_000_000_123, ConnectedAt: 1_790_000_000_000, Seq: 42, Versions: Versions{Software: "v1", Policy: 3, Keys: 2, Config: 7},
		Devices: []BirthDevice{{"counter", "ready"}, {"scanner", "absent"}}, OffsetMS: &ms}
	copy(b.Epoch[:], bytes.Repeat([]byte{0xee}, 16))
	return b
}

// TestBirthBytes keeps the bytes that receivers in other languages read.
func TestBirthBytes(t *testing.T) {
	c := newCodec(t)
	message, err := c.EncodeBirth(aBirth())
	if err != nil {
		t.Fatal(err)
	}
	want := "a9" + "626174" + "1b000001a0c4506c7b" + "63736571" + "182a" + "6474696c6c" + "6674696c6c2d31" +
		"65636c6f636b" + "a1" + "696f66667365745f6d73" + "38f9" + "6565706f6368" + "50" + epochHex + "666f6e6c696e65" + "f5" +
		"6764657669636573" + "82" + "a2" + "646e616d65" + "67636f756e746572" + "657374617465" + "657265616479" +
		"a2" + "646e616d65" + "677363616e6e6572" + "657374617465" + "66616273656e74" +
		"6876657273696f6e73" + "a4" + "646b657973" + "02" + "66636f6e666967" + "07" + "66706f6c696379" + "03" + "68736f667477617265" + "627631" +
		"6c636f6e6e65637465645f6174" + "1b000001a0c4506c00"
	if got := hex.EncodeToString(message); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	back, err := c.DecodeBirth(message)
	if err != nil || !reflect.DeepEqual(back, aBirth()) {
		t.Errorf("%+v, %v", back, err)
	}
}

func TestBirthsThatAreTooLargeAreCut(t *testing.T) {
	c, b := newCodec(t), aBirth()
	b.Versions.Software = strings.Repeat("é", 200)
	b.Devices = nil
	for range 100 {
		b.Devices = append(b.Devices, BirthDevice{strings.Repeat("x", 300), "ready"})
	}
	message, err := c.EncodeBirth(b)
	if err != nil || len(message) > MaxBirth {
		t.Fatalf("%d bytes, %v", len(message), err)
	}
	if back, err := c.DecodeBirth(message); err != nil || len(back.Versions.Software) != 128 {
		t.Errorf("%+v, %v", back, err)
	}
}

func FuzzDecodeBirth(f *testing.F) {
	c := newCodec(f)
	message, err := c.EncodeBirth(aBirth())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(message)
	f.Add([]byte{0xa0})
	f.Add(bytes.Replace(message, []byte("till-1"), []byte("TILL-1"), 1))
	f.Fuzz(func(t *testing.T, message []byte) {
		b, err := c.DecodeBirth(message)
		if err != nil {
			return
		}
		again, err := c.EncodeBirth(b)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := c.DecodeBirth(again); err != nil || len(back.Devices) > len(b.Devices) || back.Till != b.Till || back.Seq != b.Seq {
			t.Errorf("%+v, %v", back, err)
		}
	})
}
