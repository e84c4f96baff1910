package api_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"image/png"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/sync/wire"
)

// A customer's code of Alipay: 28 and 16 digits more. It is nobody's.
const customerCode = "281234567890123456"

// online is inTill with a platform that answers.
func online(t *testing.T, test func(s *till)) {
	t.Helper()
	inTill(t, func(s *till) {
		s.sync.set("online")
		test(s)
	})
}

func (s *till) sell(tender, order, more string) answer {
	s.t.Helper()
	return s.post(fmt.Sprintf(`{"order":%q,"amount":1250,"currency":"EUR","tender":%q%s}`, order, tender, more))
}

func (s *till) get(id string) answer {
	s.t.Helper()
	<-time.After(100 * time.Millisecond) // in virtual time: the till's goroutines have done what they can
	return s.ask(http.MethodGet, "/v1/payments/"+id, "").is(200)
}

// at checks status and next step.
func (a answer) at(status, next string) answer {
	a.t.Helper()
	words, _ := a.member["next"].(map[string]any)
	code, text := "", ""
	if words != nil {
		code, text = fmt.Sprint(words["code"]), fmt.Sprint(words["text"])
	}
	if a.text("status") != status || code != next || next != "" && text == "" {
		a.t.Errorf("want %s and %q: %s", status, next, a.body)
	}
	return a
}

func TestACodeIsWaitedForThenAuthorised(t *testing.T) {
	online(t, func(s *till) {
		a := s.sell("code", "C-1", "").is(201).at("pending", "scan_code")
		id := a.text("id")
		s.sell("code", "C-2", "").problem(409, "code_awaited", "none_moved")
		path := "/v1/payments/" + id + "/code"
		s.ask(http.MethodPost, path, `{"code":"https://shop.example"}`).problem(422, "code_invalid", "none_moved")
		s.ask(http.MethodPost, path, `{}`).problem(422, "request_invalid", "none_moved")
		s.ask(http.MethodPost, path, `{"code":""}`).problem(422, "request_invalid", "none_moved")
		s.ask(http.MethodPost, "/v1/payments/01890000-0000-7000-8000-000000000000/code", `{"code":"28"}`).problem(404, "not_found", "none_moved")
		s.get(id).at("pending", "scan_code")
		s.ask(http.MethodPost, path, `{"code":"`+customerCode+`"}`).is(200).at("pending", "wait_customer")
		a = s.get(id).at("pending", "wait_customer")
		if a.text("scheme") != "alipay" || a.text("expires_at") == "" || !strings.Contains(a.body, "types a PIN") || a.member["qr"] != nil {
			t.Errorf("%s", a.body)
		}
		s.ask(http.MethodPost, path, `{"code":"`+customerCode+`"}`).is(200) // the same again
		s.ask(http.MethodPost, path, `{"code":"289999999999999999"}`).problem(422, "request_invalid", "none_moved")
		s.platform.tell(id, "approved", 1250)
		a = s.get(id).at("approved", "")
		if a.text("expires_at") != "" || fmt.Sprint(a.member["approved_amount"]) != "1250" || a.text("mode") != "online" {
			t.Errorf("%s", a.body)
		}
		shaped(t, a)
		s.sell("code", "C-3", `,"code":"`+customerCode+`"`).problem(409, "code_used", "none_moved")
		holdsNot(t, s.dir, customerCode)
	})
}

