package acquirer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/acquirer"
)

const (
	ref    = "0190a6b4c2d37e8f9a0b1c2d3e4f5061"
	secret = "a-secret-of-the-test"
	code   = "131234567890123456"
)

func order() acquirer.Order {
	return acquirer.Order{Ref: ref, Till: "till-1", OrderRef: "O-1", Amount: pos.Money{Amount: 1234, Currency: "EUR"}, Scheme: "wechat"}
}

// scripted answers what it is told to, and keeps what it was asked.
type scripted struct {
	answer acquirer.Answer
	issued acquirer.Issued
	err    error
	asked  []any
}

func (s *scripted) Authorise(_ context.Context, o acquirer.Order, code string) (acquirer.Answer, error) {
	s.asked = []any{"authorise", o, code}
	return s.answer, s.err
}

func (s *scripted) Issue(_ context.Context, o acquirer.Order, ttl time.Duration) (acquirer.Issued, error) {
	s.asked = []any{"issue", o, ttl}
	return s.issued, s.err
}

func (s *scripted) Query(_ context.Context, ref string) (acquirer.Answer, error) {
	s.asked = []any{"query", ref}
	return s.answer, s.err
}

func (s *scripted) Cancel(_ context.Context, ref string) (acquirer.Answer, error) {
	s.asked = []any{"cancel", ref}
	return s.answer, s.err
}

func (s *scripted) Refund(_ context.Context, ref, id string, m pos.Money) (acquirer.Answer, error) {
	s.asked = []any{"refund", ref, id, m}
	return s.answer, s.err
}

func (s *scripted) Capture(_ context.Context, o acquirer.Order, id string) (acquirer.Answer, error) {
	s.asked = []any{"capture", o, id}
	return s.answer, s.err
}

func (s *scripted) Expect(_ context.Context, o acquirer.Order, reference string) error {
	s.asked = []any{"expect", o, reference}
	return s.err
}

// serve puts a handler on a real socket and returns a client of it.
func serve(t *testing.T, h http.Handler, secret string) *acquirer.Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return acquirer.HTTP(server.URL+"/", secret, server.Client())
}

// calls makes each call of the interface once, by name.
func calls(a acquirer.Acquirer) map[string]func(context.Context) (any, error) {
	return map[string]func(context.Context) (any, error){
		"authorise": func(ctx context.Context) (any, error) { return a.Authorise(ctx, order(), code) },
		"issue":     func(ctx context.Context) (any, error) { return a.Issue(ctx, order(), 90*time.Second) },
		"query":     func(ctx context.Context) (any, error) { return a.Query(ctx, ref) },
		"cancel":    func(ctx context.Context) (any, error) { return a.Cancel(ctx, ref) },
		"refund":    func(ctx context.Context) (any, error) { return a.Refund(ctx, ref, "R-1", order().Amount) },
		"capture":   func(ctx context.Context) (any, error) { return a.Capture(ctx, order(), "C-1") },
		"expect":    func(ctx context.Context) (any, error) { return nil, a.Expect(ctx, order(), "REF000000001") },
	}
}

// asked is what the acquirer behind the handler must see of each call.
func asked() map[string][]any {
	return map[string][]any{
		"authorise": {"authorise", order(), code},
		"issue":     {"issue", order(), 90 * time.Second},
		"query":     {"query", ref},
		"cancel":    {"cancel", ref},
		"refund":    {"refund", ref, "R-1", order().Amount},
		"capture":   {"capture", order(), "C-1"},
		"expect":    {"expect", order(), "REF000000001"},
	}
}

func TestEveryCallArrivesAndAnswers(t *testing.T) {
	s := &scripted{
		answer: acquirer.Answer{State: acquirer.Refunded, Amount: order().Amount, Transaction: "T1", Code: "OK", Text: "done", At: 1_700_000_000_123},
		issued: acquirer.Issued{Payload: "weixin://x", ExpiresAt: 1_700_000_090_000},
	}
	want := map[string]any{"issue": s.issued, "expect": nil}
	for name, call := range calls(serve(t, acquirer.Handler(s, secret), secret)) {
		got, err := call(t.Context())
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		expected, special := want[name]
		if !special {
			expected = s.answer
		}
		if !reflect.DeepEqual(got, expected) {
			t.Errorf("%s answered %+v, want %+v", name, got, expected)
		}
		if !reflect.DeepEqual(s.asked, asked()[name]) {
			t.Errorf("%s arrived as %v", name, s.asked)
		}
	}
}

