package office_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/sync/platform/access"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/database/databasetest"
	"github.com/tillproof/tillproof/sync/platform/office"
	"github.com/tillproof/tillproof/sync/platform/registry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// desk is an office and its registry.
type desk struct {
	*registry.Registry
	t       *testing.T
	office  *office.Office
	handler http.Handler
}

func open(t *testing.T, loopback bool) *desk {
	t.Helper()
	db, err := database.Open(t.Context(), databasetest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	r, err := registry.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	o, err := office.New(office.Options{DB: db, Registry: r, Loopback: loopback})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	o.Routes(mux)
	return &desk{r, t, o, mux}
}

// person sets somebody up and returns the token.
func (d *desk) person(name string, role access.Role) string {
	d.t.Helper()
	token, err := d.AddPerson(d.t.Context(), registry.Person{Name: name, Role: role})
	if err != nil {
		d.t.Fatal(err)
	}
	return token
}

// ask sends a request; headers are name and value one after another.
func (d *desk) ask(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	d.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	return w
}

// wants checks status and, of a problem, code and what every problem has.
func (d *desk) wants(w *httptest.ResponseRecorder, status int, code string) map[string]any {
	d.t.Helper()
	var got map[string]any
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			d.t.Fatalf("%v: %s", err, w.Body)
		}
	}
	if w.Code != status {
		d.t.Fatalf("%d, not %d: %s", w.Code, status, w.Body)
	}
	if code == "" {
		return got
	}
	if got["code"] != code || got["money"] == nil || got["next"] == "" || got["detail"] == "" || w.Header().Get("Content-Type") != "application/problem+json" {
		d.t.Errorf("%s: %v %v", code, got, w.Header())
	}
	return got
}

func TestNobodyHasToLogInOnlyWhereNobodyIsSetUpAndNobodyElseCanAsk(t *testing.T) {
	d := open(t, true)
	d.wants(d.ask("GET", "/v1/merchants", ""), 200, "")
	d.wants(d.ask("PUT", "/v1/merchants/acme", `{"merchant":"acme"}`), 201, "")
	d.wants(d.ask("POST", "/v1/people", `{"name":"eve","role":"admin"}`), 403, "first_person")
	if got := d.wants(d.ask("GET", "/v1/session", ""), 200, ""); got["known"] != true || got["open"] != true {
		t.Errorf("%v", got)
	}
	d.person("ann", access.Viewer)
	w := d.ask("GET", "/v1/merchants", "")
	d.wants(w, 401, "unauthorized")
	if w.Header().Get("WWW-Authenticate") == "" {
		t.Error("no WWW-Authenticate")
	}
	if got := d.wants(d.ask("GET", "/v1/session", ""), 200, ""); got["known"] != false || got["open"] != false {
		t.Errorf("%v", got)
	}
	far := open(t, false)
	far.wants(far.ask("GET", "/v1/merchants", ""), 401, "unauthorized")
}

func TestRolesDecideWhoMayWhat(t *testing.T) {
	d := open(t, true)
	tokens := map[access.Role]string{}
	for _, role := range []access.Role{access.Viewer, access.Operator, access.Admin} {
		tokens[role] = "Bearer " + d.person("a-"+string(role), role)
	}
	for _, c := range []struct {
		method, path, body string
		status             map[access.Role]int
	}{
		{"GET", "/v1/merchants", "", map[access.Role]int{access.Viewer: 200, access.Operator: 200, access.Admin: 200}},
		{"PUT", "/v1/merchants/acme", `{"merchant":"acme"}`, map[access.Role]int{access.Viewer: 403, access.Operator: 403, access.Admin: 201}},
		{"DELETE", "/v1/merchants/acme", "", map[access.Role]int{access.Viewer: 403, access.Operator: 403, access.Admin: 200}},
		{"GET", "/v1/people", "", map[access.Role]int{access.Viewer: 403, access.Operator: 403, access.Admin: 200}},
		{"GET", "/v1/audit", "", map[access.Role]int{access.Viewer: 403, access.Operator: 403, access.Admin: 200}},
		{"GET", "/v1/export/audit", "", map[access.Role]int{access.Viewer: 403, access.Operator: 403, access.Admin: 200}},
	} {
		for _, role := range []access.Role{access.Viewer, access.Operator, access.Admin} {
			if w := d.ask(c.method, c.path, c.body, "Authorization", tokens[role]); w.Code != c.status[role] {
				t.Errorf("%s %s as %s: %d, not %d: %s", c.method, c.path, role, w.Code, c.status[role], w.Body)
			}
		}
	}
}

