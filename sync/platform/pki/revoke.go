package pki

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/platform/database"
)

// Last is the last record of a till that counts. Records of earlier epochs count too: epochs come in the order of their ids. The zero value is before all
// records.
type Last struct {
	Epoch pos.Epoch
	Seq   pos.Seq
}

// Covers says whether a record counts.
func (l Last) Covers(epoch pos.Epoch, seq pos.Seq) bool {
	for i := range epoch {
		if epoch[i] != l.Epoch[i] {
			return epoch[i] < l.Epoch[i]
		}
	}
	return seq <= l.Seq
}

// Revocation takes trust from a key of a till: what it signs after Last is refused, whatever came before is taken as ever.
type Revocation struct {
	Kid    cose.KeyID
	Till   pos.TillID
	Last   Last
	Heirs  bool // keys that its records name as the till's next ones are revoked with it: the till as a whole is not trusted any more
	Reason string
	At     int64 // milliseconds since 1970-01-01 UTC
}

// Revoke takes trust from keys of a till. A key that was revoked before keeps the earlier of both ends: trust that was taken never comes back.
func (p *PKI) Revoke(ctx context.Context, list ...Revocation) error {
	if len(list) == 0 {
		return errArgument(errors.New("no key of that till is known"))
	}
	return p.change(ctx, func(tx *database.Tx) error {
		for i := range list {
			list[i].At = clock()
			if err := revokeKey(ctx, tx, list[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func revokeKey(ctx context.Context, tx *database.Tx, r Revocation) error {
	before, found, err := database.One(tx.Row(ctx, "SELECT kid, till, epoch, seq, heirs, reason, at FROM pki_revoked WHERE kid = ?", r.Kid[:]), scanRevocation)
	if err != nil {
		return err
	}
	if found && r.Last.Covers(before.Last.Epoch, before.Last.Seq) {
		r.Last = before.Last
	}
	heirs := 0
	if r.Heirs || found && before.Heirs {
		heirs = 1
	}
	_, err = tx.Exec(ctx, `INSERT INTO pki_revoked (kid, till, epoch, seq, heirs, reason, at) VALUES (?,?,?,?,?,?,?)
		ON CONFLICT (kid) DO UPDATE SET epoch = excluded.epoch, seq = excluded.seq, heirs = excluded.heirs, reason = excluded.reason, at = excluded.at`,
		r.Kid[:], string(r.Till), r.Last.Epoch[:], int64(r.Last.Seq), heirs, r.Reason, r.At)
	return err
}

func scanRevocation(row database.Scanner) (r Revocation, err error) {
	var kid, epoch []byte
	var seq, heirs int64
	if err := row.Scan(&kid, &r.Till, &epoch, &seq, &heirs, &r.Reason, &r.At); err != nil {
		return r, err
	}
	if len(kid) != len(r.Kid) || len(epoch) != len(r.Last.Epoch) {
		return r, errors.New("a revocation in the database is damaged")
	}
	r.Kid, r.Last, r.Heirs = cose.KeyID(kid), Last{pos.Epoch(epoch), pos.Seq(seq)}, heirs == 1
	return r, nil
}

// Revocations lists the keys of tills that were revoked.
func (p *PKI) Revocations(ctx context.Context) ([]Revocation, error) {
	return database.All(ctx, p.db, scanRevocation, "SELECT kid, till, epoch, seq, heirs, reason, at FROM pki_revoked ORDER BY at, till")
}

// RevokeCertificates revokes all certificates of a name, or the one with a serial number, and writes the list of revoked ones. It returns how many. A broker
// that reads the list cuts their connections off.
func (p *PKI) RevokeCertificates(ctx context.Context, nameOrSerial, reason string) (n int64, err error) {
	err = p.change(ctx, func(tx *database.Tx) (err error) {
		n, err = tx.Exec(ctx, "UPDATE pki_certificates SET revoked_at = ?, reason = ? WHERE (name = ? OR serial = ?) AND revoked_at = 0",
			clock(), reason, nameOrSerial, nameOrSerial)
		return err
	})
	if err != nil || n == 0 {
		return n, err
	}
	return n, p.WriteCRL(ctx)
}

// The life of a list of revoked certificates: brokers such as Mosquitto let nobody in on a list that has ended, so it is written anew long before.
const (
	crlLife  = 30 * 24 * time.Hour
	CRLEvery = 24 * time.Hour // how often a platform writes it anew
)

// RefreshCRL writes the list anew where there is one, or something to put on it. A platform that never needed an authority makes none for it.
func (p *PKI) RefreshCRL(ctx context.Context) error {
	if there, err := p.founded(ctx); err != nil || !there {
		return err
	}
	return p.WriteCRL(ctx)
}

// WriteCRL writes the list of revoked certificates (RFC 5280 §5), for everybody to read. Without an authority yet there is nothing to write.
func (p *PKI) WriteCRL(ctx context.Context) error {
	a, err := p.authority(ctx)
	if err != nil {
		return err
	}
	revoked, err := database.All(ctx, p.db, func(row database.Scanner) (e x509.RevocationListEntry, err error) {
		var number string
		var at int64
		if err := row.Scan(&number, &at); err != nil {
			return e, err
		}
		serial, ok := new(big.Int).SetString(number, 10)
		if !ok {
			return e, errors.New("a certificate in the database is damaged")
		}
		return x509.RevocationListEntry{SerialNumber: serial, RevocationTime: time.UnixMilli(at)}, nil
	}, "SELECT serial, revoked_at FROM pki_certificates WHERE revoked_at > 0 AND ends_at > ? ORDER BY serial", clock())
	if err != nil {
		return err
	}
	now := time.Now()
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{RevokedCertificateEntries: revoked, Number: big.NewInt(now.UnixMilli()),
		ThisUpdate: now.Add(-slowClock), NextUpdate: now.Add(crlLife)}, a.cert, a.key)
	if err != nil {
		return err
	}
	return writePublic(p.opts.CRL, pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der}))
}
