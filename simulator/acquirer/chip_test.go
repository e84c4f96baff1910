package acquirer_test

import (
	"context"
	"testing"

	"github.com/tillproof/tillproof/drivers/idtech/neo2"
	"github.com/tillproof/tillproof/simulator/acquirer"
	"github.com/tillproof/tillproof/simulator/dukpt"
	proto "github.com/tillproof/tillproof/sync/acquirer"
)

// packed are the values of a public test number in packed digits.
const (
	packedTrack  = "\x41\x11\x11\x11\x11\x11\x11\x11\xd3\x01\x21\x01\x00\x00\x00\x00\x00"
	packedNumber = "\x41\x11\x11\x11\x11\x11\x11\x11"
)

// chip is a card as a reader of chip and contactless cards tells it.
type chip struct {
	attribution   byte
	track, number string
	masked        bool
	change        func(*proto.Swipe)
}

func (c chip) swipe(t *testing.T) proto.Swipe {
	t.Helper()
	ksn := []byte{0xFF, 0xFF, 0x98, 0x76, 0x54, 0x32, 0x10, 0xE0, 0, 2}
	encrypt := dukpt.Encrypt
	if c.attribution&2 != 0 {
		encrypt = dukpt.EncryptAES
	}
	b := neo2.AppendTLV([]byte{c.attribution}, neo2.KSN, ksn)
	for _, o := range []struct {
		tag, masked neo2.Tag
		clear       string
	}{{neo2.Track2, neo2.MaskedTrack2, c.track}, {neo2.PAN, neo2.MaskedPAN, c.number}} {
		if o.clear == "" {
			continue
		}
		secret, err := encrypt(dukpt.TestBaseKey(), ksn, []byte(o.clear))
		if err != nil {
			t.Fatal(err)
		}
		if b = neo2.AppendTLV(b, o.tag, secret); c.masked {
			b = neo2.AppendTLV(b, o.masked, append([]byte{0x41, 0x11, 0x11, 0xCC, 0xCC, 0xCC, 0x11, 0x11}, make([]byte, len(o.clear)-8)...))
		}
	}
	s := proto.Swipe{Format: "idtech-neo2", Opaque: b, Reader: "SIM0000001", KSN: ksn, BIN: "411111", Last4: "1111"}
	if c.change != nil {
		c.change(&s)
	}
	return s
}

// TestAChipCardIsOpened opens values by TDES and AES, each with an initial vector of its own, and compares them with what the reader shows.
func TestAChipCardIsOpened(t *testing.T) {
	for name, c := range map[string]struct {
		card chip
		ok   bool
	}{
		"track and number":     {chip{0xC1, packedTrack, packedNumber, true, nil}, true},
		"AES":                  {chip{0xC3, packedTrack, packedNumber, true, nil}, true},
		"AES, nothing masked":  {chip{0xC3, packedTrack, packedNumber, false, nil}, true},
		"a track only":         {chip{0xC0, packedTrack, "", true, nil}, true},
		"a number only":        {chip{0xC0, "", packedNumber, true, nil}, true},
		"neither":              {chip{0xC0, "", "", true, nil}, false},
		"two cards":            {chip{0xC1, packedTrack, "\x55\x55\x55\x55\x55\x55\x44\x44", true, nil}, false},
		"another than shown":   {chip{0xC1, packedTrack, packedNumber, true, func(s *proto.Swipe) { s.Last4 = "2222" }}, false},
		"the other cipher":     {chip{0xC1, packedTrack, packedNumber, true, func(s *proto.Swipe) { s.Opaque[0] = 0xC3 }}, false},
		"not marked encrypted": {chip{0xC1, packedTrack, packedNumber, true, func(s *proto.Swipe) { s.Opaque[0] = 0x01 }}, false},
		"key not its own":      {chip{0xC1, packedTrack, packedNumber, true, func(s *proto.Swipe) { s.KSN = make([]byte, 10) }}, false},
		"cut":                  {chip{0xC1, packedTrack, packedNumber, true, func(s *proto.Swipe) { s.Opaque = s.Opaque[:30] }}, false},
		"as a stripe":          {chip{0xC1, packedTrack, packedNumber, true, func(s *proto.Swipe) { s.Format = "idtech" }}, false},
	} {
		a := acquirer.New()
		answer, err := a.AuthoriseCard(context.Background(), cardOrder(1), c.card.swipe(t))
		if err != nil || (answer.State == proto.Paid) != c.ok {
			t.Errorf("%s: %+v, %v", name, answer, err)
		}
	}
}
