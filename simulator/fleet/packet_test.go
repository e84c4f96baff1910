package fleet

import (
	"bytes"
	"encoding/hex"
	"testing"
)

// The bytes are put together by hand from the standard.
func TestPackets(t *testing.T) {
	for name, c := range map[string]struct {
		got  []byte
		want string
	}{
		// CONNECT: protocol MQTT 4, flags user name and clean session, keep-alive 60, client id and user name; SUBSCRIBE: id 1, topic, QoS 1
		"hello":        {hello("ab", "x/y"), "10" + "12" + "00044d515454" + "04" + "82" + "003c" + "00026162" + "00026162" + "82" + "08" + "0001" + "0003782f79" + "01"},
		"publish head": {publishHead("x", 7, 300), "32" + "b102" + "000178" + "0007"},
		"puback":       {puback(0x1234), "40021234"},
	} {
		if hex.EncodeToString(c.got) != c.want {
			t.Errorf("%s: %x, want %s", name, c.got, c.want)
		}
	}
}

func TestPacketsAreCutWhereTheyEnd(t *testing.T) {
	long := append(publishHead("tp", 9, 200), bytes.Repeat([]byte{5}, 200)...)
	stream := append(append([]byte{connackPacket, 2, 0, 0, subackPacket, 3, 0, 1, 1}, long...), puback(3)...)
	for cut := range len(stream) {
		for rest := stream[:cut]; ; {
			p, behind, need, err := cutPacket(rest)
			if err != nil {
				t.Fatal(err)
			}
			if need > 0 {
				if need <= len(rest) {
					t.Fatalf("%d bytes are there, %d are wanted", len(rest), need)
				}
				break
			}
			if rest = behind; p.head == publishQoS1 {
				if id, payload, err := p.publication(); id != 9 || len(payload) != 200 || err != nil {
					t.Fatalf("%d %d %v", id, len(payload), err)
				}
			}
		}
	}
	if err := (packet{connackPacket, []byte{0, 5}}).refused(); err == nil {
		t.Error("a refusal was not noticed")
	}
}

func FuzzPackets(f *testing.F) {
	f.Add(hello("ab", "x/y"))
	f.Add([]byte{publishPacket, 3, 0, 9, 1})
	f.Add([]byte{0x30, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, stream []byte) {
		for rest := stream; len(rest) > 0; {
			p, behind, need, err := cutPacket(rest)
			if err != nil || need > 0 {
				if err == nil && need <= len(rest) {
					t.Fatalf("%d of %d", need, len(rest))
				}
				return
			}
			_, _, _ = p.publication()
			_ = p.refused()
			rest = behind
		}
	})
}
