package code

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// Errors of a consumer-presented code. They are all that is told of a damaged one.
var (
	errBase64        = errors.New("the code is damaged: it is not base64 with padding")
	errFormat        = errors.New("the code is not a consumer-presented one: it does not begin with its format indicator")
	errNoApplication = errors.New("the code names no card application")
	errCommon        = errors.New("the code is damaged: its common data comes twice")
)

// Tags of a consumer-presented code (EMVCo QR Code Specification for Payment Systems: Consumer-Presented Mode v1.1).
const (
	tagFormat      = 0x85
	tagApplication = 0x61
	tagCommon      = 0x62
	tagAID         = 0x4F
	tagLabel       = 0x50
	tagTrack2      = 0x57
	tagPAN         = 0x5A
	tagLast4       = 0x9F25
)

// CPM is what may be known of a consumer-presented code. Card number and track stay inside the code, which is forwarded whole.
type CPM struct {
	Scheme       Scheme // EMVCPM or JPQR
	Format       string // the format indicator, such as "CPV01"
	Applications []Application
}

// Application is one card in the customer's wallet, in the order that the customer prefers.
type Application struct {
	AID   string // 5 to 16 bytes, as lower-case hex
	Label string // printable ASCII, digits that could be a card number masked; empty when there is none
	Last4 string // last four digits for the receipt, empty when the code does not tell them
}

// String tells format and number of applications.
func (c CPM) String() string {
	return fmt.Sprintf("%s code with %d applications", c.Format, len(c.Applications))
}

// ParseCPM reads a consumer-presented code: base64 of BER-TLV. Anything that is cut off, overlong, wrongly padded or followed by more
// bytes is one error, which shows nothing of the code. Applications without a proper AID are left out; at least one must be left.
// Unknown data objects are allowed.
func ParseCPM(text string) (CPM, error) {
	raw := unbase64(Trim(text))
	if len(raw) == 0 {
		return CPM{}, errBase64
	}
	objects, err := parseTLV(raw)
	if err != nil {
		return CPM{}, err
	}
	c := CPM{Format: string(objects[0].value)}
	if c.Scheme = schemeOf(c.Format); objects[0].tag != tagFormat || c.Scheme == "" {
		return CPM{}, errFormat
	}
	if err := c.read(objects[1:]); err != nil {
		return CPM{}, err
	}
	return c, nil
}

// schemeOf reads the format indicator.
func schemeOf(format string) Scheme {
	switch {
	case format == "CPV01":
		return EMVCPM
	case len(format) == 5 && strings.HasPrefix(format, "JPQR") && format[4] >= '0' && format[4] <= 'Z':
		return JPQR
	}
	return ""
}

// read collects the applications; the common data serves those that do not tell the last digits themselves.
func (c *CPM) read(objects []object) error {
	var common []object
	var templates [][]object
	hasCommon := false
	for _, o := range objects {
		if o.tag != tagApplication && o.tag != tagCommon {
			continue
		}
		inner, err := parseTLV(o.value)
		switch {
		case err != nil:
			return err
		case o.tag == tagApplication:
			templates = append(templates, inner)
		case hasCommon:
			return errCommon
		default:
			common, hasCommon = inner, true
		}
	}
	for _, t := range templates {
		if a, ok := application(t, common); ok {
			c.Applications = append(c.Applications, a)
		}
	}
	if len(c.Applications) == 0 {
		return errNoApplication
	}
	return nil
}

// application reads one template, and fails for one without an AID of 5 to 16 bytes.
func application(own, common []object) (Application, bool) {
	aid := find(own, tagAID)
	if len(aid) < 5 || len(aid) > 16 {
		return Application{}, false
	}
	a := Application{AID: hex.EncodeToString(aid), Label: label(find(own, tagLabel)), Last4: last4(own)}
	if a.Last4 == "" {
		a.Last4 = last4(common)
	}
	return a, true
}

// find returns the first value of a tag.
func find(objects []object, tag uint32) []byte {
	for _, o := range objects {
		if o.tag == tag {
			return o.value
		}
	}
	return nil
}

// Choose returns the first application of which the shop supports the AID, given as hex. An application may name only the begin of
// a supported one (partial selection, EMV 4.3 Book 1 §12.4). Without a match nothing is to be charged.
func (c CPM) Choose(supported []string) (Application, bool) {
	for _, a := range c.Applications {
		for _, s := range supported {
			if strings.HasPrefix(strings.ToLower(s), a.AID) {
				return a, true
			}
		}
	}
	return Application{}, false
}
