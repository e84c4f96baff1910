package pki_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/platform/access"
	"github.com/tillproof/tillproof/sync/platform/database"
	"github.com/tillproof/tillproof/sync/platform/database/databasetest"
	"github.com/tillproof/tillproof/sync/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestOnEitherDatabase runs what depends on the database's words and locks, each on a database of its own.
func TestOnEitherDatabase(t *testing.T) {
	cases := []struct {
		name string
		run  func(t *testing.T, address string)
	}{
		{"a code enrols one till once", aCodeEnrolsOneTillOnce},
		{"two tills with one code", twoTillsWithOneCode},
		{"renewal and revocation of certificates", renewalAndRevocationOfCertificates},
		{"trust that was taken never comes back", trustThatWasTakenNeverComesBack},
		{"the root vouches for keys", theRootVouchesForKeys},
	}
	for _, c := range cases {
		t.Run("sqlite/"+c.name, func(t *testing.T) { c.run(t, databasetest.SQLite(t)) })
	}
	t.Run("postgres", func(t *testing.T) {
		server := databasetest.Postgres(t)
		for i, c := range cases {
			t.Run(c.name, func(t *testing.T) { c.run(t, inSchema(t, server, fmt.Sprintf("part%d", i))) })
		}
	})
}

// inSchema makes a schema, which is a database of its own for who looks nowhere else.
func inSchema(t *testing.T, address, name string) string {
	t.Helper()
	db, err := database.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Transact(t.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(t.Context(), "CREATE SCHEMA "+name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	query.Set("search_path", name)
	u.RawQuery = query.Encode()
	return u.String()
}

func aCodeEnrolsOneTillOnce(t *testing.T, address string) {
	b, a, thief := newBench(t, address), newAsker(t), newAsker(t)
	code := b.code("till-1", time.Hour)
	first, err := b.Enrol(t.Context(), a.request(code))
	if err != nil {
		t.Fatal(err)
	}
	c := leaf(t, first.Cert)
	if c.Subject.CommonName != "till-1" || len(c.DNSNames) != 0 || !a.key.PublicKey.Equal(c.PublicKey) || c.ExtKeyUsage[0] != x509.ExtKeyUsageClientAuth || c.IsCA {
		t.Errorf("%+v", c.Subject)
	}
	if life := c.NotAfter.Sub(c.NotBefore); life < 90*24*time.Hour || life > 91*24*time.Hour {
		t.Error(life)
	}
	if err := c.CheckSignatureFrom(leaf(t, first.CA)); err != nil {
		t.Error(err)
	}
	again, err := b.Enrol(t.Context(), a.request(code))
	if err != nil || again.Cert != first.Cert || again.Till != "till-1" || again.Merchant != "shop" || again.Broker != "tls://broker.example:8883" {
		t.Errorf("the same till, once more: %+v, %v", again, err)
	}
	if _, err := b.Enrol(t.Context(), thief.request(code)); !isCode(err, "enrol_code_used") {
		t.Errorf("another till: %v", err)
	}
	half := *a
	half.key = thief.key
	if _, err := b.Enrol(t.Context(), half.request(code)); !isCode(err, "enrol_code_used") {
		t.Errorf("another TLS key: %v", err)
	}
	keys, err := b.TillKeys(t.Context())
	if err != nil || len(keys) != 1 || !keys[0].Public.Equal(a.signer.Public()) || !b.learned["till-1"][0].Equal(a.signer.Public()) {
		t.Errorf("%+v, %v", keys, err)
	}
	second := newAsker(t) // the disk of the till was lost
	if _, err := b.Enrol(t.Context(), second.request(b.code("till-1", time.Hour))); err != nil {
		t.Error(err)
	}
	if keys, _ := b.TillKeys(t.Context()); len(keys) != 2 {
		t.Error("the former key was forgotten: its records could not come any more")
	}
	if _, err := b.NewCode(t.Context(), "other", "till-1", time.Hour); !isCode(err, "request_invalid") {
		t.Errorf("a till of another merchant: %v", err)
	}
}

// twoTillsWithOneCode lets many ask at the same moment: exactly one is enrolled.
func twoTillsWithOneCode(t *testing.T, address string) {
	b := newBench(t, address)
	code := b.code("till-1", time.Hour)
	var group sync.WaitGroup
	var mu sync.Mutex
	won, used := 0, 0
	for range 8 {
		request := newAsker(t).request(code)
		group.Go(func() {
			_, err := b.Enrol(t.Context(), request)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				won++
			case isCode(err, "enrol_code_used"):
				used++
			default:
				t.Error(err)
			}
		})
	}
	group.Wait()
	if won != 1 || used != 7 {
		t.Errorf("%d were enrolled, %d refused", won, used)
	}
}

func TestRequestsThatProveNothing(t *testing.T) {
	b, a, other := newBench(t, databasetest.SQLite(t)), newAsker(t), newAsker(t)
	good, elsewhere := b.code("till-1", time.Hour), newBench(t, databasetest.SQLite(t)).code("till-1", time.Hour)
	changed := func(change func(*wire.EnrolRequest)) *wire.EnrolRequest {
		r := a.request(good)
		change(r)
		return r
	}
	rsaLike, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, ed25519.NewKeyFromSeed(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		request *wire.EnrolRequest
		code    pos.ErrorCode
	}{
		"unknown code":            {a.request(wire.NewEnrolCode([]byte("x"), b.signer.Public()).String()), "enrol_code_unknown"},
		"code of another":         {a.request(elsewhere), "enrol_code_unknown"},
		"no code":                 {changed(func(r *wire.EnrolRequest) { r.Code = "" }), "enrol_code_unknown"},
		"somebody's public key":   {changed(func(r *wire.EnrolRequest) { r.PublicKey = hex.EncodeToString(other.signer.Public()) }), "enrol_request_invalid"},
		"somebody's CSR":          {changed(func(r *wire.EnrolRequest) { r.CSR = hex.EncodeToString(other.csr()) }), "enrol_request_invalid"},
		"a signature for another": {changed(func(r *wire.EnrolRequest) { r.Signature = other.request(good).Signature }), "enrol_request_invalid"},
		"another kind of key": {changed(func(r *wire.EnrolRequest) {
			code, _ := wire.ParseEnrolCode(good)
			proof, _ := a.signer.Detached(code.Proof(rsaLike), cose.ForEnrol)
			r.CSR, r.Signature = hex.EncodeToString(rsaLike), hex.EncodeToString(proof)
		}), "enrol_request_invalid"},
		"a CSR that is bent": {changed(func(r *wire.EnrolRequest) {
			csr := a.csr()
			csr[len(csr)-1] ^= 1
			code, _ := wire.ParseEnrolCode(good)
			proof, _ := a.signer.Detached(code.Proof(csr), cose.ForEnrol)
			r.CSR, r.Signature = hex.EncodeToString(csr), hex.EncodeToString(proof)
		}), "enrol_request_invalid"},
	} {
		if answer, err := b.Enrol(t.Context(), c.request); !isCode(err, c.code) {
			t.Errorf("%s: %+v, %v", name, answer, err)
		}
	}
	if _, err := b.Enrol(t.Context(), a.request(good)); err != nil {
		t.Errorf("the code was used up by requests that were refused: %v", err)
	}
	expired := false
	for tries := 0; tries < 1000 && !expired; tries++ { // the clock of a machine under load may stand within the millisecond
		_, err := b.Enrol(t.Context(), a.request(b.code("till-2", time.Millisecond)))
		expired = isCode(err, "enrol_code_expired")
	}
	if !expired {
		t.Error("a code lasts for ever")
	}
	for _, name := range []pos.TillID{"platform", "platform-1", "#", "till/2"} {
		if _, err := b.NewCode(t.Context(), "shop", name, time.Hour); !isCode(err, "request_invalid") {
			t.Errorf("a code for till %q: %v", name, err)
		}
	}
}

func TestOnlyHashesOfCodesAreKept(t *testing.T) {
	path := databasetest.SQLite(t)
	b := newBench(t, path)
	code := strings.ReplaceAll(b.code("till-1", time.Hour), "-", "")
	if err := b.db.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), code[:16]) {
			t.Errorf("%s holds the code", file)
		}
	}
	info, err := os.Stat(filepath.Join(b.dir, "ca-key.pem"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

// openDoor lets everybody in.
type openDoor struct{}

func (openDoor) Let(need access.Role, answer access.Answer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answer(w, r, access.Person{Name: "tester", Role: need}) })
}