func TestAnotherSitesPageChangesNothing(t *testing.T) {
	d := open(t, true)
	d.wants(d.ask("PUT", "/v1/merchants/acme", `{"merchant":"acme"}`, "Sec-Fetch-Site", "cross-site"), 403, "cross_origin")
	d.wants(d.ask("POST", "/v1/session", `{}`, "Origin", "https://evil.example"), 403, "cross_origin")
	d.wants(d.ask("PUT", "/v1/merchants/acme", `{"merchant":"acme"}`, "Sec-Fetch-Site", "same-origin"), 201, "")
}

func TestABrowserLogsInAndOut(t *testing.T) {
	d := open(t, true)
	token := d.person("ann", access.Operator)
	d.wants(d.ask("POST", "/v1/session", `{"token":"tpo_WRONG"}`), 401, "unauthorized")
	d.wants(d.ask("POST", "/v1/session", `x`), 400, "request_unreadable")
	w := d.ask("POST", "/v1/session", `{"token":"`+token+`"}`)
	if got := d.wants(w, 200, ""); got["name"] != "ann" || got["role"] != "operator" {
		t.Errorf("%v", got)
	}
	cookie := w.Result().Cookies()[0]
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || cookie.Value == token || cookie.Path != "/" {
		t.Errorf("%+v", cookie)
	}
	header := cookie.Name + "=" + cookie.Value
	d.wants(d.ask("GET", "/v1/merchants", "", "Cookie", header), 200, "")
	d.wants(d.ask("GET", "/v1/merchants", "", "Cookie", "tillproof_office=old; "+header), 200, "")
	d.wants(d.ask("POST", "/v1/session", `{"token":"`+cookie.Value+`"}`), 401, "unauthorized") // a session does not prolong itself
	if w := d.ask("DELETE", "/v1/session", "", "Cookie", header); w.Code != 204 {
		t.Errorf("%d", w.Code)
	}
	d.wants(d.ask("GET", "/v1/merchants", "", "Cookie", header), 401, "unauthorized")
}

func TestThingsAreReadChangedAndDisabledByRevision(t *testing.T) {
	d := open(t, true)
	for _, c := range []struct{ path, body string }{
		{"/v1/merchants/acme", `{"merchant":"acme","name":"Acme","timezone":"Europe/Berlin"}`},
		{"/v1/stores/acme/north", `{"merchant":"acme","store":"north"}`},
		{"/v1/tills/till-1", `{"till":"till-1","merchant":"acme","store":"north"}`},
		{"/v1/terminals/bank/52500001", `{"acquirer":"bank","terminal_id":"52500001","merchant":"acme","till":"till-1"}`},
		{"/v1/accounts/acme/bank", `{"merchant":"acme","acquirer":"bank","merchant_id":"4556"}`},
		{"/v1/limits/night", `{"id":"night","merchant":"acme","currency":"EUR","default":"allow","limits":[{"tenders":["cash"],"max_total":5000}]}`},
		{"/v1/fees/visa", `{"id":"visa","merchant":"acme","acquirer":"bank","basis_points_100":12500,"fixed":8,"currency":"EUR","from":"2026-01-01"}`},
		{"/v1/settings/till-1", `{"merchant":"acme","till":"till-1","shop":{"name":"North"}}`},
		{"/v1/settings/acme/all", `{"merchant":"acme","shop":{"name":"Acme"}}`},
	} {
		w := d.ask("PUT", c.path, c.body)
		if got := d.wants(w, 201, ""); got["revision"] != 1.0 || got["enabled"] != true || w.Header().Get("ETag") != `"1"` {
			t.Errorf("%s: %v %v", c.path, got, w.Header())
		}
		read := d.ask("GET", c.path, "")
		d.wants(read, 200, "")
		d.wants(d.ask("PUT", c.path, c.body), 428, "revision_missing")
		d.wants(d.ask("PUT", c.path, c.body, "If-None-Match", "*"), 409, "exists")
		d.wants(d.ask("PUT", c.path, read.Body.String(), "If-Match", `"1"`), 200, "") // what was read can be sent back
		if got := d.wants(d.ask("DELETE", c.path, "", "If-Match", `"1"`), 200, ""); got["enabled"] != false || got["revision"] != 2.0 {
			t.Errorf("%s: %v", c.path, got)
		}
		d.wants(d.ask("PUT", c.path, c.body, "If-Match", `"1"`), 412, "revision_conflict")
		d.wants(d.ask("POST", c.path+"/enable", "", "If-Match", `"7"`), 412, "revision_conflict")
		if got := d.wants(d.ask("POST", c.path+"/enable", ""), 200, ""); got["enabled"] != true {
			t.Errorf("%s: %v", c.path, got)
		}
		if !strings.HasSuffix(c.path, "/all") {
			d.wants(d.ask("GET", c.path+"x", ""), 404, "not_found")
		}
	}
	for body, code := range map[string]string{`{"merchant":"acme2"}`: "request_invalid", `{"merchant":"acme3","colour":1}`: "request_invalid",
		`[]`: "request_unreadable", ``: "request_unreadable"} {
		status := map[string]int{"request_invalid": 422, "request_unreadable": 400}[code]
		d.wants(d.ask("PUT", "/v1/merchants/acme3", body), status, code)
	}
	for query, want := range map[string]int{"": 2, "?merchant=acme": 2, "?merchant=other": 0, "?limit=1": 1, "?cursor=acme/all": 1} {
		if got := d.wants(d.ask("GET", "/v1/settings"+query, ""), 200, ""); len(got["items"].([]any)) != want || (got["next_cursor"] != nil) != (query == "?limit=1") {
			t.Errorf("%s: %v", query, got)
		}
	}
	d.wants(d.ask("GET", "/v1/settings?limit=0", ""), 400, "query_invalid")
}