func TestStatesWithoutMoneyNameNone(t *testing.T) {
	s := &scripted{}
	client := serve(t, acquirer.Handler(s, secret), secret)
	for _, state := range []acquirer.State{acquirer.Waiting, acquirer.Declined, acquirer.Closed, acquirer.Absent} {
		s.answer = acquirer.Answer{State: state, Amount: order().Amount, Code: "C"}
		if a, err := client.Query(t.Context(), ref); err != nil || a != (acquirer.Answer{State: state, Code: "C"}) {
			t.Errorf("%s: %+v, %v", state, a, err)
		}
	}
}

// mustBeUnclear checks what every error of a client must be: of unknown outcome, and silent about the code and the secret.
func mustBeUnclear(t *testing.T, what string, err error) {
	t.Helper()
	var e *pos.Error
	if !errors.As(err, &e) || e.Retry != pos.OutcomeUnknown || e.Money != pos.MoneyUnknown {
		t.Errorf("%s: %v is not unclear", what, err)
	}
	if err != nil && (strings.Contains(err.Error(), code) || strings.Contains(err.Error(), secret)) {
		t.Errorf("%s: %v tells a secret", what, err)
	}
}

func TestAnUnclearAcquirerIsUnclear(t *testing.T) {
	client := serve(t, acquirer.Handler(&scripted{err: errors.New("no answer to " + code)}, secret), secret)
	for name, call := range calls(client) {
		_, err := call(t.Context())
		mustBeUnclear(t, name, err)
	}
}

func TestTheSecretIsNeeded(t *testing.T) {
	s := &scripted{answer: acquirer.Answer{State: acquirer.Closed}}
	for _, pair := range [][2]string{{secret, "wrong"}, {secret, ""}, {"", ""}} {
		client := serve(t, acquirer.Handler(s, pair[0]), pair[1])
		_, err := client.Cancel(t.Context(), ref)
		mustBeUnclear(t, "secret "+pair[1], err)
	}
	if s.asked != nil {
		t.Errorf("the acquirer was asked %v", s.asked)
	}
}

// TestBadAnswersAreUnclear: whatever is not exactly an answer to this call proves nothing.
func TestBadAnswersAreUnclear(t *testing.T) {
	const good = `{"request":"REQ","ref":"` + ref + `","answer":{"state":"paid","amount":1234,"currency":"EUR"}}`
	edit := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	cases := map[string]struct {
		status int
		body   string
	}{
		"server error":     {500, good},
		"created":          {201, good},
		"redirect":         {307, good},
		"no JSON":          {200, "<html>" + code},
		"broken JSON":      {200, good[:40]},
		"two values":       {200, good + good},
		"too large":        {200, edit(`"state"`, `"text":"`+strings.Repeat("x", 17<<10)+`","state"`)},
		"another request":  {200, edit("REQ", "00000000000000000000000000000000")},
		"another ref":      {200, edit(ref, strings.Repeat("0", 32))},
		"no answer":        {200, `{"request":"REQ","ref":"` + ref + `"}`},
		"unknown state":    {200, edit("paid", "settled")},
		"no amount":        {200, edit(`,"amount":1234`, "")},
		"a negative one":   {200, edit("1234", "-1234")},
		"a fraction":       {200, edit("1234", "12.34")},
		"no currency":      {200, edit(`,"currency":"EUR"`, "")},
		"unknown currency": {200, edit("EUR", "XYZ")},
		"another currency": {200, edit("EUR", "USD")},
		"another amount":   {200, edit("1234", "1233")},
	}
	for name, c := range cases {
		client := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var in struct{ Request string }
			if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
				t.Error(err)
			}
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, strings.Replace(c.body, "REQ", in.Request, 1))
		}), secret)
		_, err := client.Authorise(t.Context(), order(), code)
		mustBeUnclear(t, name, err)
		if _, err := client.Issue(t.Context(), order(), time.Minute); err == nil {
			t.Errorf("%s: taken for an issued QR", name)
		}
	}
}

// TestAnotherAmountOfARefundIsUnclear: part of the money may still be there. A query may report any amount: a QR is booked as
// it was paid.
func TestAnotherAmountOfARefundIsUnclear(t *testing.T) {
	s := &scripted{answer: acquirer.Answer{State: acquirer.Refunded, Amount: pos.Money{Amount: 1, Currency: "EUR"}}}
	client := serve(t, acquirer.Handler(s, secret), secret)
	_, err := client.Refund(t.Context(), ref, "R-1", order().Amount)
	mustBeUnclear(t, "refund", err)
	if a, err := client.Query(t.Context(), ref); err != nil || a.Amount.Amount != 1 {
		t.Errorf("query: %+v, %v", a, err)
	}
}