// holdsNot looks for a secret in all files of a till.
func holdsNot(t *testing.T, dir, secret string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, []byte(secret)) {
			t.Errorf("%s holds a secret", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestACodeWithThePayment(t *testing.T) {
	online(t, func(s *till) {
		a := s.sell("code", "C-1", `,"code":"`+customerCode+`"`).is(201).at("pending", "wait_customer")
		s.sell("code", "C-1", `,"code":"`+customerCode+`"`).is(200)
		s.sell("cash", "C-9", `,"code":"`+customerCode+`"`).problem(422, "request_invalid", "none_moved")
		s.sell("code", "C-9", `,"code":"`+strings.Repeat("1", 5000)+`"`).problem(422, "request_invalid", "none_moved")
		if strings.Contains(a.body, customerCode) {
			t.Errorf("the code is shown: %s", a.body)
		}
		s.platform.tell(a.text("id"), "declined", 0)
		a = s.get(a.text("id")).at("declined", "retry")
		if reason, _ := a.member["reason"].(map[string]any); reason["code"] != "77" || reason["text"] == "" {
			t.Errorf("%s", a.body)
		}
	})
}

func TestTheWaitCoversThePersonInFront(t *testing.T) {
	online(t, func(s *till) {
		began := time.Now()
		a := s.ask(http.MethodPost, "/v1/payments?wait=10s", `{"order":"C-1","amount":1,"currency":"EUR","tender":"code"}`).is(201).at("pending", "scan_code")
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("held %s", took)
		}
		go func() {
			<-time.After(5 * time.Second)
			s.platform.tell(a.text("id"), "approved", 1)
		}()
		began = time.Now()
		s.ask(http.MethodPost, "/v1/payments/"+a.text("id")+"/code?wait=30s", `{"code":"`+customerCode+`"}`).is(200).at("approved", "")
		if took := time.Since(began); took < 5*time.Second || took > 6*time.Second {
			t.Errorf("held %s", took)
		}
	})
}

func TestCodesAndThePlatformsQRNeedThePlatform(t *testing.T) {
	inTill(t, func(s *till) {
		for rule, a := range map[string]answer{
			"code_online_only": s.sell("code", "C-1", `,"code":"`+customerCode+`"`),
			"qr_online_only":   s.sell("qr", "Q-1", `,"scheme":"town"`),
		} {
			a.problem(403, "offline_refused", "none_moved")
			if a.text("rule") != rule || a.member["limit"] != nil || a.member["used"] != nil || a.member["headroom"] != nil {
				t.Errorf("%s: %s", rule, a.body)
			}
		}
	})
}

func TestASilentPlatformLeavesItUnknown(t *testing.T) {
	online(t, func(s *till) {
		s.platform.hush(true)
		id := s.sell("code", "C-1", `,"code":"`+customerCode+`"`).text("id")
		s.get(id).at("unknown", "wait_platform")
		s.sell("cash", "C-1", `,"attempt":2`).problem(409, "order_open", "none_moved")
		a := s.ask(http.MethodPost, "/v1/payments/"+id+"/cancel", "").is(200).at("unknown", "wait_platform")
		if a.member["unwanted"] != true {
			t.Errorf("%s", a.body)
		}
		s.sell("cash", "C-1", `,"attempt":2`).is(201)
		s.platform.hush(false)
		s.platform.tell(id, "approved", 1250)
		if a = s.get(id).at("approved", "refund"); !strings.Contains(a.body, "platform gives the money back") {
			t.Errorf("%s", a.body)
		}
		s.platform.tell(id, "refunded", 1250)
		if a = s.get(id).at("refunded", "retry"); fmt.Sprint(a.member["refunded_amount"]) != "1250" || a.member["approved_amount"] != nil {
			t.Errorf("%s", a.body)
		}
	})
}

func TestAQROfTheTillItself(t *testing.T) {
	inTill(t, func(s *till) {
		a := s.sell("qr", "Q-1", "").is(201).at("pending", "not_confirmed") // the first that works now
		id := a.text("id")
		qr, _ := a.member["qr"].(map[string]any)
		if keys := slices.Sorted(maps.Keys(qr)); !slices.Equal(keys, []string{"expires_at", "image", "payload"}) {
			t.Errorf("qr has %v", keys)
		}
		if !strings.HasPrefix(fmt.Sprint(qr["payload"]), "PIX 12.50 EUR ") || qr["image"] != "/v1/payments/"+id+"/qr?format=svg" ||
			a.text("scheme") != "pix" || a.text("expires_at") != qr["expires_at"] || a.text("mode") != "offline" {
			t.Errorf("%s", a.body)
		}
		shaped(t, a)
		s.sync.set("online")
		s.get(id).at("pending", "customer_pays")
		s.sync.set("degraded")
		s.get(id).at("pending", "not_confirmed")
		s.sell("qr", "Q-2", `,"scheme":"gold"`).problem(422, "not_supported", "none_moved")
		s.sell("cash", "Q-2", `,"scheme":"pix"`).problem(422, "request_invalid", "none_moved")
	})
}

func TestAQROfThePlatform(t *testing.T) {
	online(t, func(s *till) {
		a := s.sell("qr", "Q-1", `,"scheme":"town"`).is(201)
		id := a.text("id")
		a = s.get(id).at("pending", "customer_pays")
		if qr, _ := a.member["qr"].(map[string]any); qr["payload"] != "TOWN-QR-1" {
			t.Errorf("%s", a.body)
		}
		s.ask(http.MethodGet, "/v1/payments/"+id+"/qr", "").is(200)
		s.platform.tell(id, "expired", 0)
		if a = s.get(id).at("expired", "retry"); a.member["qr"] != nil || a.member["expires_at"] != nil {
			t.Errorf("%s", a.body)
		}
		s.ask(http.MethodGet, "/v1/payments/"+id+"/qr", "").problem(404, "not_found", "none_moved")
		s.platform.tell(id, "refund_due", 1250)
		s.get(id).at("refund_due", "refund")
		s.platform.tell(id, "refunded", 1250)
		s.get(id).at("refunded", "retry")
	})
}

func TestThePlatformIsAskedForTheQR(t *testing.T) {
	online(t, func(s *till) {
		s.platform.hush(true)
		s.sell("qr", "Q-1", `,"scheme":"town"`).is(201).at("pending", "wait")
	})
}

func TestTheSymbolInEveryForm(t *testing.T) {
	inTill(t, func(s *till) {
		path := "/v1/payments/" + s.sell("qr", "Q-1", "").text("id") + "/qr"
		svg := s.ask(http.MethodGet, path, "").is(200)
		var root struct {
			XMLName xml.Name
			ViewBox string `xml:"viewBox,attr"`
		}
		if err := xml.Unmarshal([]byte(svg.body), &root); err != nil || root.XMLName.Local != "svg" || svg.header.Get("Content-Type") != "image/svg+xml" {
			t.Errorf("%v, %v: %.200s", err, svg.header, svg.body)
		}
		var x, y, side, height int
		if n, err := fmt.Sscan(root.ViewBox, &x, &y, &side, &height); n != 4 || side != height || (side-8-17)%4 != 0 {
			t.Errorf("viewBox %q, %v", root.ViewBox, err)
		}
		for query, k := range map[string]int{"?format=png": 8, "?format=png&module=3": 3} {
			a := s.ask(http.MethodGet, path+query, "").is(200)
			picture, err := png.Decode(strings.NewReader(a.body))
			if err != nil || picture.Bounds().Dx() != side*k || a.header.Get("Content-Type") != "image/png" {
				t.Errorf("%s: %v, %v", query, err, a.header)
			}
		}
		if a := s.ask(http.MethodGet, path+"?format=text", "").is(200); !strings.Contains(a.body, "█") || a.header.Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("%v %s", a.header, a.body)
		}
		for _, query := range []string{"?format=gif", "?format=png&module=0", "?format=png&module=99", "?format=png&module=x"} {
			s.ask(http.MethodGet, path+query, "").problem(422, "request_invalid", "none_moved")
		}
		cash := s.post(cashSale).text("id")
		s.ask(http.MethodGet, "/v1/payments/"+cash+"/qr", "").problem(404, "not_found", "none_moved")
		s.ask(http.MethodGet, "/v1/payments/nonsense/qr", "").problem(404, "not_found", "none_moved")
	})
}

