package office

import (
	"context"
	"net/http"
	"slices"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/platform/answer"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/registry"
)

// configured is what a till is sent and what it has said of it. What it has said is signed: it stands in its journal.
type configured struct {
	Till           pos.TillID `json:"till"`
	PolicyVersion  uint64     `json:"policy_version,omitempty" doc:"Of the offline policy that it is sent"`
	Version        uint64     `json:"version,omitempty" doc:"Of the configuration that it is sent"`
	Acknowledged   uint64     `json:"acknowledged_version,omitempty" doc:"Of the configuration that its journal says is in force"`
	AcknowledgedAt string     `json:"acknowledged_at,omitempty" doc:"When the platform got that record, by its clock"`
}

func (f *Office) configuration(w http.ResponseWriter, r *http.Request) {
	c := configured{Till: pos.TillID(r.PathValue("id"))}
	err := f.sent(r.Context(), &c)
	if err == nil {
		err = f.acknowledged(r.Context(), &c)
	}
	if err != nil {
		f.refuse(w, err)
		return
	}
	answer.JSON(w, http.StatusOK, c)
}

// sent looks up what the registry has for the till.
func (f *Office) sent(ctx context.Context, c *configured) error {
	if _, found, err := f.Registry.Till(ctx, c.Till); err != nil || !found {
		return orNotFound(err)
	}
	policies, err := f.Registry.Policies(ctx)
	if err != nil {
		return err
	}
	settings, err := f.Registry.Configurations(ctx)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(policies, func(p registry.Policy) bool { return p.Till == c.Till }); i >= 0 {
		c.PolicyVersion = policies[i].Document.Version
	}
	if i := slices.IndexFunc(settings, func(s registry.Configuration) bool { return s.Till == c.Till }); i >= 0 {
		c.Version = settings[i].Document.Version
	}
	return nil
}

// acknowledged reads the till's last record of the kind config. Epochs come in their order.
func (f *Office) acknowledged(ctx context.Context, c *configured) error {
	row, found, err := database.One(f.DB.Row(ctx, recordColumns+"WHERE r.kind = 3 AND m.till = ? ORDER BY m.epoch DESC, r.id DESC LIMIT 1", string(c.Till)), scanStored)
	if err != nil || !found {
		return err
	}
	rec, _, err := f.records.Decode(row.raw)
	if err != nil {
		return err
	}
	body, err := f.records.Body(&rec)
	if config, ok := body.(*record.Config); ok {
		c.Acknowledged, c.AcknowledgedAt = config.Version, answer.Stamp(row.received)
	}
	return err
}