func TestEveryChangeStandsInTheAuditLog(t *testing.T) {
	d := open(t, true)
	token := "Bearer " + d.person("ann", access.Admin)
	viewer := "Bearer " + d.person("vic", access.Viewer)
	d.ask("PUT", "/v1/merchants/acme", `{"merchant":"acme"}`, "Authorization", token)
	d.ask("DELETE", "/v1/merchants/acme", "", "Authorization", viewer)
	d.ask("DELETE", "/v1/merchants/acme", "") // nobody known: told in the log of the program, since anybody could fill a disk
	d.ask("GET", "/v1/merchants/acme", "", "Authorization", token)
	got := d.wants(d.ask("GET", "/v1/audit?limit=3&cursor=2", "", "Authorization", token), 200, "")
	var lines []string
	for _, item := range got["items"].([]any) {
		e := item.(map[string]any)
		lines = append(lines, strings.Join([]string{e["actor"].(string), e["action"].(string), e["target"].(string)}, " "))
	}
	want := []string{"user:ann add merchant/acme", "user:ann request PUT /v1/merchants/acme", "user:vic refused DELETE /v1/merchants/acme"}
	if !slices.Equal(lines, want) || got["next_cursor"] != nil {
		t.Errorf("%v %v", lines, got["next_cursor"])
	}
	if got := d.wants(d.ask("GET", "/v1/audit/verify", "", "Authorization", token), 200, ""); got["ok"] != true || got["entries"] != 5.0 {
		t.Errorf("%v", got)
	}
	w := d.ask("GET", "/v1/export/audit?format=csv", "", "Authorization", token)
	if lines := strings.Split(strings.TrimSpace(w.Body.String()), "\r\n"); w.Code != 200 || len(lines) != 6 || !strings.HasPrefix(lines[0], "n,at,actor,action,target") {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}

func TestPeopleAreManagedByAdmins(t *testing.T) {
	d := open(t, true)
	admin := []string{"Authorization", "Bearer " + d.person("ann", access.Admin)}
	got := d.wants(d.ask("POST", "/v1/people", `{"name":"bob","role":"viewer"}`, admin...), 201, "")
	bob := "Bearer " + got["token"].(string)
	d.wants(d.ask("GET", "/v1/merchants", "", "Authorization", bob), 200, "")
	d.wants(d.ask("POST", "/v1/people", `{"name":"bob","role":"viewer"}`, admin...), 409, "exists")
	d.wants(d.ask("POST", "/v1/people", `{"name":"B O B","role":"viewer"}`, admin...), 422, "request_invalid")
	d.wants(d.ask("PUT", "/v1/people/cid", `{"name":"cid","role":"viewer"}`, admin...), 404, "not_found")
	d.wants(d.ask("PUT", "/v1/people/bob", `{"name":"bob","role":"operator"}`, append(admin, "If-Match", `"1"`)...), 200, "")
	d.wants(d.ask("DELETE", "/v1/people/ann", "", admin...), 409, "last_admin")
	other := d.wants(d.ask("POST", "/v1/people/bob/token", "", admin...), 200, "")["token"].(string)
	d.wants(d.ask("GET", "/v1/merchants", "", "Authorization", bob), 401, "unauthorized")
	d.wants(d.ask("GET", "/v1/merchants", "", "Authorization", "Bearer "+other), 200, "")
	d.wants(d.ask("DELETE", "/v1/people/bob", "", admin...), 200, "")
	d.wants(d.ask("GET", "/v1/merchants", "", "Authorization", "Bearer "+other), 401, "unauthorized")
	list := d.ask("GET", "/v1/people", "", admin...)
	if strings.Contains(list.Body.String(), "tpo_") || len(d.wants(list, 200, "")["items"].([]any)) != 2 {
		t.Errorf("%s", list.Body)
	}
}

// TestTheDescriptionNamesWhatIsThere: every reference leads somewhere, every operation has a name of its own, and a path with its parameters.
func TestTheDescriptionNamesWhatIsThere(t *testing.T) {
	d := open(t, false)
	w := d.ask("GET", "/openapi.json", "")
	var doc struct {
		OpenAPI    string                               `json:"openapi"`
		Paths      map[string]map[string]map[string]any `json:"paths"`
		Components struct {
			Schemas   map[string]any `json:"schemas"`
			Responses map[string]any `json:"responses"`
		} `json:"components"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil || w.Code != 200 || doc.OpenAPI != "3.1.0" {
		t.Fatalf("%d %v", w.Code, err)
	}
	for _, m := range regexp.MustCompile(`"\$ref":"#/components/(\w+)/(\w+)"`).FindAllStringSubmatch(w.Body.String(), -1) {
		if doc.Components.Schemas[m[2]] == nil && doc.Components.Responses[m[2]] == nil {
			t.Errorf("%s/%s is not there", m[1], m[2])
		}
	}
	ids := map[string]bool{}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			id := op["operationId"].(string)
			if ids[id] || op["summary"] == "" {
				t.Errorf("%s %s: %v", method, path, op)
			}
			ids[id] = true
			if w := d.ask(strings.ToUpper(method), regexp.MustCompile(`\{\w+\}`).ReplaceAllString(path, "some"), "{}"); w.Code == 404 || w.Code == 405 {
				t.Errorf("%s %s: %d", method, path, w.Code)
			}
		}
	}
	for _, path := range []string{"/v1/payments", "/v1/tills/{id}", "/v1/limits/{id}/enable", "/v1/settings/{merchant}/all", "/v1/export/records", "/v1/session"} {
		if doc.Paths[path] == nil {
			t.Errorf("%s is not described; there are %v", path, slices.Sorted(maps.Keys(doc.Paths)))
		}
	}
	properties, _ := json.Marshal(doc.Components.Schemas["TillShape"])
	if !strings.Contains(string(properties), "public_key") {
		t.Errorf("%s", properties)
	}
}

func TestAnAnswerLeavesOnlyWhenTheAuditLogHasIt(t *testing.T) {
	d := open(t, true)
	var logged []string
	h := d.office.Let(access.Admin, func(w http.ResponseWriter, r *http.Request, who access.Person) {
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "done")
	})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("POST", "/v1/other/part", nil))
	for e, err := range d.Audit(t.Context(), 0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		logged = append(logged, e.Actor+" "+e.Target)
		if e.Status != http.StatusTeapot {
			t.Errorf("%+v", e)
		}
	}
	if w.Code != http.StatusTeapot || w.Body.String() != "done" || !slices.Equal(logged, []string{"open POST /v1/other/part"}) {
		t.Errorf("%d %s %v", w.Code, w.Body, logged)
	}
}
