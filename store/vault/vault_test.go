package vault_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/vault"
)

func open(t *testing.T, dir string) *vault.Vault {
	t.Helper()
	v, err := vault.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func put(t *testing.T, v *vault.Vault, payment pos.PaymentID, sealed string) {
	t.Helper()
	if hash, err := v.Put(payment, []byte(sealed)); err != nil || hash != vault.HashOf([]byte(sealed)) {
		t.Fatalf("%x, %v", hash, err)
	}
}

func has(t *testing.T, v *vault.Vault, payment pos.PaymentID, want string) {
	t.Helper()
	if got, err := v.Get(payment); err != nil || string(got) != want {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
}

func TestEntriesAreKeptUntilTheyAreErased(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "vault")
	v := open(t, dir)
	one := pos.NewPaymentID(time.UnixMilli(1000))
	two := pos.NewPaymentID(time.UnixMilli(2000))
	put(t, v, two, "second")
	put(t, v, one, "first")
	put(t, v, one, "first")
	if _, err := v.Put(one, []byte("other")); !errors.Is(err, vault.ErrTaken) {
		t.Errorf("a second swipe of a payment: %v", err)
	}
	v = open(t, dir)
	has(t, v, one, "first")
	has(t, v, two, "second")
	if list, err := v.List(); err != nil || !slices.Equal(list, []pos.PaymentID{one, two}) {
		t.Errorf("%v, %v", list, err)
	}
	for range 2 {
		if err := v.Erase(one); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := v.Get(one); !errors.Is(err, vault.ErrNone) {
		t.Error(err)
	}
	if list, err := open(t, dir).List(); err != nil || !slices.Equal(list, []pos.PaymentID{two}) {
		t.Errorf("%v, %v", list, err)
	}
	for _, file := range []string{dir, filepath.Join(dir, two.String()+".sealed")} {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v", file, info.Mode(), err)
		}
	}
}

// What is erased is overwritten where it lies: who still has the file open finds nothing in it.
func TestErasingOverwrites(t *testing.T) {
	dir := t.TempDir()
	v := open(t, dir)
	payment := pos.NewPaymentID(time.Now())
	put(t, v, payment, "what nobody may find")
	path := filepath.Join(dir, payment.String()+".sealed")
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := v.Erase(payment); err != nil {
		t.Fatal(err)
	}
	left := make([]byte, 200)
	n, _ := f.ReadAt(left, 0)
	if n == 0 || len(bytes.Trim(left[:n], "\x00")) > 0 {
		t.Errorf("%q", left[:n])
	}
}

func TestADamagedEntryIsKeptAndTold(t *testing.T) {
	dir := t.TempDir()
	v := open(t, dir)
	for name, change := range map[string]func([]byte) []byte{
		"torn":    func(b []byte) []byte { return b[:len(b)-3] },
		"empty":   func([]byte) []byte { return nil },
		"flipped": func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
		"foreign": func(b []byte) []byte { b[0] = 'X'; return b },
	} {
		payment := pos.NewPaymentID(time.Now())
		put(t, v, payment, "sealed bytes")
		path := filepath.Join(dir, payment.String()+".sealed")
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, change(raw), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := v.Get(payment); !errors.Is(err, vault.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := v.Put(payment, []byte("another")); !errors.Is(err, vault.ErrTaken) {
			t.Errorf("%s: replaced: %v", name, err)
		}
		if list, err := v.List(); err != nil || !slices.Contains(list, payment) {
			t.Errorf("%s: gone: %v", name, err)
		}
	}
}

func TestACrashLeavesNoPartOfAnEntry(t *testing.T) {
	dir := t.TempDir()
	unfinished := filepath.Join(dir, ".new-123")
	if err := os.WriteFile(unfinished, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, dir)
	if _, err := os.Stat(unfinished); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

func TestWhatCannotBeWrittenIsAnErrorAndLeavesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "vault")
	v := open(t, dir)
	payment := pos.NewPaymentID(time.Now())
	for _, sealed := range [][]byte{nil, make([]byte, vault.MaxEntry+1)} {
		if _, err := v.Put(payment, sealed); err == nil {
			t.Errorf("%d bytes were kept", len(sealed))
		}
	}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Put(payment, []byte("sealed")); err == nil {
		t.Error("kept where there is no folder")
	}
	if err := v.Advance("SIM0000001", ksn(1)); err == nil {
		t.Error("noted where there is no folder")
	}
	if _, err := vault.Open(filepath.Join(os.DevNull, "vault")); err == nil {
		t.Error("opened in what is no folder")
	}
}

func ksn(counter byte) []byte {
	return []byte{0xff, 0xff, 0x98, 0x76, 0x54, 0x32, 0x10, 0xe0, 0, counter}
}

func TestKeySerialNumbersOnlyGoUp(t *testing.T) {
	dir := t.TempDir()
	other := ksn(1)
	other[3] = 0x77 // filled with another key
	high := ksn(0)
	high[7], high[8] = 0xff, 0xf8
	for _, step := range []struct {
		reader string
		ksn    []byte
		ok     bool
	}{
		{"SIM0000001", ksn(5), true}, {"SIM0000001", ksn(5), false}, {"SIM0000001", ksn(4), false}, {"SIM0000001", ksn(6), true},
		{"SIM0000002", ksn(5), true}, {"SIM0000001", other, true}, {"SIM0000001", ksn(6), false}, {"SIM0000001", high, true}, {"SIM0000001", ksn(7), false},
	} {
		err := open(t, dir).Advance(step.reader, step.ksn) // each time as after a restart
		if (err == nil) != step.ok || !step.ok && !errors.Is(err, vault.ErrReplay) {
			t.Errorf("%s %x: %v", step.reader, step.ksn, err)
		}
	}
	if err := open(t, dir).Advance("SIM0000001", nil); err == nil {
		t.Error("a swipe without a key serial number passed")
	}
	if err := os.WriteFile(filepath.Join(dir, "last-ksn.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := open(t, dir).Advance("SIM0000001", ksn(9)); err == nil {
		t.Error("the last numbers are lost and nobody minds")
	}
}

// A stolen disk opens no entry: nothing on the till but the platform's public key has to do with the seal.
func TestAStolenDiskOpensNoEntry(t *testing.T) {
	dir := t.TempDir()
	platform, err := cose.LoadOrCreateSeal(filepath.Join(t.TempDir(), "seal.pem"))
	if err != nil {
		t.Fatal(err)
	}
	thief, err := cose.LoadOrCreateSeal(filepath.Join(dir, "seal.pem"))
	if err != nil {
		t.Fatal(err)
	}
	payment := pos.NewPaymentID(time.Now())
	bound := append([]byte("till-1"), payment[:]...)
	sealed, err := cose.SealTo(platform.Public(), bound, []byte("what the reader has encrypted"))
	if err != nil {
		t.Fatal(err)
	}
	put(t, open(t, dir), payment, string(sealed))
	got, err := open(t, dir).Get(payment)
	if err != nil {
		t.Fatal(err)
	}
	if content, err := thief.Open(got, bound); err == nil {
		t.Errorf("%q", content)
	}
	if content, err := platform.Open(got, bound); err != nil || !bytes.HasPrefix(content, []byte("what")) {
		t.Errorf("%q, %v", content, err)
	}
}
