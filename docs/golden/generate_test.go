// Package golden_test makes the golden batches, and runs our own platform through them.
package golden_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/outbox/outboxtest"
	"github.com/tillproof/tillproof/sync/wire"
)

// index is index.json.
type index struct {
	About    string       `json:"about"`
	Platform string       `json:"platform_public_key"`
	Tills    []goldenTill `json:"tills"`
	Cases    []*batchCase `json:"cases"`
	Acks     []ackCase    `json:"acks"`
}

// goldenTill is a till that the receiver knows.
type goldenTill struct {
	Till      pos.TillID `json:"till"`
	PublicKey string     `json:"public_key"`
}

// batchCase is one message of up/records and what a receiver must answer.
type batchCase struct {
	Name   string     `json:"name"`
	Says   string     `json:"says"`
	Before []string   `json:"before"` // files that an empty receiver has been given before, in this order
	Topic  pos.TillID `json:"topic_till"`
	File   string     `json:"file"`
	Bytes  int        `json:"bytes"`
	SHA256 string     `json:"sha256"`
	Expect expect     `json:"expect"`

	message []byte
}

// expect is an answer. Without a state there is none, and Refused says why.
type expect struct {
	State    wire.AckState `json:"state,omitempty"`
	Refused  string        `json:"refused,omitempty"` // forged or broken
	Epoch    string        `json:"epoch,omitempty"`
	Seq      *pos.Seq      `json:"seq,omitempty"`
	Head     string        `json:"head,omitempty"`
	Held     []pos.Seq     `json:"held,omitempty"`
	LastSeq  pos.Seq       `json:"last_seq,omitempty"`
	LastHead string        `json:"last_head,omitempty"`
	Records  int           `json:"records"` // in the ledger afterwards, those of losing branches left out
}

// ackCase is one message of down/ack and what a till must make of it.
type ackCase struct {
	Name   string `json:"name"`
	Says   string `json:"says"`
	File   string `json:"file"`
	SHA256 string `json:"sha256"`
	Valid  bool   `json:"valid"` // signed by the platform, for till-1, and whole

	message []byte
}

// maker collects cases.
type maker struct {
	t     testing.TB
	codec *wire.Codec
	index index
}

