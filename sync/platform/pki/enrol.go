package pki

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/broker"
	"github.com/tillproof/tillproof/sync/platform/answer"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/wire"
)

// CodeLife is how long a code is good when nothing else is said, MostCodeLife how long it may be.
const (
	CodeLife     = time.Hour
	MostCodeLife = 30 * 24 * time.Hour
)

// NewCode makes a one-time code with which one till of a merchant enrols. Only its hash is kept: the code is known to who is given it here. A till that
// is enrolled already may be enrolled again, such as after the loss of its disk; its former key goes on counting until it is revoked.
func (p *PKI) NewCode(ctx context.Context, merchant pos.MerchantID, till pos.TillID, life time.Duration) (wire.EnrolCode, error) {
	if err := p.mayEnrol(ctx, merchant, till); err != nil {
		return wire.EnrolCode{}, err
	}
	if life <= 0 || life > MostCodeLife {
		return wire.EnrolCode{}, errArgument(fmt.Errorf("a code is good for at most %s", MostCodeLife))
	}
	a, err := p.authority(ctx)
	if err != nil {
		return wire.EnrolCode{}, err
	}
	code, now := wire.NewEnrolCode(a.cert.Raw, p.opts.Root), clock()
	hash := code.Hash()
	return code, p.db.Transact(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO pki_codes (hash, till, merchant, made_at, ends_at, used_at) VALUES (?,?,?,?,?,0)",
			hash[:], string(till), string(merchant), now, now+life.Milliseconds())
		return err
	})
}

