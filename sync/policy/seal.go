package policy

import (
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
)

// maxMessage bounds a signed policy, in bytes: it has to fit into a record of the journal, also beside the other state of a till that is carried on when
// old records go.
const maxMessage = 12 << 10

// Seal encodes a policy and signs it with the platform's key (COSE_Sign1, purpose "tillproof/policy/1").
func Seal(d *Document, signer *cose.Signer) ([]byte, error) {
	if err := d.Check(); err != nil {
		return nil, err
	}
	enc, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		return nil, err
	}
	content, err := enc.Marshal(d)
	if err != nil {
		return nil, err
	}
	message, err := signer.Seal(content, cose.ForPolicy)
	if err == nil && len(message) > maxMessage {
		err = fmt.Errorf("a policy of %d bytes is over the limit of %d", len(message), maxMessage)
	}
	return message, err
}

// Open verifies the platform's signature and reads the policy. After an error nothing of it is to be believed.
func Open(message []byte, platform cose.Keys) (*Document, error) {
	if len(message) > maxMessage {
		return nil, fmt.Errorf("a policy of %d bytes is over the limit of %d", len(message), maxMessage)
	}
	content, _, err := cose.Open(message, cose.ForPolicy, platform)
	if err != nil {
		return nil, err
	}
	dec, err := cbor.DecOptions{DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden}.DecMode()
	if err != nil {
		return nil, err
	}
	d := &Document{}
	if err := dec.Unmarshal(content, d); err != nil {
		return nil, err
	}
	if d.Till == "" || d.Epoch == (pos.Epoch{}) {
		return nil, errors.New("the policy names no till or no epoch")
	}
	return d, d.Check()
}
