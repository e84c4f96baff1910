package platform

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/broker"
	"github.com/tillproof/tillproof/sync/broker/brokertest"
	"github.com/tillproof/tillproof/sync/mqtt"
	"github.com/tillproof/tillproof/sync/outbox/outboxtest"
	"github.com/tillproof/tillproof/sync/wire"
	"github.com/tillproof/tillproof/web/measure"
)

// scrapeOf reads the platform's metrics.
func (s *stage) scrapeOf(query string) string {
	s.t.Helper()
	r, err := http.Get("http://" + s.http + "/metrics" + query)
	if err != nil {
		s.t.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		s.t.Fatalf("%d %v %s", r.StatusCode, err, text)
	}
	return string(text)
}

// TestMetricsOfADay brings records, a call, a birth, forgeries and rubbish, and reads what the platform tells of them.
func TestMetricsOfADay(t *testing.T) {
	j := outboxtest.New("till-1")
	for n := 1; n <= 40; n++ {
		sale(j, n)
	}
	j.Commit(&strange{Text: "poison"})
	s := newStage(t, brokertest.Embedded(broker.Everyone), j, outboxtest.New("till-2"))
	l := s.run(j, nil)
	s.drained(l)
	l.stop() // two connections of one name end each other
	topic := wire.Topic{Merchant: "shop", Till: "till-1"}
	offset := int64(-1500)
	birth := &wire.Birth{Till: "till-1", Online: true, At: clock(), ConnectedAt: clock(), Epoch: j.Head().Epoch, Seq: j.Head().Seq + 3, OffsetMS: &offset,
		Devices: []wire.BirthDevice{{Name: "counter", State: "failed"}, {Name: "odd", State: "x\ny"}}}
	codec, err := wire.NewCodec()
	if err != nil {
		t.Fatal(err)
	}
	message, err := codec.EncodeBirth(birth)
	if err != nil {
		t.Fatal(err)
	}
	c, err := mqtt.Dial(t.Context(), mqtt.Options{Broker: "tcp://" + s.addr, ClientID: "till-1", Will: func() mqtt.Message {
		birth.Online = false
		will, _ := codec.EncodeBirth(birth)
		return mqtt.Message{Topic: topic.On(wire.UpBirth), Payload: will, Retained: true}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for on, message := range map[string][]byte{topic.On(wire.UpBirth): message, topic.On(wire.UpCall): []byte("rubbish"), topic.On(wire.UpRecords): []byte("rubbish")} {
		if err := c.PublishRetained(t.Context(), on, message); err != nil {
			t.Fatal(err)
		}
	}
	s.until("all has come", func() bool {
		text := s.scrapeOf("")
		return strings.Contains(text, `tillproof_platform_tills{state="online"} 1`) && strings.Contains(text, "tillproof_platform_broken_total 2")
	})
	text := s.scrapeOf("")
	for _, line := range []string{
		`tillproof_platform_info{database="sqlite",version=""} 1`, "tillproof_platform_broker_connected 1", "tillproof_platform_database_writable 1",
		`tillproof_platform_acks_total{state="held"} `, `tillproof_platform_records_total{merchant="shop"} `, `tillproof_platform_calls_total{op="unknown",outcome="broken"} 1`,
		`tillproof_platform_commit_seconds_bucket{le="10"} `, `tillproof_platform_tills{state="never"} 1`, `tillproof_platform_tills{state="offline"} 0`,
		"tillproof_platform_clock_offset_max_seconds 1.5", `tillproof_platform_devices{state="failed"} 1`, "tillproof_platform_stuck_tills 0",
		`tillproof_platform_wallet_tasks{stage="asked"} 0`, "tillproof_platform_wallet_overdue 0", "tillproof_platform_disk_free_bytes ",
		"tillproof_platform_forged_total 0", "tillproof_platform_dropped_total ", "tillproof_platform_failed_total 0",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("%s is missing", line)
		}
	}
	if strings.Contains(text, "till-1") || strings.Contains(text, "order-") || strings.Contains(text, "x\\n") {
		t.Error("a till, an order or what a till has written stands in metrics that nobody asked for by its name")
	}
	for query, want := range map[string]int{"?tills=all": 1, "?till=till-1": 1, "?till=till-9": 0} {
		text := s.scrapeOf(query)
		if n := strings.Count(text, `tillproof_platform_till_unsent_records{till="till-1"} 3`); n != want {
			t.Errorf("%s: %d times in\n%s", query, n, regexp.MustCompile(`(?m)^.*platform_till_.*$`).FindAllString(text, -1))
		}
	}
}

// TestEveryMerchantIsNoLabel bounds what a scrape may hold.
func TestEveryMerchantIsNoLabel(t *testing.T) {
	var m meter
	for n := range 1000 {
		group := []parcel{{wire.Topic{Merchant: pos.MerchantID(fmt.Sprintf("shop-%d", n)), Till: "till-1"}, &Delivery{entries: make([]entry, 2)}}}
		m.committed(group, []wire.Ack{{Till: "till-1", State: wire.AckOK}})
	}
	answer := httptest.NewRecorder()
	measure.New(Metrics(), func(s measure.Sink) { m.records.Put(s, "tillproof_platform_records_total", 1) }).Handler().
		ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if n := strings.Count(answer.Body.String(), "tillproof_platform_records_total{"); n > measure.MostLabels+1 || n < measure.MostLabels {
		t.Errorf("%d labels", n)
	}
}
