package neo2

import "errors"

// Kinds of card, the attribution's bits 4, 3 and 0.
const (
	Contact        byte = 0b00000
	ContactlessEMV byte = 0b00001
	ContactlessMSD byte = 0b10001 // a contactless card that speaks as a stripe does
	Stripe         byte = 0b01000 // with or without bit 0
)

// Bits of the attribution.
const (
	kindBits      = 0b11001
	stripeBits    = 0b11000
	aesBit        = 1 << 1
	reservedMode  = 1 << 2
	EncryptedBits = 0b11000000 // one for stripes, one for EMV; the papers do not agree which is which
)

// Block sizes in bytes, to which a value is filled with zeros.
const (
	tdesBlock = 8
	aesBlock  = 16
)

// Result is what a reader tells of a card. Its slices belong to the input, and are nil where an object is absent.
type Result struct {
	Attribution  byte
	KSN          []byte // key serial number
	Track2, PAN  []byte // encrypted, unless [Result.Clear] says otherwise
	MaskedTrack2 []byte // as bytes of two digits each, or as text
	MaskedPAN    []byte
	Expiry       []byte // YYMMDD in clear
	StripeBlock  []byte // what was read of a stripe, in the older readers' format

	others [2][]byte // tracks of the magnetic stripe mode: 1, 2
}

// The faults of a result.
var (
	ErrAttribution = errors.New("an attribution that is reserved")
	ErrTwice       = errors.New("a data object stands there twice")
)

// ParseResult reads the data of a reply to [Activate] or [Poll]: the attribution, then data objects.
func ParseResult(data []byte) (Result, error) {
	if len(data) == 0 {
		return Result{}, ErrTLV
	}
	r := Result{Attribution: data[0]}
	if !r.known() {
		return Result{}, ErrAttribution
	}
	objects, err := ParseTLVs(data[1:])
	if err != nil {
		return Result{}, err
	}
	for _, o := range objects {
		field := r.field(o.Tag)
		switch {
		case field == nil:
		case *field != nil:
			return Result{}, ErrTwice
		default:
			*field = o.Value
		}
	}
	return r, nil
}

// field is where an object belongs, nil for one that nobody needs: the name among them.
func (r *Result) field(tag Tag) *[]byte {
	switch tag {
	case KSN:
		return &r.KSN
	case Track2:
		return &r.Track2
	case PAN:
		return &r.PAN
	case MaskedTrack2:
		return &r.MaskedTrack2
	case MaskedPAN:
		return &r.MaskedPAN
	case Expiry:
		return &r.Expiry
	case StripeBlock:
		return &r.StripeBlock
	case Track1:
		return &r.others[0]
	case StripeTrack2:
		return &r.others[1]
	}
	return nil
}

func (r *Result) known() bool {
	kind := r.Attribution & kindBits
	return r.Attribution&reservedMode == 0 && (kind == Contact || kind == ContactlessEMV || kind == ContactlessMSD || r.IsStripe())
}

// IsStripe says whether a magnetic stripe was read.
func (r *Result) IsStripe() bool { return r.Attribution&stripeBits == Stripe }

// Entry is how the card was read, as in a payment: chip, contactless or stripe.
func (r *Result) Entry() string {
	switch {
	case r.IsStripe():
		return "stripe"
	case r.Attribution&1 != 0:
		return "contactless"
	}
	return "chip"
}

// AES says whether values are encrypted by AES, TDES else.
func (r *Result) AES() bool { return r.Attribution&aesBit != 0 }

// Block is the size in bytes that encrypted values are a multiple of.
func (r *Result) Block() int {
	if r.AES() {
		return aesBlock
	}
	return tdesBlock
}

// Marked says whether the reader says of itself that it encrypts cards of some kind.
func (r *Result) Marked() bool { return r.Attribution&EncryptedBits != 0 }

// Opaque is what whoever holds the key needs of a result: the attribution, the key serial number, what is encrypted, and what is masked. Nothing else of
// the card is in it. It is a new result for [ParseResult].
func (r *Result) Opaque() []byte {
	b := []byte{r.Attribution}
	for _, o := range []TLV{{KSN, r.KSN}, {Track2, r.Track2}, {PAN, r.PAN}, {MaskedTrack2, r.MaskedTrack2}, {MaskedPAN, r.MaskedPAN}} {
		if o.Value != nil {
			b = AppendTLV(b, o.Tag, o.Value)
		}
	}
	return b
}
