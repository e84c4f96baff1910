package platform

import (
	"context"

	"github.com/tillproof/tillproof/sync/wire"
)

// keysCall answers with the list of the platform's keys and, where the till asks for one, a new certificate.
func (d *desk) keysCall(ctx context.Context, a asker, call *wire.Call) error {
	message, _, err := d.pki.KeyList(ctx)
	if err != nil {
		return err
	}
	r := wire.Reply{Stage: wire.Final, Keys: message}
	if len(call.CSR) > 0 {
		if r.Certs, err = d.pki.Renew(ctx, call.Till, call.CSR); err != nil {
			d.opts.Log.Warn("a till was given no new certificate", "till", call.Till, "error", err)
		}
	}
	d.sent(a, d.send(ctx, a, r))
	return nil
}
