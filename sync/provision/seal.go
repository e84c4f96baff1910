package provision

import (
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"github.com/tillproof/tillproof/store/cose"
)

// maxMessage bounds a signed configuration, in bytes.
const maxMessage = 64 << 10

// Seal encodes a configuration and signs it with the platform's key (COSE_Sign1, purpose "tillproof/config/1").
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
	message, err := signer.Seal(content, cose.ForConfig)
	if err == nil && len(message) > maxMessage {
		err = fmt.Errorf("a configuration of %d bytes is over the limit of %d", len(message), maxMessage)
	}
	return message, err
}

// Open verifies the platform's signature and reads the configuration. After an error nothing of it is to be believed.
func Open(message []byte, platform cose.Keys) (*Document, error) {
	if len(message) > maxMessage {
		return nil, fmt.Errorf("a configuration of %d bytes is over the limit of %d", len(message), maxMessage)
	}
	content, _, err := cose.Open(message, cose.ForConfig, platform)
	if err != nil {
		return nil, err
	}
	dec, err := cbor.DecOptions{DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden,
		FieldNameMatching: cbor.FieldNameMatchingCaseSensitive}.DecMode()
	if err != nil {
		return nil, err
	}
	d := &Document{}
	if err := dec.Unmarshal(content, d); err != nil {
		return nil, err
	}
	if d.Till == "" {
		return nil, errors.New("the configuration names no till")
	}
	return d, d.Check()
}
