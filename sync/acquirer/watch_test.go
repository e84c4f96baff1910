package acquirer_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/acquirer"
)

func TestMask(t *testing.T) {
	for message, want := range map[string]string{
		`{"pan":"4111111111111111"}`:                   `{"pan":"411111******1111"}`,
		`card 4111 1111 1111 1111, thanks`:             `card 4111 11** **** 1111, thanks`,
		`5500-0000-0000-0004`:                          `5500-00**-****-0004`,
		`";4111111111111111=29121010000012300000?"`:    `";411111******1111=********************?"`,
		`%B4111111111111111^DOE/JOHN^2912101123456?`:   `%B411111******1111^**********************?`,
		`{"code":"134500000000000007"}`:                `{"code":"******************"}`,
		`{"transaction":"4111111111111112"}`:           `{"transaction":"4111111111111112"}`,           // no card number: the check digit is wrong
		`{"ref":"01904111111111111111ab"}`:             `{"ref":"01904111111111111111ab"}`,             // a part of a name
		`{"transaction":"42000012342026112212345678"}`: `{"transaction":"42000012342026112212345678"}`, // longer than any card number
		``: ``,
	} {
		if got := string(acquirer.Mask([]byte(message), "134500000000000007")); got != want {
			t.Errorf("%s: %s, want %s", message, got, want)
		}
	}
}

// TestEveryMessageIsTold, with what was sent, whatever came, and no secret in it.
func TestEveryMessageIsTold(t *testing.T) {
	answers := []func(http.ResponseWriter){
		func(w http.ResponseWriter) { _, _ = w.Write([]byte(`{"echo":"134500000000000007"}`)) },
		func(w http.ResponseWriter) { http.Error(w, "4111111111111111 is down", http.StatusInternalServerError) },
		func(w http.ResponseWriter) { _, _ = w.Write([]byte(strings.Repeat("x", 100<<10))) },
		func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "99")
			_, _ = w.Write([]byte("half"))
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		},
		func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		next := answers[0]
		answers = answers[1:]
		next(w)
	}))
	defer server.Close()
	var told []acquirer.Message
	client := acquirer.HTTP(server.URL, "the-secret-of-the-test", server.Client()).Watched(func(m acquirer.Message) { told = append(told, m) })
	order := acquirer.Order{Ref: strings.Repeat("a", 32), Till: "till-1", OrderRef: "O-1", Amount: pos.Money{Amount: 5, Currency: "EUR"}, Scheme: "wechat"}
	for range 5 {
		if _, err := client.Authorise(t.Context(), order, "134500000000000007"); err == nil {
			t.Error("believed")
		}
	}
	var ways []acquirer.Direction
	for _, m := range told {
		ways = append(ways, m.Direction)
		if m.Ref != order.Ref || m.Call != "authorise" || m.At == 0 || len(m.Bytes) > acquirer.MaxMessage {
			t.Errorf("%+v", m)
		}
		for _, secret := range []string{"134500000000000007", "the-secret-of-the-test", "4111111111111111"} {
			if strings.Contains(string(m.Bytes), secret) {
				t.Errorf("%s stands in %s", secret, m.Bytes)
			}
		}
	}
	want := []acquirer.Direction{acquirer.Sent, acquirer.Received, acquirer.Sent, acquirer.Received, acquirer.Sent, acquirer.Received, acquirer.Sent,
		acquirer.Failed, acquirer.Sent, acquirer.Failed}
	if !slices.Equal(ways, want) {
		t.Fatal(ways)
	}
	if !strings.Contains(string(told[0].Bytes), `"order":"O-1"`) || told[3].Status != 500 || string(told[7].Bytes) != "half" {
		t.Errorf("%s %d %s", told[0].Bytes, told[3].Status, told[7].Bytes)
	}
}
