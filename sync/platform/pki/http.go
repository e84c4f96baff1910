package pki

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/sync/platform/access"
	"github.com/tillproof/tillproof/sync/platform/answer"
	"github.com/tillproof/tillproof/sync/wire"
)

// maxBody bounds a request to enrol, in bytes.
const maxBody = 16 << 10

// Enrolment answers tills that have a code and nothing else yet: they show no token. GET /v1/enrol says who the platform is, POST /v1/enrol enrols.
func (p *PKI) Enrolment(mux *http.ServeMux) {
	mux.HandleFunc("GET /v1/enrol", func(w http.ResponseWriter, r *http.Request) {
		greeting, err := p.Greet(r.Context())
		write(w, greeting, err)
	})
	mux.HandleFunc("POST /v1/enrol", func(w http.ResponseWriter, r *http.Request) {
		answer, err := p.enrol(w, r)
		write(w, answer, err)
	})
}

// enrol is one request to enrol, which costs its sender when it fails.
func (p *PKI) enrol(w http.ResponseWriter, r *http.Request) (*wire.EnrolAnswer, error) {
	from := sender(r)
	if err := p.throttle.allow(from); err != nil {
		return nil, err
	}
	var asked wire.EnrolRequest
	if err := read(w, r, &asked); err != nil {
		p.throttle.failed(from)
		return nil, errRequest(err)
	}
	answer, err := p.Enrol(r.Context(), &asked)
	if refused := (*pos.Error)(nil); errors.As(err, &refused) && refused.Retry == pos.Permanent {
		p.throttle.failed(from)
	}
	return answer, err
}

// Routes are the back office's: certificates, revocations and keys to look at, codes to make.
func (p *PKI) Routes(mux *http.ServeMux, door access.Door) {
	mux.Handle("GET /v1/certificates", door.Let(access.Viewer, p.certificates))
	mux.Handle("GET /v1/revocations", door.Let(access.Viewer, p.revocations))
	mux.Handle("GET /v1/keys", door.Let(access.Viewer, p.keys))
	mux.Handle("POST /v1/enrol-codes", door.Let(access.Admin, p.newCode))
}

type certificateLine struct {
	Certificate
	BeginsAt  string `json:"begins_at"`
	EndsAt    string `json:"ends_at"`
	RevokedAt string `json:"revoked_at,omitempty"`
}

// Line is a certificate as the API and the commands show it.
func (c Certificate) Line() any {
	l := certificateLine{Certificate: c, BeginsAt: answer.Stamp(c.BeginsAt), EndsAt: answer.Stamp(c.EndsAt)}
	if c.RevokedAt > 0 {
		l.RevokedAt = answer.Stamp(c.RevokedAt)
	}
	return l
}

func (p *PKI) certificates(w http.ResponseWriter, r *http.Request, _ access.Person) {
	list, err := p.Certificates(r.Context())
	items := make([]any, len(list))
	for i := range list {
		items[i] = list[i].Line()
	}
	write(w, map[string]any{"items": items}, err)
}

type revocationLine struct {
	Kid    string `json:"kid"`
	Till   string `json:"till"`
	Epoch  string `json:"epoch,omitempty"`
	Seq    uint64 `json:"seq"`
	Reason string `json:"reason,omitempty"`
	At     string `json:"revoked_at"`
}

// Line is a revocation as the API and the commands show it.
func (v Revocation) Line() any {
	l := revocationLine{Kid: v.Kid.String(), Till: string(v.Till), Seq: uint64(v.Last.Seq), Reason: v.Reason, At: answer.Stamp(v.At)}
	if v.Last.Epoch != (pos.Epoch{}) {
		l.Epoch = v.Last.Epoch.String()
	}
	return l
}

func (p *PKI) revocations(w http.ResponseWriter, r *http.Request, _ access.Person) {
	list, err := p.Revocations(r.Context())
	items := make([]any, len(list))
	for i := range list {
		items[i] = list[i].Line()
	}
	write(w, map[string]any{"items": items}, err)
}

func (p *PKI) keys(w http.ResponseWriter, r *http.Request, _ access.Person) {
	_, list, err := p.KeyList(r.Context())
	write(w, Draft(list), err)
}

func (p *PKI) newCode(w http.ResponseWriter, r *http.Request, _ access.Person) {
	asked := struct {
		Merchant pos.MerchantID `json:"merchant"`
		Till     pos.TillID     `json:"till"`
		ValidS   int64          `json:"valid_s"`
	}{ValidS: int64(CodeLife.Seconds())}
	if err := read(w, r, &asked); err != nil {
		write(w, nil, errArgument(err))
		return
	}
	if asked.ValidS > int64(MostCodeLife.Seconds()) {
		asked.ValidS = 0 // refused as out of range
	}
	life := time.Duration(asked.ValidS) * time.Second
	code, err := p.NewCode(r.Context(), asked.Merchant, asked.Till, life)
	write(w, map[string]any{"code": code.String(), "till": asked.Till, "merchant": asked.Merchant, "expires_at": answer.Stamp(clock() + life.Milliseconds())}, err)
}

func read(w http.ResponseWriter, r *http.Request, to any) error {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	return d.Decode(to)
}

// write answers with a value, or with a problem (RFC 9457).
func write(w http.ResponseWriter, value any, err error) {
	w.Header().Set("Cache-Control", "no-store")
	status, kind := http.StatusOK, "application/json"
	if err != nil {
		var e *pos.Error
		if !errors.As(err, &e) {
			e = pos.NewError("database_unusable", pos.Transient, pos.NoneMoved, "The platform's database did not answer.", "Try again in a moment.")
		}
		status, kind = statusOf(e.Code), "application/problem+json"
		value = map[string]any{"title": e.Text, "status": status, "code": e.Code, "money": e.Money, "next": e.Next}
	}
	if status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", strconv.Itoa(int(failureEvery.Seconds())))
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // the client has gone: nobody is left to tell
}

func statusOf(code pos.ErrorCode) int {
	switch code {
	case "enrol_code_unknown":
		return http.StatusForbidden
	case "enrol_code_used":
		return http.StatusConflict
	case "enrol_code_expired":
		return http.StatusGone
	case "enrol_request_invalid", "request_invalid":
		return http.StatusUnprocessableEntity
	case "not_found":
		return http.StatusNotFound
	case "too_many_requests":
		return http.StatusTooManyRequests
	}
	return http.StatusServiceUnavailable
}
