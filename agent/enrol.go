package agent

import (
	"context"
	"crypto/ecdsa"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/goccy/go-yaml"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/mqtt"
	"github.com/tillproof/tillproof/sync/wire"
)

// The files that an enrolment writes beside till.yaml, in a folder of their own.
const (
	tlsFolder = "tls"
	caFile    = "ca.pem"
	certFile  = "till.pem"
	keyFile   = "till-key.pem"
)

// Enrolled is what an enrolment has made of a till.
type Enrolled struct {
	Till     pos.TillID     `json:"till"`
	Merchant pos.MerchantID `json:"merchant"`
	Broker   string         `json:"broker"`
	RootKey  string         `json:"root_key"`
	Config   string         `json:"config"`
	Kid      string         `json:"kid"` // of the key that signs the till's records
	EndsAt   string         `json:"ends_at"`
}

// enrolment is one under way.
type enrolment struct {
	code     wire.EnrolCode
	platform *url.URL
	path     string // of till.yaml
	before   draft  // what stands in it
	signer   *cose.Signer
	tls      *ecdsa.PrivateKey
	codec    *wire.Codec
}

// draft is what of a till.yaml counts before the till is enrolled.
type draft struct {
	Till     pos.TillID     `yaml:"till"`
	Merchant pos.MerchantID `yaml:"merchant"`
	Data     string         `yaml:"data"`
}

// Enrol makes a till known to the platform by a one-time code: it makes the till's keys where they are missing, proves them, and writes what the platform
// answers beside till.yaml and into it. It may be repeated with the same code when an answer was lost. Every error is a *pos.Error; records and money are
// as they were.
func Enrol(ctx context.Context, path, code, platform string) (*Enrolled, error) {
	e := &enrolment{path: path}
	var err error
	if e.code, err = wire.ParseEnrolCode(code); err != nil {
		return nil, errEnrol("enrol_code_unknown", "This is no code of a platform.", "Compare it with the one that was printed.", err)
	}
	if e.platform, err = platformURL(platform); err != nil {
		return nil, errEnrol("enrol_address_invalid", "The platform's address cannot be used.", "Write https://host:port, as the platform's people say.", err)
	}
	if e.codec, err = wire.NewCodec(); err != nil {
		return nil, err
	}
	if e.before, err = readDraft(path); err != nil {
		return nil, err
	}
	greeting, authority, err := e.greet(ctx)
	if err != nil {
		return nil, err
	}
	if err := e.openKeys(); err != nil {
		return nil, err
	}
	answer, err := e.ask(ctx, authority)
	if err != nil {
		return nil, err
	}
	return e.settle(greeting, authority, answer)
}

// platformURL accepts plain HTTP on this machine only: a code that somebody reads on the way is used before the till can.
func platformURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, err
	case u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.RawQuery != "":
		return nil, fmt.Errorf("%q is not https://host:port", text)
	case u.Scheme == "http" && !mqtt.Loopback(u.Hostname()):
		return nil, errors.New("plain http:// is for this machine only")
	}
	return u.JoinPath("/v1/enrol"), nil
}

// readDraft reads who the till is, if till.yaml says so already.
func readDraft(path string) (d draft, err error) {
	d.Data = defaults().Data
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return d, nil
	}
	if err == nil {
		err = yaml.Unmarshal(text, &d)
	}
	if err != nil {
		return d, errConfig(path, err)
	}
	return d, nil
}

// openKeys makes both keys durable before anybody hears of them, so that the same keys ask again when an answer is lost.
func (e *enrolment) openKeys() (err error) {
	data := PathsIn(beside(e.path, e.before.Data))
	if e.signer, err = cose.LoadOrCreate(data.Key); err != nil {
		return errDisk(data.Key, err)
	}
	if err := os.MkdirAll(e.folder(), 0o700); err != nil {
		return errDisk(e.folder(), err)
	}
	if e.tls, err = loadOrCreateTLSKey(filepath.Join(e.folder(), keyFile)); err != nil {
		return errDisk(filepath.Join(e.folder(), keyFile), err)
	}
	return nil
}

