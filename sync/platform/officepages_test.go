package platform

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/outbox/outboxtest"
	"github.com/tillproof/tillproof/sync/platform/database/databasetest"
	"github.com/tillproof/tillproof/sync/platform/registry"
)

// listOf reads a list that the back office answers with.
func listOf[T any](t *testing.T, h http.Handler, target string) (items []T) {
	t.Helper()
	w := visit(h, http.MethodGet, target)
	var page struct{ Items []T }
	if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || w.Code != http.StatusOK || page.Items == nil {
		t.Fatalf("%s: %d %v %s", target, w.Code, err, w.Body)
	}
	return page.Items
}

func TestPaymentsAreFound(t *testing.T) { databasetest.Each(t, paymentsAreFound) }

func paymentsAreFound(t *testing.T, address string) {
	a, b := outboxtest.New("till-1"), outboxtest.New("till-2")
	for n := 1; n <= 3; n++ {
		sale(a, n)
	}
	sale(b, 4)
	b.Commit(intent(5))
	ledger := newBenchAt(t, address, a, b)
	ledger.custody.merchant = func(till pos.TillID) pos.MerchantID { return pos.MerchantID("shop-" + string(till[5:])) }
	ledger.send(a, 1, 9)
	ledger.send(b, 1, 4)
	office := officeOf(t, ledger)
	for _, merchant := range []pos.MerchantID{"shop-1", "shop-2"} {
		if _, err := office.registry.Put(t.Context(), &registry.Merchant{Merchant: merchant}, registry.New); err != nil {
			t.Fatal(err)
		}
	}
	h := office.pages()
	order := "order-" + paymentID(2).String()[30:]
	for query, want := range map[string]int{
		"": 5, "?till=till-1": 3, "?merchant=shop-2": 2, "?merchant=shop-1&till=till-2": 0, "?status=pending": 1, "?status=reserved": 0, "?status=approved&till=till-2": 1,
		"?order=" + order: 1, "?tender=card": 5, "?tender=cash": 0, "?day=1970-01-01": 5, "?day=1970-01-02": 0, "?day=1970-01-01&timezone=Asia/Shanghai": 5,
		"?day=1970-01-01&timezone=America/New_York": 0, "?cursor=" + paymentID(3).String(): 2, "?till=till-1&before=" + paymentID(3).String(): 2,
	} {
		if got := listOf[paymentLine](t, h, "/v1/payments"+query); len(got) != want {
			t.Errorf("%s: %d payments, not %d", query, len(got), want)
		}
	}
	for _, query := range []string{"?day=yesterday", "?status=lost", "?day=1970-01-01&timezone=Mars", "?cursor=x"} {
		if w := visit(h, http.MethodGet, "/v1/payments"+query); w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", query, w.Code)
		}
	}
}

// recordLine is a record as the back office shows it.
type recordLine struct {
	Till   pos.TillID
	Seq    pos.Seq
	Kind   string
	Signed bool
	Fork   bool
	Held   string
	Body   map[string]any
	Raw    string
}

func TestAPaymentsWholeHistory(t *testing.T) { databasetest.Each(t, aPaymentsWholeHistory) }

