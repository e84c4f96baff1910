package courier

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/store/cose"
)

func aKey(t testing.TB, seed byte) *OpenKey {
	t.Helper()
	signer, err := cose.NewSigner(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	key, err := NewOpenKey(signer)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// message is the n-th of a test.
func message(n int) []byte { return bytes.Repeat(fmt.Appendf(nil, "message %d ", n), 10*n+1) }

// aFile holds so many letters.
func aFile(t testing.TB, kind Kind, seal *SealKey, letters int) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := NewWriter(&out, kind, seal, time.UnixMilli(1_700_000_000_000))
	if err != nil {
		t.Fatal(err)
	}
	for n := range letters {
		if err := w.Add("till-1", message(n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.End(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// readAll returns how many letters come out whole, and why the reading ended.
func readAll(t testing.TB, file []byte, key *OpenKey) (n int, err error) {
	t.Helper()
	r, err := NewReader(bytes.NewReader(file), key)
	if err != nil {
		return 0, err
	}
	for ; ; n++ {
		l, err := r.Next()
		if err != nil {
			return n, err
		}
		if l.Till != "till-1" || !bytes.Equal(l.Message, message(n)) {
			t.Fatalf("letter %d is %+v", n, l)
		}
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	key := aKey(t, 1)
	for name, seal := range map[string]*SealKey{"sealed": key.Public(), "plain": nil} {
		for _, letters := range []int{0, 1, 7} {
			file := aFile(t, Records, seal, letters)
			if n, err := readAll(t, file, key); n != letters || !errors.Is(err, io.EOF) {
				t.Errorf("%s: %d of %d letters, %v", name, n, letters, err)
			}
			if shows := bytes.Contains(file, []byte("message")); letters > 0 && shows != (seal == nil) {
				t.Errorf("%s: shows its letters: %v", name, shows)
			}
		}
	}
	r, err := NewReader(bytes.NewReader(aFile(t, Acks, nil, 1)), nil)
	if err != nil || r.Kind() != Acks || r.Sealed() || r.At().UnixMilli() != 1_700_000_000_000 {
		t.Errorf("%v", err)
	}
}

func TestTwoSealedFilesOfTheSameLettersDiffer(t *testing.T) {
	key := aKey(t, 1).Public()
	if bytes.Equal(aFile(t, Records, key, 1), aFile(t, Records, key, 1)) {
		t.Error("they are the same")
	}
}

func TestOnlyTheRightKeyOpens(t *testing.T) {
	file := aFile(t, Records, aKey(t, 1).Public(), 2)
	for name, key := range map[string]*OpenKey{"another key": aKey(t, 2), "no key": nil} {
		if _, err := readAll(t, file, key); !errors.Is(err, ErrSealed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Every byte that is lost or changed is found, and everything before its chunk is read.
func TestDamageIsNamed(t *testing.T) {
	key := aKey(t, 1)
	for name, seal := range map[string]*SealKey{"sealed": key.Public(), "plain": nil} {
		file := aFile(t, Records, seal, 3)
		starts := chunkStarts(t, file, key)
		for at := range file {
			n, err := readAll(t, file[:at], key)
			var damage *Damage
			if whole := before(starts, at); at < starts[1] && n > 0 || at >= starts[1] && (!errors.As(err, &damage) || !damage.Cut || n != whole || damage.Chunk != uint64(whole+1)) {
				t.Fatalf("%s: cut at %d: %d letters, %v", name, at, n, err)
			}
			flipped := bytes.Clone(file)
			flipped[at] ^= 1 << (at % 8)
			n, err = readAll(t, flipped, key)
			if err == nil || errors.Is(err, io.EOF) || at >= starts[1] && (!errors.As(err, &damage) || n != before(starts, at)) {
				t.Fatalf("%s: flipped at %d: %d letters, %v", name, at, n, err)
			}
		}
	}
}

// chunkStarts are the offsets of the chunks.
func chunkStarts(t *testing.T, file []byte, key *OpenKey) []int {
	t.Helper()
	r, err := NewReader(bytes.NewReader(file), key)
	if err != nil {
		t.Fatal(err)
	}
	starts := []int{len(magic), int(r.offset)}
	for {
		if _, err := r.Next(); errors.Is(err, io.EOF) {
			return starts
		}
		starts = append(starts, int(r.offset))
	}
}

// before counts the letters that end before a byte.
func before(starts []int, at int) (n int) {
	for _, end := range starts[2:] {
		if end <= at {
			n++
		}
	}
	return n
}

// Chunks that are moved, left out or taken from another file are found, also where the check sums fit.
func TestSealedChunksStayInTheirPlace(t *testing.T) {
	key := aKey(t, 1)
	file, other := aFile(t, Records, key.Public(), 3), aFile(t, Records, key.Public(), 3)
	s := chunkStarts(t, file, key)
	part := func(f []byte, n int) []byte {
		if n == len(s)-1 {
			return f[s[n]:]
		}
		return f[s[n]:s[n+1]]
	}
	head := file[:s[1]]
	join := func(parts ...[]byte) []byte { return bytes.Join(append([][]byte{head}, parts...), nil) }
	for name, c := range map[string]struct {
		file  []byte
		whole int
	}{
		"exchanged":         {join(part(file, 2), part(file, 1), part(file, 3), part(file, 4)), 0},
		"one left out":      {join(part(file, 1), part(file, 3), part(file, 4)), 1},
		"one twice":         {join(part(file, 1), part(file, 1), part(file, 2)), 1},
		"of another file":   {join(part(file, 1), part(other, 2), part(file, 3)), 1},
		"the end too early": {join(part(file, 1), part(file, 4)), 1},
	} {
		n, err := readAll(t, c.file, key)
		var damage *Damage
		if n != c.whole || !errors.As(err, &damage) || damage.Chunk != uint64(c.whole+1) {
			t.Errorf("%s: %d letters, %v", name, n, err)
		}
	}
	plain := aFile(t, Records, nil, 3)
	s = chunkStarts(t, plain, nil)
	if n, err := readAll(t, bytes.Join([][]byte{plain[:s[3]], plain[s[4]:]}, nil), nil); n != 2 || errors.Is(err, io.EOF) {
		t.Errorf("a plain file without its last letter: %d, %v", n, err)
	}
}

func TestSealKeyAsText(t *testing.T) {
	key := aKey(t, 1).Public()
	back, err := ParseSealKey("\n" + key.String() + " \n")
	if err != nil || back.ID() != key.ID() {
		t.Fatal(err)
	}
	for _, text := range []string{"", strings.TrimPrefix(key.String(), keyPrefix), key.String()[:40], key.String() + "00"} {
		if _, err := ParseSealKey(text); err == nil {
			t.Errorf("%q was taken for a key", text)
		}
	}
}

// The CDDL names exactly the keys of the structs.
func TestCDDLIsInStep(t *testing.T) {
	text, err := os.ReadFile("courier.cddl")
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]any{"header": header{}, "letter": letterMap{}} {
		_, rest, _ := strings.Cut(string(text), "\n"+name+" = {")
		body, _, _ := strings.Cut(rest, "\n}")
		var want, got []string
		for f := range reflect.TypeOf(v).Fields() {
			key, optional, _ := strings.Cut(f.Tag.Get("cbor"), ",")
			want = append(want, fmt.Sprint(key, " ", optional != ""))
		}
		for _, m := range regexp.MustCompile(`(?m)^\s*(\? )?"(\w+)" =>`).FindAllStringSubmatch(body, -1) {
			got = append(got, fmt.Sprint(m[2], " ", m[1] != ""))
		}
		if strings.Join(want, ",") != strings.Join(got, ",") {
			t.Errorf("%s: the code has %v, the CDDL %v", name, want, got)
		}
	}
}

func FuzzReader(f *testing.F) {
	key := aKey(f, 1)
	f.Add(aFile(f, Records, nil, 2))
	f.Add(aFile(f, Acks, nil, 0))
	f.Add(aFile(f, Records, key.Public(), 1))
	f.Add([]byte(magic))
	f.Add(append([]byte(magic), 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0))
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := NewReader(bytes.NewReader(file), key)
		if err != nil {
			return
		}
		for range len(file) + 2 {
			l, err := r.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				var damage *Damage
				if !errors.As(err, &damage) || damage.Offset > int64(len(file)) || damage.Chunk == 0 {
					t.Fatalf("%v", err)
				}
				return
			}
			if l.Till == "" || len(l.Message) == 0 || len(l.Message) > len(file) {
				t.Fatalf("%+v", l)
			}
		}
		t.Fatal("more letters than bytes")
	})
}
