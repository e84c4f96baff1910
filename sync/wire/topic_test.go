package wire

import (
	"strings"
	"testing"

	"github.com/tillproof/tillproof/pos"
)

func TestTopic(t *testing.T) {
	// By sha256sum: "till-1" begins with 9a (154 mod 64 = 26), "kasse-7" with 51 (81 mod 64 = 17).
	for _, c := range []struct {
		till string
		part string
	}{{"till-1", "26"}, {"kasse-7", "17"}} {
		topic := Topic{Merchant: "corner-shop", Till: pos.TillID(c.till)}
		want := "tp/v1/corner-shop/p" + c.part + "/" + c.till + "/up/records"
		if got := topic.On(UpRecords); got != want {
			t.Errorf("%s: %s, want %s", c.till, got, want)
		}
		back, channel, err := ParseTopic(want)
		if err != nil || back != topic || channel != UpRecords {
			t.Errorf("%s: parsed as %v %s %v", want, back, channel, err)
		}
	}
	if got := Filter(UpRecords); got != "tp/v1/+/+/+/up/records" {
		t.Error(got)
	}
}

func TestParseTopicRefuses(t *testing.T) {
	good := Topic{Merchant: "shop", Till: "till-1"}.On(DownAck)
	part := strings.Split(good, "/")[3]
	other := "p00"
	if part == other {
		other = "p01"
	}
	for name, topic := range map[string]string{
		"empty": "", "root only": "tp/v1/", "wildcard": "tp/v1/+/+/+/up/records", "other version": strings.Replace(good, "v1", "v2", 1),
		"other partition": strings.Replace(good, part, other, 1), "unknown channel": good + "s", "more levels": good + "/x",
		"capital till": strings.Replace(good, "till-1", "Till-1", 1), "short merchant": strings.Replace(good, "shop", "s", 1), "no channel": "tp/v1/shop/" + part + "/till-1",
	} {
		if _, _, err := ParseTopic(topic); err == nil {
			t.Errorf("%s: %q was accepted", name, topic)
		}
	}
}

func FuzzParseTopic(f *testing.F) {
	f.Add("tp/v1/corner-shop/p09/till-1/up/records")
	f.Add("tp/v1/+/+/+/up/records")
	f.Add("tp/v1/a//b/#")
	f.Fuzz(func(t *testing.T, s string) {
		topic, channel, err := ParseTopic(s)
		if err == nil && topic.On(channel) != s {
			t.Errorf("%q became %q", s, topic.On(channel))
		}
	})
}
