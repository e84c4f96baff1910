package outbox_test

import (
	"crypto/ed25519"
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/outbox/outboxtest"
	"github.com/tillproof/tillproof/sync/wire"
)

func keys(m *model) cose.Keys { return cose.OneKey(m.signer.Public()) }

// foreignAcks would free the journal's records if anybody believed them.
func foreignAcks(t testing.TB, m *model, j *outboxtest.Journal) [][]byte {
	head := j.Head()
	seal := func(signer *cose.Signer, till pos.TillID, mark record.Head, state wire.AckState) []byte {
		message, err := m.codec.SealAck(&wire.Ack{Till: till, Mark: mark, State: state, Last: &mark}, signer)
		if err != nil {
			t.Fatal(err)
		}
		return message
	}
	stranger, err := cose.NewSigner(ed25519.NewKeyFromSeed(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := record.Head{Epoch: pos.Epoch{9}, Seq: 1, Hash: head.Hash}
	return [][]byte{
		[]byte("nothing"),
		seal(stranger, j.Till, head, wire.AckOK),
		seal(m.signer, "till-2", head, wire.AckOK),
		seal(m.signer, j.Till, elsewhere, wire.AckOK),
		seal(m.signer, j.Till, elsewhere, wire.AckGap),
	}
}
