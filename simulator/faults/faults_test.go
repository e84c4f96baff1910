//go:build linux

package faults

import "testing"

// fault is something that goes wrong between a journal and the ledger.
type fault struct {
	name string
	run  func(s *site)
	own  bool                               // in a network of its own
	only func(embedded, postgres bool) bool // nil for every broker and database
}

// faults are the cases; each is run over both brokers and both databases.
func faults() []fault {
	return []fault{
		{name: "lossy", run: lossy, own: true}, // what waits longest comes first
		{name: "half-open", run: halfOpen},
		{name: "nothing", run: nothing},
		{name: "resets", run: resets},
		{name: "killed", run: killed},
		{name: "restarts", run: restarts},
		{name: "liar", run: lied, only: onlyEmbedded},
		{name: "mixed", run: mixed},
		{name: "restored", run: restored},
		{name: "twins", run: twins},
		{name: "database", run: brokenDatabase},
		{name: "replicas", run: replicas, only: onlyPostgres},
		{name: "fight", run: fight, only: func(embedded, postgres bool) bool { return embedded && postgres }},
		{name: "forged", run: forged},
		{name: "revoked", run: revoked},
		{name: "poisoned", run: poisoned},
		{name: "live", run: live, only: func(embedded, postgres bool) bool { return embedded != postgres }},
		{name: "tampered", run: tampered, only: onlyEmbedded},
	}
}

func onlyPostgres(_, postgres bool) bool { return postgres }

// onlyEmbedded is for what has nothing to do with the broker.
func onlyEmbedded(embedded, _ bool) bool { return embedded }

// TestFaults: whatever goes wrong on the way, in the end the ledger holds exactly what the journals hold.
func TestFaults(t *testing.T) {
	g := newGround(t)
	for _, f := range faults() {
		for _, embedded := range []bool{true, false} {
			for _, postgres := range []bool{false, true} {
				if f.only == nil || f.only(embedded, postgres) {
					t.Run(f.name+"/"+nameOf(embedded, postgres), func(t *testing.T) {
						t.Parallel()
						if f.own && !inside() {
							inNetworkOfItsOwn(t)
							return
						}
						f.run(newSite(t, g, embedded, postgres))
					})
				}
			}
		}
	}
}

func nameOf(embedded, postgres bool) string {
	broker, database := "mosquitto", "sqlite"
	if embedded {
		broker = "embedded"
	}
	if postgres {
		database = "postgres"
	}
	return broker + "-" + database
}

// nothing goes wrong: a backlog and some sales arrive.
func nothing(s *site) {
	t := s.laden()
	defer s.up(s.broker)()
	t.start(s.broker)
	for range 5 {
		t.sell()
	}
	t.drained()
	t.stop()
	s.proved(t.journal())
}
