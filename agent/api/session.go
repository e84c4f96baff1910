package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tillproof/tillproof/pos"
)

// sessionCookie carries a session's secret. Scripts cannot read it, and no other site's page makes a browser send it.
const sessionCookie = "tillproof_session"

type pairingOutput struct {
	Body struct {
		Code      string `json:"code" doc:"Six digits, good for one browser" example:"482199"`
		ExpiresAt string `json:"expires_at" format:"date-time"`
	}
}

type sessionInput struct {
	Body struct {
		Code string `json:"code" maxLength:"16" doc:"The six digits of POST /v1/pairings"`
	}
}

type sessionState struct {
	Body struct {
		Paired bool       `json:"paired"`
		Till   pos.TillID `json:"till"`
	}
}

type cookieOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
}

// browser is who asks for a session. It reads the request itself, since the framework hides cookies of one name behind each other.
type browser struct {
	secrets []string
	paired  bool
	secure  bool
}

type browserKey struct{}

// withBrowser lets the handlers of the session see who asks.
func (s *server) withBrowser(ctx huma.Context, next func(huma.Context)) {
	b := browser{secure: ctx.TLS() != nil}
	r := http.Request{Header: http.Header{"Cookie": {ctx.Header("Cookie")}, "Sec-Fetch-Site": {ctx.Header("Sec-Fetch-Site")}}}
	b.paired = s.isPaired(&r)
	for _, c := range r.CookiesNamed(sessionCookie) {
		b.secrets = append(b.secrets, c.Value)
	}
	next(huma.WithValue(ctx, browserKey{}, b))
}

func browserOf(ctx context.Context) browser {
	b, _ := ctx.Value(browserKey{}).(browser)
	return b
}

func (s *server) registerSessions(api huma.API) {
	with := huma.Middlewares{s.withBrowser}
	huma.Register(api, huma.Operation{OperationID: "offer-pairing", Method: http.MethodPost, Path: "/v1/pairings", DefaultStatus: http.StatusOK,
		Security: []map[string][]string{{"token": {}}}, Summary: "Get a code that pairs one browser",
		Description: "Good for 10 minutes, one use and 5 wrong tries. A new code takes the place of the one before. Needs the token."}, s.offerPairing)
	huma.Register(api, huma.Operation{OperationID: "pair", Method: http.MethodPost, Path: "/v1/session", DefaultStatus: http.StatusNoContent,
		Security: forEverybody(), Middlewares: with, Summary: "Pair this browser", Description: "Sets the cookie of a session of 90 days."}, s.pair)
	huma.Register(api, huma.Operation{OperationID: "get-session", Method: http.MethodGet, Path: "/v1/session", Security: forEverybody(), Middlewares: with,
		Summary: "Whether this browser is paired"}, s.session)
	huma.Register(api, huma.Operation{OperationID: "unpair", Method: http.MethodDelete, Path: "/v1/session", DefaultStatus: http.StatusNoContent,
		Security: forEverybody(), Middlewares: with, Summary: "End this browser's session, if it has one"}, s.unpair)
}

func (s *server) offerPairing(context.Context, *struct{}) (*pairingOutput, error) {
	code, ends, err := s.Sessions.newCode(time.Now())
	if err != nil {
		return nil, problemOf(err)
	}
	out := &pairingOutput{}
	out.Body.Code, out.Body.ExpiresAt = code, Timestamp(ends.UnixMilli())
	return out, nil
}

func (s *server) pair(ctx context.Context, in *sessionInput) (*cookieOutput, error) {
	secret, err := s.Sessions.redeem(in.Body.Code, time.Now())
	if err != nil {
		return nil, problemOf(err)
	}
	return &cookieOutput{cookie(ctx, secret, int(sessionLife/time.Second))}, nil
}

func (s *server) session(ctx context.Context, _ *struct{}) (*sessionState, error) {
	out := &sessionState{}
	out.Body.Paired, out.Body.Till = browserOf(ctx).paired, s.Till
	return out, nil
}

func (s *server) unpair(ctx context.Context, _ *struct{}) (*cookieOutput, error) {
	for _, secret := range browserOf(ctx).secrets {
		if err := s.Sessions.drop(secret); err != nil {
			return nil, problemOf(err)
		}
	}
	return &cookieOutput{cookie(ctx, "", -1)}, nil
}

func cookie(ctx context.Context, secret string, age int) http.Cookie {
	return http.Cookie{Name: sessionCookie, Value: secret, Path: "/", MaxAge: age, HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: browserOf(ctx).secure}
}