func TestACallEndsWithItsContext(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := acquirer.HTTP(server.URL, secret, nil).Authorise(ctx, order(), code)
	mustBeUnclear(t, "cancelled", err)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the cause is lost: %v", err)
	}
	_, err = acquirer.HTTP(":no address", secret, nil).Authorise(t.Context(), order(), code)
	mustBeUnclear(t, "no address", err)
}

// TestTheCodeTravelsInTheBodyOnly looks at the request itself.
func TestTheCodeTravelsInTheBodyOnly(t *testing.T) {
	client := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || !bytes.Contains(body, []byte(code)) {
			t.Errorf("the body does not hold the code (%v)", err)
		}
		for _, values := range r.Header {
			if strings.Contains(strings.Join(values, " "), code) {
				t.Error("a header holds the code")
			}
		}
		if r.Method != http.MethodPost || r.URL.String() != "/v1/authorise" || r.Header.Get("Authorization") != "Bearer "+secret {
			t.Errorf("%s %s", r.Method, r.URL)
		}
	}), secret)
	_, err := client.Authorise(t.Context(), order(), code)
	mustBeUnclear(t, "an empty answer", err)
}

func TestHandlerRefuses(t *testing.T) {
	s := &scripted{}
	const goodOrder = `{"ref":"` + ref + `","till":"till-1","order":"O-1","amount":1234,"currency":"EUR"}`
	cases := []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/v1/query", `{"request":"a","ref":"` + ref + `"}`, 405},
		{"POST", "/v1/settle", `{"request":"a","ref":"` + ref + `"}`, 404},
		{"POST", "/v1/query", `{"ref":"` + ref + `"}`, 400},
		{"POST", "/v1/query", `{"request":"a","ref":"` + strings.ToUpper(ref) + `"}`, 400},
		{"POST", "/v1/query", `{"request":"a","ref":"` + ref[1:] + `"}`, 400},
		{"POST", "/v1/cancel", `not JSON`, 400},
		{"POST", "/v1/cancel", `{"request":"` + strings.Repeat("a", 17<<10) + `","ref":"` + ref + `"}`, 400},
		{"POST", "/v1/refund", `{"request":"a","ref":"` + ref + `","refund":"R","currency":"EUR"}`, 400},
		{"POST", "/v1/refund", `{"request":"a","ref":"` + ref + `","refund":"R","amount":1,"currency":"EURO"}`, 400},
		{"POST", "/v1/refund", `{"request":"a","ref":"` + ref + `","amount":1,"currency":"EUR"}`, 400},
		{"POST", "/v1/authorise", `{"request":"a"}`, 400},
		{"POST", "/v1/authorise", `{"request":"a","order":` + strings.Replace(goodOrder, "1234", "0", 1) + `}`, 400},
		{"POST", "/v1/authorise", `{"request":"a","order":` + strings.Replace(goodOrder, "EUR", "XYZ", 1) + `}`, 400},
		{"POST", "/v1/issue", `{"request":"a","order":` + strings.Replace(goodOrder, ref, "1", 1) + `}`, 400},
		{"POST", "/v1/expect", `{"request":"a","order":{}}`, 400},
	}
	for _, c := range cases {
		r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
		r.Header.Set("Authorization", "Bearer "+secret)
		w := httptest.NewRecorder()
		acquirer.Handler(s, secret).ServeHTTP(w, r)
		if w.Code != c.status || s.asked != nil {
			t.Errorf("%s %s %.60s: %d, asked %v; want %d", c.method, c.path, c.body, w.Code, s.asked, c.status)
		}
	}
}

// TestWireFormat pins the names on the wire, which others implement.
func TestWireFormat(t *testing.T) {
	const in = `{"request":"q1","order":{"ref":"` + ref + `","till":"till-1","order":"O-1","scheme":"wechat","amount":1234,"currency":"EUR"},` +
		`"code":"` + code + `"}`
	const out = `{"request":"q1","ref":"` + ref + `","answer":{"state":"paid","amount":1234,"currency":"EUR","transaction":"T1","code":"OK",` +
		`"text":"done","at":5}}`
	s := &scripted{answer: acquirer.Answer{State: acquirer.Paid, Amount: order().Amount, Transaction: "T1", Code: "OK", Text: "done", At: 5}}
	r := httptest.NewRequest("POST", "/v1/authorise", strings.NewReader(in))
	r.Header.Set("Authorization", "Bearer "+secret)
	w := httptest.NewRecorder()
	acquirer.Handler(s, secret).ServeHTTP(w, r)
	if w.Body.String() != out || !reflect.DeepEqual(s.asked, asked()["authorise"]) {
		t.Errorf("answered %s\nasked %v", w.Body, s.asked)
	}
}