func TestTheHTTPAPI(t *testing.T) {
	b := newBench(t, databasetest.SQLite(t))
	mux := http.NewServeMux()
	b.Enrolment(mux)
	b.Routes(mux, openDoor{})
	ask := func(method, path, body string) (int, string) {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
		return w.Code, w.Body.String()
	}
	for _, c := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"GET", "/v1/enrol", "", 404, "not_found"},
		{"POST", "/v1/enrol-codes", `{"merchant":"shop","till":"till-1"}`, 200, `"code":"`},
		{"GET", "/v1/enrol", "", 200, `"root_key":"` + hex.EncodeToString(b.signer.Public())},
		{"POST", "/v1/enrol", "{}", 403, "enrol_code_unknown"},
		{"POST", "/v1/enrol", "nothing", 422, "enrol_request_invalid"},
		{"POST", "/v1/enrol", strings.Repeat(" ", 20<<10), 422, "enrol_request_invalid"},
		{"POST", "/v1/enrol-codes", `{"merchant":"shop","till":"till-1"}`, 200, `"code":"`},
		{"POST", "/v1/enrol-codes", `{"merchant":"shop","till":"till-1","valid_s":-1}`, 422, "request_invalid"},
		{"POST", "/v1/enrol-codes", `{"merchant":"shop","till":"till-1","valid_s":9223372036854775807}`, 422, "request_invalid"},
		{"GET", "/v1/certificates", "", 200, `{"items":[]}`},
		{"GET", "/v1/revocations", "", 200, `{"items":[]}`},
		{"GET", "/v1/keys", "", 200, b.signer.ID().String()},
	} {
		if status, body := ask(c.method, c.path, c.body); status != c.status || !strings.Contains(body, c.says) {
			t.Errorf("%s %s: %d %s", c.method, c.path, status, body)
		}
	}
	for n := 0; ; n++ {
		status, body := ask("POST", "/v1/enrol", "{}")
		if status == 429 && strings.Contains(body, `"too_many_requests"`) {
			return
		}
		if status != 403 || n > 20 {
			t.Fatalf("%d %s after %d guesses", status, body, n)
		}
	}
}