// mayEnrol refuses names that no till may have, and a till of another merchant.
func (p *PKI) mayEnrol(ctx context.Context, merchant pos.MerchantID, till pos.TillID) error {
	if _, err := pos.ParseMerchantID(string(merchant)); err != nil {
		return errArgument(err)
	}
	if _, err := pos.ParseTillID(string(till)); err != nil {
		return errArgument(err)
	}
	if strings.HasPrefix(string(till), broker.PlatformPrefix) || string(till) == broker.PlatformUser {
		return errArgument(fmt.Errorf("till id %q is reserved for the platform's connections", till))
	}
	if p.opts.Permit != nil {
		if err := p.opts.Permit(ctx, till, merchant); err != nil {
			return errArgument(err)
		}
	}
	var other string
	err := p.db.Row(ctx, "SELECT merchant FROM pki_tills WHERE till = ? AND merchant <> ?", string(till), string(merchant)).Scan(&other)
	if errors.Is(err, database.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return errArgument(fmt.Errorf("till %s belongs to merchant %s", till, other))
}

// request is a checked request to enrol.
type request struct {
	code   wire.EnrolCode
	tls    *ecdsa.PublicKey
	public cose.PublicKey
	hash   []byte // names both keys: the same till asks again with the same hash
}

// check reads a request and verifies that its sender holds both keys.
func check(r *wire.EnrolRequest) (*request, error) {
	code, err := wire.ParseEnrolCode(r.Code)
	if err != nil {
		return nil, errCodeUnknown.Because(err)
	}
	csr, err := hex.DecodeString(r.CSR)
	if err != nil {
		return nil, errRequest(err)
	}
	tls, err := checkCSR(csr)
	if err != nil {
		return nil, errRequest(err)
	}
	public, err := cose.ParsePublicKey(r.PublicKey)
	if err != nil {
		return nil, errRequest(err)
	}
	signature, err := hex.DecodeString(r.Signature)
	if err != nil {
		return nil, errRequest(err)
	}
	if _, err := cose.Verify(signature, code.Proof(csr), cose.ForEnrol, cose.OneKey(public)); err != nil {
		return nil, errRequest(err)
	}
	tlsHash, err := hashOf(tls)
	if err != nil {
		return nil, errRequest(err)
	}
	sum := sha256.Sum256(append(tlsHash, public...))
	return &request{code, tls, public, sum[:]}, nil
}

// Enrol gives a till what its code is good for. The same till that asks again with the same keys gets the same certificate again, since the first answer may
// have been lost; a till with other keys is refused, whichever of two comes first.
func (p *PKI) Enrol(ctx context.Context, r *wire.EnrolRequest) (*wire.EnrolAnswer, error) {
	q, err := check(r)
	if err != nil {
		return nil, err
	}
	if err := p.look(ctx, q.code); err != nil {
		return nil, err
	}
	a, err := p.authority(ctx)
	if err != nil {
		return nil, err
	}
	if !q.code.Names(a.cert.Raw, p.opts.Root) {
		return nil, errCodeUnknown
	}
	var till pos.TillID
	var merchant pos.MerchantID
	var der []byte
	err = p.change(ctx, func(tx *database.Tx) (err error) {
		till, merchant, der, err = q.redeem(ctx, tx, a)
		return err
	})
	if err != nil {
		return nil, err
	}
	if p.opts.Register != nil {
		if err := p.opts.Register(ctx, till, merchant, q.public); err != nil {
			return nil, err
		}
	}
	return p.answer(ctx, a, till, merchant, der)
}

// look refuses a code that was never made by reading alone: strangers must not be able to keep the database's writer busy.
func (p *PKI) look(ctx context.Context, code wire.EnrolCode) error {
	hash, n := code.Hash(), int64(0)
	err := p.db.Row(ctx, "SELECT count(*) FROM pki_codes WHERE hash = ?", hash[:]).Scan(&n)
	if err == nil && n == 0 {
		err = errCodeUnknown
	}
	return err
}

// redeem uses the code up, or finds what was given for it to the same till.
func (q *request) redeem(ctx context.Context, tx *database.Tx, a *authority) (till pos.TillID, merchant pos.MerchantID, der []byte, err error) {
	hash := q.code.Hash()
	var ends, used int64
	var by []byte
	var serial *string
	err = tx.Row(ctx, "SELECT till, merchant, ends_at, used_at, request, certificate FROM pki_codes WHERE hash = ?"+tx.ForUpdate(), hash[:]).
		Scan(&till, &merchant, &ends, &used, &by, &serial)
	switch {
	case errors.Is(err, database.ErrNoRows):
		return till, merchant, nil, errCodeUnknown
	case err != nil:
		return till, merchant, nil, err
	case used > 0 && (!bytes.Equal(by, q.hash) || serial == nil):
		return till, merchant, nil, errCodeUsed
	case used > 0:
		err = tx.Row(ctx, "SELECT der FROM pki_certificates WHERE serial = ? AND revoked_at = 0", *serial).Scan(&der)
		if errors.Is(err, database.ErrNoRows) {
			err = errCodeUsed
		}
		return till, merchant, der, err
	case clock() > ends:
		return till, merchant, nil, errCodeExpired
	}
	c, err := a.sign(CertTill, string(till), nil, q.tls)
	if err != nil {
		return till, merchant, nil, err
	}
	if err := keep(ctx, tx, CertTill, c); err != nil {
		return till, merchant, nil, err
	}
	now := clock()
	if _, err := tx.Exec(ctx, "UPDATE pki_codes SET used_at = ?, request = ?, certificate = ? WHERE hash = ?", now, q.hash, c.SerialNumber.String(), hash[:]); err != nil {
		return till, merchant, nil, err
	}
	_, err = tx.Exec(ctx, "INSERT INTO pki_tills (till, public, merchant, added_at) VALUES (?,?,?,?) ON CONFLICT DO NOTHING",
		string(till), []byte(q.public), string(merchant), now)
	return till, merchant, c.Raw, err
}

// answer tells a till all that it needs.
func (p *PKI) answer(ctx context.Context, a *authority, till pos.TillID, merchant pos.MerchantID, der []byte) (*wire.EnrolAnswer, error) {
	keys, _, err := p.KeyList(ctx)
	if err != nil {
		return nil, err
	}
	return &wire.EnrolAnswer{Till: string(till), Merchant: string(merchant), Broker: p.opts.Broker, Cert: string(a.bundle(der)),
		CA: string(certPEM(a.cert.Raw)), RootKey: hex.EncodeToString(p.opts.Root), Keys: hex.EncodeToString(keys), At: answer.Stamp(clock())}, nil
}

// Greet is what anybody may know of the platform. One that has made no code and no certificate yet has nothing to tell.
func (p *PKI) Greet(ctx context.Context) (*wire.EnrolGreeting, error) {
	if there, err := p.founded(ctx); err != nil || !there {
		return nil, errors.Join(err, errUnknown("authority yet"))
	}
	a, err := p.authority(ctx)
	if err != nil {
		return nil, err
	}
	return &wire.EnrolGreeting{CA: string(certPEM(a.cert.Raw)), RootKey: hex.EncodeToString(p.opts.Root), At: answer.Stamp(clock())}, nil
}

// TillKey is a key that a till was enrolled with.
type TillKey struct {
	Till     pos.TillID
	Merchant pos.MerchantID
	Public   cose.PublicKey
}

// TillKeys lists all keys that tills were enrolled with, also those that were revoked since: what they have signed before still counts.
func (p *PKI) TillKeys(ctx context.Context) ([]TillKey, error) {
	return database.All(ctx, p.db, func(row database.Scanner) (k TillKey, err error) {
		return k, row.Scan(&k.Till, &k.Merchant, (*[]byte)(&k.Public))
	}, "SELECT till, merchant, public FROM pki_tills ORDER BY till, added_at")
}