func aPaymentsWholeHistory(t *testing.T, address string) {
	j := outboxtest.New("till-1")
	sale(j, 1)
	j.Commit(&strange{Text: "?"})
	sale(j, 2)
	j.Commit(confirmed(9)) // of no payment
	b := newBenchAt(t, address, j)
	b.send(j, 1, 8)
	h := pagesOf(t, b)
	w := visit(h, http.MethodGet, "/v1/payments/"+paymentID(2).String())
	var got struct {
		paymentLine
		Records []recordLine
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d %v %s", w.Code, err, w.Body)
	}
	var kinds []string
	for _, r := range got.Records {
		kinds = append(kinds, r.Kind)
	}
	if got.ID != paymentID(2).String() || got.Status != pos.Approved || !slices.Equal(kinds, []string{"intent", "result", "confirmed"}) ||
		got.Records[0].Seq != 5 || got.Records[0].Body["payment"] != got.ID {
		t.Errorf("%+v", got)
	}
	for _, id := range []string{paymentID(7).String(), "x"} {
		if w := visit(h, http.MethodGet, "/v1/payments/"+id); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", id, w.Code)
		}
	}
	held := listOf[recordLine](t, h, "/v1/held")
	if len(held) != 2 || held[0].Seq != 8 || held[0].Held == "" || held[1].Kind != "kind_99" || held[1].Raw == "" {
		t.Errorf("%+v", held)
	}
	if got := listOf[recordLine](t, h, "/v1/held?till=till-9"); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	if marks := listOf[map[string]any](t, h, "/v1/tills/till-1/marks"); len(marks) != 1 || marks[0]["seq"] != 8.0 {
		t.Errorf("%v", marks)
	}
	if marks := listOf[map[string]any](t, h, "/v1/marks?till=till-9"); len(marks) != 0 {
		t.Errorf("%v", marks)
	}
}

func TestForksAreShown(t *testing.T) {
	j := outboxtest.New("till-1")
	sale(j, 1)
	other := j.Clone()
	sale(j, 2)
	sale(other, 3)
	b := newBench(t, j)
	b.send(j, 1, 6)
	b.send(other, 4, 6)
	h := pagesOf(t, b)
	forks := listOf[recordLine](t, h, "/v1/forks")
	if len(forks) != 3 || !forks[0].Fork || forks[0].Seq != 6 {
		t.Errorf("%+v", forks)
	}
	w := visit(h, http.MethodGet, "/v1/payments/"+paymentID(3).String())
	if !strings.Contains(w.Body.String(), `"fork":true`) || strings.Count(w.Body.String(), `"kind":`) != 3 {
		t.Errorf("%s", w.Body)
	}
}

func TestExports(t *testing.T) { databasetest.Each(t, exports) }

func exports(t *testing.T, address string) {
	j := outboxtest.New("till-1")
	for n := 1; n <= 200; n++ {
		sale(j, n)
	}
	j.Commit(&record.Intent{Payment: paymentID(201), Order: "=1+2", Attempt: 1, Amount: 1, Currency: "EUR", Tender: pos.Cash, Mode: pos.Online})
	b := newBenchAt(t, address, j)
	b.send(j, 1, 300)
	b.send(j, 301, 601)
	h := pagesOf(t, b)
	for what, want := range map[string]int{"payments": 201, "records": 601} {
		rows, err := csv.NewReader(visit(h, http.MethodGet, "/v1/export/"+what+"?format=csv").Body).ReadAll()
		if err != nil || len(rows) != want+1 {
			t.Fatalf("%s: %d rows, %v", what, len(rows), err)
		}
		n := 0
		lines := bufio.NewScanner(visit(h, http.MethodGet, "/v1/export/"+what).Body)
		for lines.Scan() {
			if n++; !json.Valid(lines.Bytes()) {
				t.Errorf("%s", lines.Text())
			}
		}
		if n != want {
			t.Errorf("%s: %d lines", what, n)
		}
		if what == "payments" && rows[201][3] != "'=1+2" {
			t.Errorf("a formula was not defused: %v", rows[201])
		}
		if what == "records" && (rows[1][2] != "1" || rows[601][2] != "601" || rows[601][3] != "intent") {
			t.Errorf("%v ... %v", rows[1], rows[601])
		}
	}
	if w := visit(h, http.MethodGet, "/v1/export/payments?format=xml"); w.Code != http.StatusBadRequest {
		t.Errorf("%d", w.Code)
	}
	if got := visit(h, http.MethodGet, "/v1/export/payments?till=till-9").Body.Len(); got != 0 {
		t.Errorf("%d bytes of a till that is not there", got)
	}
}