func TestAnOrderHasAnEnd(t *testing.T) {
	inTill(t, func(s *till) {
		s.sell("qr", "Q-1", `,"order_expires_at":"soon"`).problem(422, "request_invalid", "none_moved")
		ends := time.Now().Add(30 * time.Second).UTC().Format("2006-01-02T15:04:05.000Z")
		if a := s.sell("qr", "Q-1", `,"order_expires_at":"`+ends+`"`).is(201); a.text("expires_at") != ends {
			t.Errorf("the payment outlives its order: %s", a.body)
		}
	})
}

func TestGoodsAndTheShop(t *testing.T) {
	inTill(t, func(s *till) {
		a := s.ask(http.MethodGet, "/v1/goods", "").is(200)
		want := `{"items":[{"code":"4006381333931","name":"Pen","price":250,"currency":"EUR","group":"Desk"},{"code":"tea","name":"Tea & milk","price":300,"currency":"EUR"}]}`
		if strings.TrimSpace(a.body) != want {
			t.Errorf("%s", a.body)
		}
		if a = s.ask(http.MethodGet, "/v1/goods/tea", "").is(200); a.text("name") != "Tea & milk" || a.member["price"] != json.Number("300") {
			t.Errorf("%s", a.body)
		}
		s.ask(http.MethodGet, "/v1/goods/coffee", "").problem(404, "not_found", "none_moved")
		shop, _ := s.ask(http.MethodGet, "/v1/status", "").member["shop"].(map[string]any)
		got, err := json.Marshal(shop)
		if want = `{"cash_step":1,"currency":"EUR","exponent":2,"goods":true,"languages":["en","zh-CN"],"qr":[{"scheme":"town","source":"platform"},` +
			`{"scheme":"pix","source":"local"}],"tenders":["cash","card","code","qr"],"timezone":"Europe/Berlin"}`; err != nil || string(got) != want {
			t.Errorf("%s", got)
		}
	})
}

