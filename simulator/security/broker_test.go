package security_test

import (
	"crypto/tls"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/sync/broker"
	"github.com/tillproof/tillproof/sync/wire"
)

// enter connects, or fails the test.
func enter(t *testing.T, addr string, config *tls.Config, client, user string) *raw {
	t.Helper()
	r, err := knock(t, addr, config)
	if err == nil {
		err = r.connect(client, user, "")
	}
	if err != nil {
		t.Fatalf("%s cannot enter: %v", client, err)
	}
	return r
}

// refused says that somebody could not connect.
func refused(t *testing.T, addr string, config *tls.Config, client, user string) {
	t.Helper()
	r, err := knock(t, addr, config)
	if err == nil {
		err = r.connect(client, user, "")
	}
	if err == nil {
		t.Errorf("client %q as user %q was let in", client, user)
	}
}

func topic(till string, channel wire.Channel) string {
	return wire.Topic{Merchant: "shop", Till: wireTill(till)}.On(channel)
}

func TestNobodyComesInWithoutACertificateThatCounts(t *testing.T) {
	brokers(t, func(t *testing.T, a *authority, addr string, reload func()) {
		good := a.till("till-1")
		enter(t, addr, good, "till-1", "")
		cert, key, err := a.Server(t.Context(), []string{"till-1"})
		if err != nil {
			t.Fatal(err)
		}
		server, err := tls.X509KeyPair(cert, key)
		if err != nil {
			t.Fatal(err)
		}
		gone := a.till("till-2")
		enter(t, addr, gone, "till-2", "")
		if n, err := a.RevokeCertificates(t.Context(), "till-2", "stolen"); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		reload()
		for name, config := range map[string]*tls.Config{
			"no TLS":                       nil,
			"no certificate":               a.trusting(),
			"somebody else's authority":    a.forge("till-1", time.Now().Add(time.Hour), false),
			"a certificate that has ended": a.forge("till-1", time.Now().Add(-time.Minute), true),
			"a server's certificate":       a.trusting(server),
		} {
			t.Run(name, func(t *testing.T) { refused(t, addr, config, "till-1", "till-1") })
		}
		t.Run("a revoked certificate", func(t *testing.T) {
			eventually(t, "the revoked till is still let in", func() bool {
				r, err := knock(t, addr, gone)
				if err == nil {
					err = r.connect("till-2", "", "")
				}
				return err != nil
			})
		})
		enter(t, addr, good, "till-1", "")
		enter(t, addr, a.forge("till-1", time.Now().Add(time.Hour), true), "till-1", "") // the control: the certificates above fail for the reason that they name
	})
}

// TestARevokedConnectionIsCutOff: the embedded broker reads the list again by itself, and ends what is there already.
func TestARevokedConnectionIsCutOff(t *testing.T) {
	a := newAuthority(t)
	b, err := broker.ListenTLS("127.0.0.1:0", a.files, broker.OwnTopics)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	gone, stays := enter(t, b.Addr(), a.till("till-1"), "till-1", ""), enter(t, b.Addr(), a.till("till-2"), "till-2", "")
	began := time.Now()
	if _, err := a.RevokeCertificates(t.Context(), "till-1", "stolen"); err != nil {
		t.Fatal(err)
	}
	if kind, _, err := gone.next(); err == nil {
		t.Errorf("packet %x came, not the end", kind)
	}
	t.Logf("cut off after %s", time.Since(began).Round(time.Millisecond))
	if took := time.Since(began); took > 10*broker.CRLEvery {
		t.Errorf("it took %s", took)
	}
	if err := stays.subscribe(topic("till-2", wire.DownAck)); err != nil {
		t.Errorf("another till was cut off too: %v", err)
	}
}