func must[T any](t testing.TB, v T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// span makes the batch of the records first..last of an epoch.
func span(t testing.TB, j *outboxtest.Journal, epoch pos.Epoch, first, last int) *wire.Batch {
	t.Helper()
	head := record.Genesis(j.Till, epoch)
	if first > 1 {
		head = headAt(t, j, epoch, pos.Seq(first-1))
	}
	c, err := j.Next(t.Context(), head, last-first+1, 1<<30)
	if err != nil || c.Last.Seq != pos.Seq(last) {
		t.Fatalf("no commit ends at %d: %v", last, err)
	}
	return &wire.Batch{Till: j.Till, Prev: c.Prev, Count: c.Count(), Signature: c.Signature, Records: c.Records}
}

func headAt(t testing.TB, j *outboxtest.Journal, epoch pos.Epoch, seq pos.Seq) record.Head {
	t.Helper()
	for _, r := range j.Records() {
		if r.Epoch == epoch && r.Seq == seq {
			return r.Head()
		}
	}
	t.Fatalf("no record %d", seq)
	return record.Head{}
}

// answer is an expectation of a state with the mark at a head, and the batch's last record at another one.
func answer(state wire.AckState, mark record.Head, last *record.Head, records int, held ...pos.Seq) expect {
	e := expect{State: state, Epoch: mark.Epoch.String(), Seq: &mark.Seq, Head: mark.Hash.String(), Held: held, Records: records}
	if last != nil {
		e.LastSeq, e.LastHead = last.Seq, last.Hash.String()
	}
	return e
}

// taken is the usual answer: the mark stands at the batch's last record, and so many records are in the ledger.
func taken(mark record.Head, records int, held ...pos.Seq) expect {
	state := wire.AckOK
	if len(held) > 0 {
		state = wire.AckHeld
	}
	return answer(state, mark, &mark, records, held...)
}

func refused(why string, records int) expect { return expect{Refused: why, Records: records} }

func (m *maker) encode(b *wire.Batch) []byte {
	m.t.Helper()
	return must2(m.codec.EncodeBatch(b))(m.t)
}

func must2[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T { t.Helper(); return must(t, v, err) }
}

// add adds a case. Its message lies in NAME.cbor.
func (m *maker) add(name, says string, before []string, topic pos.TillID, message []byte, e expect) string {
	file := name + ".cbor"
	sum := sha256.Sum256(message)
	if before == nil {
		before = []string{}
	}
	m.index.Cases = append(m.index.Cases, &batchCase{Name: name, Says: says, Before: before, Topic: topic, File: file, Bytes: len(message),
		SHA256: hex.EncodeToString(sum[:]), Expect: e, message: message})
	return file
}

func (m *maker) addAck(name, says string, message []byte, valid bool) {
	sum := sha256.Sum256(message)
	m.index.Acks = append(m.index.Acks, ackCase{Name: name, Says: says, File: name + ".cbor", SHA256: hex.EncodeToString(sum[:]), Valid: valid, message: message})
}

// make makes everything.
func makeGolden(t testing.TB) *index {
	codec := must2(wire.NewCodec())(t)
	m := &maker{t: t, codec: codec, index: index{
		About: "Golden batches of the Tillproof sync protocol, version 1. README.md says how to use them. All keys and payments are made up.",
	}}
	platform := outboxtest.New("platform-key").Signer
	m.index.Platform = hex.EncodeToString(platform.Public())
	for _, till := range []pos.TillID{"till-1", "till-2"} {
		m.index.Tills = append(m.index.Tills, goldenTill{till, hex.EncodeToString(outboxtest.New(till).Signer.Public())})
	}
	m.good()
	m.branches()
	m.keys()
	m.holes()
	m.held()
	m.forged()
	m.broken()
	m.acks(platform)
	return &m.index
}

// TestTheFilesAreWhatTheCodeMakes fails when a byte of a golden file would change. GOLDEN_UPDATE=1 writes them anew: then the protocol, or the
// compressor, has changed, and receivers in other languages want to know.
func TestTheFilesAreWhatTheCodeMakes(t *testing.T) {
	made := makeGolden(t)
	files := map[string][]byte{}
	for _, c := range made.Cases {
		files[c.File] = c.message
	}
	for _, a := range made.Acks {
		files[a.File] = a.message
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetIndent("", " ")
	if err := enc.Encode(made); err != nil {
		t.Fatal(err)
	}
	files["index.json"] = text.Bytes()
	for name, content := range files {
		if os.Getenv("GOLDEN_UPDATE") != "" {
			if err := os.WriteFile(name, content, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if old, err := os.ReadFile(name); err != nil || !bytes.Equal(old, content) {
			t.Errorf("%s is not what the code makes (%v)", name, err)
		}
	}
	there := must2(filepath.Glob("*.cbor"))(t)
	if len(there) != len(files)-1 {
		t.Errorf("%d files lie here, %d are made", len(there), len(files)-1)
	}
	names := map[string]bool{}
	for _, c := range made.Cases {
		if names[c.Name] || c.Says == "" || (c.Expect.State == "") == (c.Expect.Refused == "") {
			t.Errorf("%+v", c)
		}
		names[c.Name] = true
		for _, b := range c.Before {
			if !slices.ContainsFunc(made.Cases, func(c *batchCase) bool { return c.File == b }) {
				t.Error(fmt.Errorf("%s rests on %s, which is not there", c.Name, b))
			}
		}
	}
}

// signed makes a detached signature.
func signed(t testing.TB, s *cose.Signer, raw []byte, purpose cose.Purpose) []byte {
	return must2(s.Detached(raw, purpose))(t)
}