func TestAShopWithoutGoodsOrScans(t *testing.T) {
	inTill(t, func(s *till) {
		s.options.Goods, s.options.Scan, s.options.Hub, s.options.Sessions, s.options.Screens = nil, nil, nil, nil, nil
		s.remake()
		if a := s.ask(http.MethodGet, "/v1/goods", "").is(200); strings.TrimSpace(a.body) != `{"items":[]}` {
			t.Errorf("%s", a.body)
		}
		s.ask(http.MethodGet, "/v1/goods/tea", "").problem(404, "not_found", "none_moved")
		s.ask(http.MethodPost, "/v1/scan", `{"text":"tea"}`).problem(422, "not_supported", "none_moved")
		s.ask(http.MethodGet, "/till", "").problem(404, "not_found", "none_moved")
	})
}

func TestATypedScanIsLikeAnyOther(t *testing.T) {
	online(t, func(s *till) {
		for _, c := range []struct{ text, kind string }{{"tea", "goods"}, {"nothing", "other"}} {
			if a := s.ask(http.MethodPost, "/v1/scan", `{"text":"`+c.text+`"}`).is(202); a.text("kind") != c.kind {
				t.Errorf("%s: %s", c.text, a.body)
			}
		}
		s.ask(http.MethodPost, "/v1/scan", `{"text":""}`).problem(422, "request_invalid", "none_moved")
		id := s.sell("code", "C-1", "").text("id")
		if a := s.ask(http.MethodPost, "/v1/scan", `{"text":"`+customerCode+`"}`).is(202); a.text("kind") != "payment_code" || strings.Contains(a.body, customerCode) {
			t.Errorf("%s", a.body)
		}
		s.get(id).at("pending", "wait_customer")
		s.platform.mu.Lock()
		defer s.platform.mu.Unlock()
		if n := len(s.platform.asked); n == 0 || !slices.ContainsFunc(s.platform.asked, func(c wire.Call) bool { return c.Code == customerCode }) {
			t.Errorf("the platform was asked %d times", n)
		}
	})
}
