package wire

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"

	"github.com/tillproof/tillproof/store/cose"
)

// EnrolCode is a one-time code: whoever has it may enrol one till, once. Its second half names the platform, so that it is told to no other one.
type EnrolCode struct {
	secret string // 80 random bits in Crockford's base 32
	pin    string // 100 bits of what [EnrolPin] computes
}

// The lengths of the two halves, in characters.
const (
	secretLength = 16
	pinLength    = 20
)

// base32Alphabet is Douglas Crockford's: no letters that are taken for digits.
const base32Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

func encode32(b []byte) string {
	return base32.NewEncoding(base32Alphabet).WithPadding(base32.NoPadding).EncodeToString(b)
}

// NewEnrolCode makes a code for the platform of an authority (its certificate, DER) and a root key.
func NewEnrolCode(authority []byte, root cose.PublicKey) EnrolCode {
	secret := make([]byte, secretLength*5/8)
	_, _ = rand.Read(secret) // it never fails
	return EnrolCode{encode32(secret), EnrolPin(authority, root)}
}

// EnrolPin is the half of a code that names a platform: the beginning of SHA-256 over its authority's certificate (DER) and its root key.
func EnrolPin(authority []byte, root cose.PublicKey) string {
	h := sha256.New()
	h.Write(authority)
	h.Write(root)
	return encode32(h.Sum(nil))[:pinLength]
}

// ParseEnrolCode reads a code as a person types it: blanks, hyphens and case do not count, O is 0, I and L are 1.
func ParseEnrolCode(text string) (EnrolCode, error) {
	clean := strings.NewReplacer("-", "", " ", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(text))
	if len(clean) != secretLength+pinLength {
		return EnrolCode{}, fmt.Errorf("a code has %d characters, this one %d", secretLength+pinLength, len(clean))
	}
	if strings.Trim(clean, base32Alphabet) != "" {
		return EnrolCode{}, errors.New("a character that no code has")
	}
	return EnrolCode{clean[:secretLength], clean[secretLength:]}, nil
}

// String is the code in groups of four.
func (c EnrolCode) String() string {
	text := c.secret + c.pin
	var groups []string
	for ; len(text) > 0; text = text[4:] {
		groups = append(groups, text[:4])
	}
	return strings.Join(groups, "-")
}

// Hash is what the platform keeps of a code.
func (c EnrolCode) Hash() [32]byte { return sha256.Sum256([]byte("tillproof/enrol/1 " + c.secret)) }

// Names says whether the code is for the platform of an authority and a root key.
func (c EnrolCode) Names(authority []byte, root cose.PublicKey) bool {
	return c.pin == EnrolPin(authority, root)
}

// Proof is what a till signs with the key of its records (detached, purpose "tillproof/enrol/1"): the code and its certificate request (DER).
func (c EnrolCode) Proof(csr []byte) []byte { return append([]byte(c.secret+c.pin+"\x00"), csr...) }

// EnrolGreeting is what anybody may know of a platform: GET /v1/enrol. A till compares it with its code before it says anything.
type EnrolGreeting struct {
	CA      string `json:"ca"`       // PEM
	RootKey string `json:"root_key"` // lower-case hex
	At      string `json:"at"`       // the platform's clock
}

// EnrolRequest is what a till asks for: POST /v1/enrol.
type EnrolRequest struct {
	Code      string `json:"code"`
	CSR       string `json:"csr"`        // PKCS #10 (RFC 2986), DER in hex; its names do not count
	PublicKey string `json:"public_key"` // that signs the till's records, hex
	Signature string `json:"signature"`  // by it over [EnrolCode.Proof], COSE_Sign1 in hex
}

// EnrolAnswer makes a till of the one who asked.
type EnrolAnswer struct {
	Till     string `json:"till"`
	Merchant string `json:"merchant"`
	Broker   string `json:"broker"`
	Cert     string `json:"cert"` // PEM
	CA       string `json:"ca"`   // PEM
	RootKey  string `json:"root_key"`
	Keys     string `json:"keys,omitempty"` // the message of down/keys, hex
	At       string `json:"at"`
}
