package golden_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/platform"
	"github.com/tillproof/tillproof/sync/wire"
)

// receiver is what a receiver in another language would be: it knows the index and the files.
type receiver struct {
	index   index
	tills   map[pos.TillID]cose.PublicKey
	files   map[string]*batchCase
	content map[string][]byte
}

func readIndex(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{tills: map[pos.TillID]cose.PublicKey{}, files: map[string]*batchCase{}, content: map[string][]byte{}}
	if err := json.Unmarshal(must2(os.ReadFile("index.json"))(t), &r.index); err != nil {
		t.Fatal(err)
	}
	for _, till := range r.index.Tills {
		r.tills[till.Till] = must2(cose.ParsePublicKey(till.PublicKey))(t)
	}
	for _, c := range r.index.Cases {
		r.files[c.File] = c
		r.content[c.File] = must2(os.ReadFile(c.File))(t)
	}
	return r
}

// Our own platform gives the answers that the index expects of every receiver.
func TestOurPlatformAnswersAsExpected(t *testing.T) {
	r := readIndex(t)
	for _, c := range r.index.Cases {
		t.Run(c.Name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "ledger.db")
			custody := must2(platform.OpenCustody(t.Context(), path))(t)
			defer custody.Close()
			tills := must2(platform.NewTills(r.tills))(t)
			for _, file := range c.Before {
				if _, why := give(t, tills, custody, r.files[file].Topic, r.content[file]); why != "" {
					t.Fatalf("%s is %s", file, why)
				}
			}
			for range 2 { // the same batch, the same answer
				got, why := give(t, tills, custody, c.Topic, r.content[c.File])
				got.Refused, got.Records = why, countRecords(t, path)
				if c.Expect.Held == nil {
					got.Held = nil
				}
				if !reflect.DeepEqual(got, c.Expect) {
					t.Fatalf("got  %s\nwant %s", asJSON(got), asJSON(c.Expect))
				}
			}
		})
	}
}

func asJSON(v any) string { text, _ := json.Marshal(v); return string(text) }

// give brings one message, and says what the answer is or why there is none.
func give(t *testing.T, tills *platform.Tills, custody *platform.Custody, topic pos.TillID, message []byte) (e expect, refused string) {
	t.Helper()
	d, err := tills.Verify(topic, message)
	switch {
	case errors.Is(err, platform.ErrForged):
		return e, "forged"
	case errors.Is(err, platform.ErrBroken):
		return e, "broken"
	case err != nil:
		t.Fatal(err)
	}
	ack := must2(custody.Take(t.Context(), d))(t)[0]
	return answer(ack.State, ack.Mark, ack.Last, 0, ack.Held...), ""
}

func countRecords(t *testing.T, path string) (n int) {
	t.Helper()
	l := must2(platform.OpenLedger(path))(t)
	defer l.Close()
	for _, err := range l.Records(t.Context()) {
		if n++; err != nil {
			t.Fatal(err)
		}
	}
	return n
}

func TestOurTillBelievesTheRightAcknowledgements(t *testing.T) {
	r := readIndex(t)
	codec := must2(wire.NewCodec())(t)
	key := cose.PublicKey(must2(hex.DecodeString(r.index.Platform))(t))
	for _, a := range r.index.Acks {
		ack, err := codec.OpenAck(must2(os.ReadFile(a.File))(t), cose.OneKey(key))
		if valid := err == nil && ack.Till == "till-1"; valid != a.Valid {
			t.Errorf("%s: %+v, %v", a.Name, ack, err)
		}
	}
}
