package platform

import (
	"errors"
	"time"

	"github.com/tillproof/tillproof/sync/reconcile"
)

// LateConfig says how late is late when a reconciliation looks at times. What is 0 is as usual (see [reconcile.UsualLimits]).
type LateConfig struct {
	DeliveryS     int `yaml:"delivery_s"`     // between a record and its custody
	UnknownS      int `yaml:"unknown_s"`      // until somebody must have found out what became of a payment
	ForwardS      int `yaml:"forward_s"`      // until an offline approval must be collected
	StatementDays int `yaml:"statement_days"` // between a payment and its line in a statement
}

func (l LateConfig) check() (at string, err error) {
	if min(l.DeliveryS, l.UnknownS, l.ForwardS, l.StatementDays) < 0 {
		return "$.late", errors.New("late: a time below zero")
	}
	return "", nil
}

// limits are the times in force, the moment of the comparison left open.
func (l LateConfig) limits() reconcile.Limits {
	usual := reconcile.UsualLimits(time.Time{})
	for _, x := range []struct {
		s  int
		in *time.Duration
	}{{l.DeliveryS, &usual.Delivery}, {l.UnknownS, &usual.Unknown}, {l.ForwardS, &usual.Forward}} {
		if x.s > 0 {
			*x.in = time.Duration(x.s) * time.Second
		}
	}
	if l.StatementDays > 0 {
		usual.Statement = l.StatementDays
	}
	return usual
}

// inForce is the configuration with the usual times filled in.
func (l LateConfig) inForce() LateConfig {
	u := l.limits()
	return LateConfig{int(u.Delivery / time.Second), int(u.Unknown / time.Second), int(u.Forward / time.Second), u.Statement}
}
