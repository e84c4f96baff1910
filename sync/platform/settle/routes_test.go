package settle_test

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/sync/platform/access"
	"github.com/tillproof/tillproof/sync/platform/database/databasetest"
	"github.com/tillproof/tillproof/sync/platform/work"
)

// door lets one person in.
type door struct{ role access.Role }

func (d *door) Let(need access.Role, answer access.Answer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !d.role.May(need) {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		answer(w, r, access.Person{Name: "anna", Role: d.role})
	})
}

// form is an upload with these parts, in pairs of name and content.
func form(t *testing.T, parts ...string) (body io.Reader, kind string) {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for i := 0; i < len(parts); i += 2 {
		w, err := m.CreateFormFile(parts[i], parts[i]+".txt")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, parts[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return &b, m.FormDataContentType()
}

func TestStatementsAndSettlementsAreServed(t *testing.T) {
	w := newWorld(t, databasetest.SQLite(t))
	var err error
	if w.source.Work, err = work.Open(t.Context(), w.db); err != nil {
		t.Fatal(err)
	}
	mux, person := http.NewServeMux(), &door{access.Operator}
	w.source.Routes(mux, person)
	ask := func(method, path string, status int, parts ...string) string {
		t.Helper()
		body, kind := form(t, parts...)
		r := httptest.NewRequest(method, path, body)
		r.Header.Set("Content-Type", kind)
		answer := httptest.NewRecorder()
		mux.ServeHTTP(answer, r)
		if answer.Code != status {
			t.Fatalf("%s %s: %d %s", method, path, answer.Code, answer.Body)
		}
		return answer.Body.String()
	}
	file := string(w.agreeing())
	var sum struct{ ID string }
	if err := json.Unmarshal([]byte(ask("POST", "/v1/statements", http.StatusCreated, "mapping", cards, "file", file)), &sum); err != nil || sum.ID == "" {
		t.Fatal(err)
	}
	ask("POST", "/v1/statements", http.StatusOK, "mapping", cards, "file", file)
	ask("POST", "/v1/statements", http.StatusConflict, "mapping", cards+"skip: [x]\n", "file", file)
	ask("POST", "/v1/statements?replace=true", http.StatusCreated, "mapping", cards+"skip: [x]\n", "file", file)
	ask("POST", "/v1/statements", http.StatusUnprocessableEntity, "mapping", "acquirer: x\n", "file", file)
	ask("POST", "/v1/statements", http.StatusUnprocessableEntity, "file", file)
	ask("POST", "/v1/statements", http.StatusUnprocessableEntity, "mapping", cards, "file", "nothing of the kind\n")
	for path, want := range map[string]string{"/v1/statements": sum.ID, "/v1/statements/" + sum.ID: `"imported_by":"anna"`, "/v1/statements/" + sum.ID + "/problems": "",
		"/v1/statements/" + sum.ID + "/file": file, "/v1/merchants/shop/statements/" + w.day: `"net_expected":14802`,
		"/v1/merchants/shop/statements/" + w.day + "?format=csv": "shop," + w.day, "/v1/reconciliation": `"ok":`, "/v1/reconciliation?day=" + w.day: `"ok":`} {
		if body := ask("GET", path, http.StatusOK); !strings.Contains(body, want) {
			t.Errorf("%s: %s", path, body)
		}
	}
	ask("POST", "/v1/statements", http.StatusCreated, "mapping", cards, "file", string(w.stated("chargeback,000002,R8,5000,0,DAY,B1")))
	for range 2 { // twice, and each difference is one item
		if body := ask("POST", "/v1/reconciliation", http.StatusOK); !strings.Contains(body, "chargeback") {
			t.Error(body)
		}
	}
	if items, _, err := w.source.Work.List(t.Context(), work.Filter{}); err != nil || len(items) != 1 || items[0].Ref != "chargeback" || items[0].Merchant != "shop" {
		t.Errorf("%+v, %v", items, err)
	}
	if body := ask("POST", "/v1/merchants/shop/statements/"+w.day, http.StatusOK); !strings.Contains(body, `"closed_by":"anna"`) {
		t.Error(body)
	}
	ask("GET", "/v1/statements/nobody:x", http.StatusNotFound)
	ask("GET", "/v1/merchants/shop/statements/"+w.day+"?version=2", http.StatusNotFound)
	ask("GET", "/v1/merchants/shop/statements/tomorrow", http.StatusUnprocessableEntity)
	ask("GET", "/v1/merchants/shop/statements/"+w.day+"?format=pdf", http.StatusUnprocessableEntity)
	person.role = access.Viewer
	ask("POST", "/v1/statements", http.StatusForbidden, "mapping", cards, "file", file)
	ask("GET", "/v1/merchants/shop/statements/"+w.day, http.StatusOK)
}