func TestAServersFilesAreReadAgainWhenTheyChange(t *testing.T) {
	a := newAuthority(t)
	b, err := broker.ListenTLS("127.0.0.1:0", a.files, broker.OwnTopics)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	number := func() string {
		r, err := knock(t, b.Addr(), a.till("till-1"))
		if err != nil {
			t.Fatal(err)
		}
		return r.conn.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.String()
	}
	first := number()
	cert, key, err := a.Server(t.Context(), []string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	a.file("broker-key.pem", key) // half of a pair: the one before goes on counting
	if number() != first {
		t.Error("half a pair was taken")
	}
	a.file("broker.pem", cert)
	if number() == first {
		t.Error("the new certificate is not shown")
	}
}

// TestATillIsWhoItsCertificateSays: names that anybody can claim open no other till's topics.
func TestATillIsWhoItsCertificateSays(t *testing.T) {
	brokers(t, func(t *testing.T, a *authority, addr string, _ func()) {
		thief := a.till("till-2")
		platform := enter(t, addr, a.platform(), "platform-1", "platform")
		if err := platform.subscribe(wire.Filter(wire.UpRecords)); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct{ client, user string }{
			{"till-2", ""}, {"till-2", "till-2"}, {"till-1", ""}, {"till-1", "till-1"}, {"till-2", "till-1"}, {"platform-2", "platform"}, {"platform-2", ""},
			{"till-2", "platform"}, {"#", ""}, {"+", "+"}, {"till-2", "#"}, {"till-2", "+"}, {"a/b", ""},
		} {
			for _, where := range []string{topic("till-1", wire.UpRecords), topic("till-1", wire.UpCall), topic("till-1", wire.DownAck), topic("till-1", wire.DownKeys),
				topic("till-2", wire.DownAck), strings.Replace(topic("till-1", wire.UpRecords), "shop", "other", 1), "tp/v1/shop/till-1/up/records", "$SYS/broker/x",
				"tp/v1/shop/p00/till-2/till-1/up/records"} {
				r, err := knock(t, addr, thief)
				if err != nil {
					t.Fatal(err)
				}
				if r.connect(c.client, c.user, "") == nil {
					r.publish(where, "forged", true)
				}
				r.conn.Close()
			}
		}
		enter(t, addr, a.till("till-3"), "till-3", "").publish(topic("till-3", wire.UpRecords), "last", false)
		if topics := platform.heard("last"); len(topics) > 0 {
			t.Errorf("the platform heard %q", topics)
		}
		if spied := listen(t, addr, a.till("till-1"), "till-1", platform, topic("till-1", wire.DownAck)); len(spied) > 0 {
			t.Errorf("the till heard what was published under its name: %q", spied)
		}
	})
}

// listen subscribes a till to all that is its own, has the platform say something to it, and returns what it heard beside.
func listen(t *testing.T, addr string, config *tls.Config, till string, platform *raw, where string) []string {
	t.Helper()
	r := enter(t, addr, config, till, "")
	if err := r.subscribe("tp/v1/+/+/" + till + "/down/#"); err != nil {
		t.Fatal(err)
	}
	platform.publish(where, "for "+till, false)
	return r.heard("for " + till)
}

func TestATillReadsNothingOfAnother(t *testing.T) {
	brokers(t, func(t *testing.T, a *authority, addr string, _ func()) {
		thief, platform := a.till("till-2"), enter(t, addr, a.platform(), "platform-1", "platform")
		platform.publish(topic("till-1", wire.DownPolicy), "a retained secret", true)
		for _, filter := range []string{"#", "+/#", "tp/#", "tp/v1/#", "tp/v1/+/+/+/down/#", "tp/v1/+/+/+/+/+", "tp/v1/+/+/till-1/#", topic("till-1", wire.DownAck), topic("till-1", wire.UpCall),
			"tp/v1/shop/#", "$share/group/tp/v1/+/+/+/down/#", "$share/group/" + topic("till-1", wire.DownAck), "$SYS/#", "tp/v1/+/+/till-2/+/#"} {
			t.Run(strings.ReplaceAll(filter, "/", "_"), func(t *testing.T) {
				r := enter(t, addr, thief, "till-2", "")
				defer r.conn.Close()
				if err := r.subscribe(filter); err != nil {
					return // refused: the embedded broker says so at once, Mosquitto delivers nothing
				}
				if err := r.subscribe(topic("till-2", wire.DownAck)); err != nil {
					t.Fatal(err)
				}
				platform.publish(topic("till-1", wire.DownAck), "a secret", false)
				platform.publish(topic("till-2", wire.DownAck), "for you", false)
				heard := slices.DeleteFunc(r.heard("for you"), func(s string) bool { return strings.Contains(s, "/till-2/down/") })
				if len(heard) > 0 {
					t.Errorf("till-2 heard %q", heard)
				}
			})
		}
	})
}

// TestALastWillIsNoBackDoor: a broker publishes a will by itself, when nobody is there any more to be asked.
func TestALastWillIsNoBackDoor(t *testing.T) {
	brokers(t, func(t *testing.T, a *authority, addr string, _ func()) {
		platform := enter(t, addr, a.platform(), "platform-1", "platform")
		if err := platform.subscribe(wire.Filter(wire.UpBirth)); err != nil {
			t.Fatal(err)
		}
		thief := a.till("till-2")
		for _, where := range []string{topic("till-1", wire.UpBirth), topic("till-1", wire.DownKeys), topic("till-2", wire.DownAck)} {
			r, err := knock(t, addr, thief)
			if err != nil {
				t.Fatal(err)
			}
			_ = r.connect("till-2", "", where) // refused now, or not published later
			r.conn.Close()
		}
		own, err := knock(t, addr, thief)
		if err == nil {
			err = own.connect("till-2", "", topic("till-2", wire.UpBirth))
		}
		if err != nil {
			t.Fatal(err)
		}
		own.conn.Close()
		if topics := platform.heard("the will of a thief"); len(topics) > 0 {
			t.Errorf("the platform heard %q", topics)
		}
		if spied := listen(t, addr, a.till("till-1"), "till-1", platform, topic("till-1", wire.DownAck)); len(spied) > 0 {
			t.Errorf("till-1 heard %q", spied)
		}
	})
}

// TestNobodyEndsAnothersConnection: a broker ends a connection when another one comes with the same client id.
func TestNobodyEndsAnothersConnection(t *testing.T) {
	brokers(t, func(t *testing.T, a *authority, addr string, _ func()) {
		victim, thief := enter(t, addr, a.till("till-1"), "till-1", ""), a.till("till-2")
		for _, user := range []string{"", "till-1", "till-2"} {
			r, err := knock(t, addr, thief)
			if err != nil {
				t.Fatal(err)
			}
			_ = r.connect("till-1", user, "") // refused, or taken for till-2
		}
		if err := victim.subscribe(topic("till-1", wire.DownAck)); err != nil {
			t.Errorf("till-1 was shown out: %v", err)
		}
		first := enter(t, addr, thief, "till-2", "")
		enter(t, addr, thief, "till-2", "")
		if kind, _, err := first.next(); err == nil && kind != 0xe0 {
			t.Errorf("the control: packet %x, although the same till has come again", kind)
		}
	})
}

// TestABrokerBeyondThisMachineWantsCertificates: the command starts no plain one.
func TestABrokerBeyondThisMachineWantsCertificates(t *testing.T) {
	for _, args := range [][]string{{"--listen", "0.0.0.0:0"}, {"--listen", ":0"}, {"--listen", "192.0.2.1:1883"}, {"--cert", "a", "--key", "b"}, {"--crl", "c"}, {"--listen", "nowhere"}} {
		tillproof(t, 2, append([]string{"broker"}, args...)...)
	}
	tillproof(t, 3, "broker", "--listen", "127.0.0.1:0", "--cert", "gone", "--key", "gone", "--ca", "gone")
}
