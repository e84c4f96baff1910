package acquirer_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/tillproof/tillproof/sync/acquirer"
)

// canned is a transport that answers every call with the same bytes.
type canned []byte

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Body: io.NopCloser(bytes.NewReader(c)), Request: r}, nil
}

// FuzzResponse: no bytes make a client believe an answer to another call, since nobody can guess the request's name.
func FuzzResponse(f *testing.F) {
	f.Add([]byte(`{"request":"","ref":"` + ref + `","answer":{"state":"paid","amount":1234,"currency":"EUR"}}`))
	f.Add([]byte(`{"ref":"` + ref + `","issued":{"payload":"x","expires_at":1}}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		client := acquirer.HTTP("http://bank.example", secret, &http.Client{Transport: canned(raw)})
		a, err := client.Authorise(t.Context(), order(), code)
		if err == nil {
			t.Errorf("%+v believed from %q", a, raw)
		}
		mustBeUnclear(t, "fuzzed", err)
	})
}

// FuzzRequest: the handler answers everything, and asks the acquirer only about orders that may be paid.
func FuzzRequest(f *testing.F) {
	f.Add("authorise", []byte(`{"request":"q","order":{"ref":"`+ref+`","till":"till-1","order":"O","amount":1,"currency":"EUR"},"code":"13"}`))
	f.Add("refund", []byte(`{"request":"q","ref":"`+ref+`","refund":"R","amount":1,"currency":"EUR"}`))
	f.Add("query", []byte(`{"request":"q","ref":"`+ref+`"}`))
	f.Add("expect", []byte(`[]`))
	f.Fuzz(func(t *testing.T, path string, raw []byte) {
		s := &scripted{answer: acquirer.Answer{State: acquirer.Closed}}
		r := httptest.NewRequest("POST", "/", bytes.NewReader(raw))
		r.URL.Path = "/v1/" + path
		r.Header.Set("Authorization", "Bearer "+secret)
		w := httptest.NewRecorder()
		acquirer.Handler(s, secret).ServeHTTP(w, r)
		if s.asked != nil && w.Code != 200 {
			t.Errorf("asked %v, answered %d", s.asked, w.Code)
		}
		for _, asked := range s.asked {
			if o, is := asked.(acquirer.Order); is && (o.Amount.Amount <= 0 || o.Amount.CheckPayable() != nil || len(o.Ref) != 32) {
				t.Errorf("asked about %+v", o)
			}
		}
	})
}