func (e *enrolment) folder() string { return beside(e.path, tlsFolder) }

// settle checks what the platform has answered and writes it down, till.yaml last: until then the till goes on as it was.
func (e *enrolment) settle(greeting *wire.EnrolGreeting, authority []byte, a *wire.EnrolAnswer) (*Enrolled, error) {
	if e.before.Till != "" && string(e.before.Till) != a.Till || e.before.Merchant != "" && string(e.before.Merchant) != a.Merchant {
		return nil, errEnrol("enrol_other_till", fmt.Sprintf("The code is for till %s of merchant %s; %s names till %s of merchant %s.",
			a.Till, a.Merchant, e.path, e.before.Till, e.before.Merchant),
			"Correct the file and repeat the command with the same code, or have a code made for that till.", nil)
	}
	leaf, err := leafOf([]byte(a.Cert), e.tls, a.Till)
	if err == nil {
		err = issuedBy(leaf, authority)
	}
	if err == nil && (a.RootKey != greeting.RootKey || a.CA != greeting.CA) {
		err = errors.New("the platform named another root or authority than before")
	}
	if err == nil {
		err = mqtt.CheckBroker(a.Broker)
	}
	if err != nil {
		return nil, errEnrol("enrol_answer_invalid", "The platform's answer cannot be used; nothing was changed.", "Tell the platform's people.", err)
	}
	if err := e.write(a); err != nil {
		return nil, err
	}
	return &Enrolled{Till: pos.TillID(a.Till), Merchant: pos.MerchantID(a.Merchant), Broker: a.Broker, RootKey: a.RootKey, Config: e.path,
		Kid: e.signer.ID().String(), EndsAt: leaf.NotAfter.UTC().Format("2006-01-02T15:04:05.000Z07:00")}, nil
}

func (e *enrolment) write(a *wire.EnrolAnswer) error {
	for name, text := range map[string]string{caFile: a.CA, certFile: a.Cert} {
		if err := cose.WriteFile(filepath.Join(e.folder(), name), []byte(text)); err != nil {
			return errDisk(filepath.Join(e.folder(), name), err)
		}
	}
	if err := e.writeKeyList(a); err != nil {
		return err
	}
	text, err := enrolledConfig(e.path, a)
	if err == nil {
		err = cose.WriteFile(e.path, text)
	}
	if err != nil {
		return errDisk(e.path, err)
	}
	return nil
}

// writeKeyList keeps the platform's list of keys, so that the till never goes by an older one. What is not newer than the one on disk is left out.
func (e *enrolment) writeKeyList(a *wire.EnrolAnswer) error {
	message, err := hex.DecodeString(a.Keys)
	if err != nil || len(message) == 0 {
		return nil // a platform whose root has named no keys yet
	}
	root, err := cose.ParsePublicKey(a.RootKey)
	if err != nil {
		return errEnrol("enrol_answer_invalid", "The platform's root key cannot be read; nothing was changed.", "Tell the platform's people.", err)
	}
	folder := filepath.Dir(PathsIn(beside(e.path, e.before.Data)).Key)
	ring, err := openKeyring(folder, root, e.codec, silent())
	if err != nil {
		return errDisk(folder, err)
	}
	if list, err := e.codec.OpenKeys(message, cose.OneKey(root)); err != nil || list.Version <= ring.version() {
		return nil // the till takes a newer one from the broker, and no other
	}
	if err := ring.take(message); err != nil {
		return errDisk(folder, err)
	}
	return nil
}

// errEnrol is an enrolment that changed nothing.
func errEnrol(code pos.ErrorCode, text, next string, err error) *pos.Error {
	return pos.NewError(code, pos.Permanent, pos.NoneMoved, text, next).Because(err)
}
