package dukpt

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// firstKSN is the key serial number of the standard's examples before the first swipe.
const firstKSN = "FFFF9876543210E00000"

// The vectors of ANSI X9.24-1 annex A and, for the data key, a run of OpenSSL.
func TestKeys(t *testing.T) {
	initial, err := InitialKey(TestBaseKey(), unhex(t, firstKSN))
	if err != nil || !strings.EqualFold(hex.EncodeToString(initial), "6AC292FAA1315B4D858AB3A3D7D5933A") {
		t.Errorf("initial key %x, %v", initial, err)
	}
	for _, c := range []struct {
		ksn  string
		use  Use
		want string
	}{
		{"FFFF9876543210E00001", 0, "042666B49184CFA368DE9628D0397BC9"},
		{"FFFF9876543210E00001", PIN, "042666B49184CF5C68DE9628D0397B36"},
		{"FFFF9876543210E00001", MAC, "042666B4918430A368DE9628D03984C9"},
		{"FFFF9876543210E00001", Data, "448D3F076D8304036A55A3D7E0055A78"},
		{"FFFF9876543210E00002", Data, "F1BE73B36135C5C26CF937D50ABBE5AF"},
	} {
		if got, err := Key(TestBaseKey(), unhex(t, c.ksn), c.use); err != nil || !strings.EqualFold(hex.EncodeToString(got), c.want) {
			t.Errorf("%s for %x: %x, %v", c.ksn, c.use, got, err)
		}
	}
}

func TestTrack(t *testing.T) {
	track, ksn := []byte(";4111111111111111=30121010000000000?<"), unhex(t, "FFFF9876543210E00001")
	encrypted, err := Encrypt(TestBaseKey(), ksn, track)
	const want = "4BA6C791EB7DC3EFBFDF8F6924F4572796CE359AE95FFEE014746B2227017F8F141D43165369FDBB"
	if err != nil || !strings.EqualFold(hex.EncodeToString(encrypted), want) {
		t.Fatalf("%x, %v", encrypted, err)
	}
	opened, err := Decrypt(TestBaseKey(), ksn, encrypted)
	if err != nil || string(opened) != string(track)+"\x00\x00\x00" {
		t.Errorf("%q, %v", opened, err)
	}
	if opened, err := DecryptFor(TestBaseKey(), ksn, encrypted, PIN); err != nil || string(opened[:len(track)]) == string(track) {
		t.Errorf("the key of another use opens it: %v", err)
	}
}

// By AES the same key makes another ciphertext, with zeros up to its larger block.
func TestTrackByAES(t *testing.T) {
	track, ksn := []byte(";4111111111111111=30121010000000000?<"), unhex(t, "FFFF9876543210E00001")
	encrypted, err := EncryptAES(TestBaseKey(), ksn, track)
	const want = "ff9b3885b8382092717d4cbececa330cd712233ed761da4ed21571513fff01277248487042af69741250786d015f8d36" // of OpenSSL
	if err != nil || hex.EncodeToString(encrypted) != want {
		t.Fatalf("%x, %v", encrypted, err)
	}
	if opened, err := DecryptAES(TestBaseKey(), ksn, encrypted); err != nil || string(opened[:len(track)]) != string(track) {
		t.Errorf("%q, %v", opened, err)
	}
	if _, err := DecryptAES(TestBaseKey(), ksn, encrypted[:8]); err == nil {
		t.Error("half a block was opened")
	}
}

func TestNext(t *testing.T) {
	for ksn, want := range map[string]string{
		firstKSN:               "ffff9876543210e00001",
		"FFFF9876543210E003FF": "ffff9876543210e00400",
		"FFFF9876543210E007FE": "ffff9876543210e00800", // 7ff has eleven ones
		"FFFF9876543210EFFC00": "ffff9876543210f00000",
	} {
		if got, err := Next(unhex(t, ksn)); err != nil || hex.EncodeToString(got) != want {
			t.Errorf("after %s: %x, %v", ksn, got, err)
		}
	}
	if _, err := Next(unhex(t, "FFFF9876543210FFF800")); !errors.Is(err, ErrUsedUp) {
		t.Errorf("after the last key: %v", err)
	}
}

// A reader has 1,048,575 keys, and each is at most ten steps from the first.
func TestEveryCounter(t *testing.T) {
	ksn, keys := unhex(t, firstKSN), 0
	for {
		var err error
		if ksn, err = Next(ksn); err != nil {
			break
		}
		keys++
	}
	if keys != 1_048_575 {
		t.Errorf("%d keys", keys)
	}
}

func TestWhatIsNoKey(t *testing.T) {
	ksn := unhex(t, firstKSN)
	for name, try := range map[string]func() error{
		"short base key":    func() error { _, err := Encrypt([]byte{1}, ksn, nil); return err },
		"short KSN":         func() error { _, err := Decrypt(TestBaseKey(), ksn[:9], nil); return err },
		"no whole block":    func() error { _, err := Decrypt(TestBaseKey(), ksn, make([]byte, 7)); return err },
		"counter of no KSN": func() error { _, err := Next(nil); return err },
	} {
		if try() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
