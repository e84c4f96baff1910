package acquirer

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"time"
)

// Handler serves the protocol of this package in front of any Acquirer, for whoever knows the secret. It keeps nothing, logs
// nothing, and answers 502 when the Acquirer is unclear. An empty secret opens it to nobody.
func Handler(a Acquirer, secret string) http.Handler {
	mux := http.NewServeMux()
	served := routes(a)
	maps.Copy(served, cardRoutes(a))
	for path, serve := range served {
		mux.Handle("POST /v1/"+path, route(serve, secret))
	}
	return mux
}

// serveFunc carries out a checked call. errRefused says that nothing was tried.
type serveFunc func(ctx context.Context, r request) (response, error)

var errRefused = errors.New("acquirer: not understood")

func routes(a Acquirer) map[string]serveFunc {
	return map[string]serveFunc{
		"authorise": withOrder(func(ctx context.Context, o Order, r request) (response, error) {
			answer, err := a.Authorise(ctx, o, r.Code)
			return response{Answer: answerOf(answer)}, err
		}),
		"issue": withOrder(func(ctx context.Context, o Order, r request) (response, error) {
			issued, err := a.Issue(ctx, o, time.Duration(r.TTL)*time.Millisecond)
			return response{Issued: &issuedMessage{Payload: issued.Payload, ExpiresAt: issued.ExpiresAt}}, err
		}),
		"capture": withOrder(func(ctx context.Context, o Order, r request) (response, error) {
			if r.Capture == "" {
				return response{}, errRefused
			}
			answer, err := a.Capture(ctx, o, r.Capture)
			return response{Answer: answerOf(answer)}, err
		}),
		"expect": withOrder(func(ctx context.Context, o Order, r request) (response, error) {
			return response{}, a.Expect(ctx, o, r.Reference)
		}),
		"query":  withRef(func(ctx context.Context, r request) (Answer, error) { return a.Query(ctx, r.Ref) }),
		"cancel": withRef(func(ctx context.Context, r request) (Answer, error) { return a.Cancel(ctx, r.Ref) }),
		"refund": withRef(func(ctx context.Context, r request) (Answer, error) {
			if r.Refund == "" || r.Amount <= 0 || !r.Currency.Known() {
				return Answer{}, errRefused
			}
			return a.Refund(ctx, r.Ref, r.Refund, r.money())
		}),
	}
}

func withOrder(serve func(context.Context, Order, request) (response, error)) serveFunc {
	return func(ctx context.Context, r request) (response, error) {
		if r.Order.check() != nil {
			return response{}, errRefused
		}
		out, err := serve(ctx, r.Order.order(), r)
		out.Ref = r.Order.Ref
		return out, err
	}
}

func withRef(serve func(context.Context, request) (Answer, error)) serveFunc {
	return func(ctx context.Context, r request) (response, error) {
		if !refSpelled(r.Ref) {
			return response{}, errRefused
		}
		answer, err := serve(ctx, r)
		return response{Ref: r.Ref, Answer: answerOf(answer)}, err
	}
}

// route checks who calls and what, and writes the response.
func route(serve serveFunc, secret string) http.Handler {
	want := sha256.Sum256([]byte("Bearer " + secret))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := sha256.Sum256([]byte(r.Header.Get("Authorization")))
		if secret == "" || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			http.Error(w, "unauthorized", http.StatusUnauthorized)
			return
		}
		var in request
		if readBody(r.Body, &in) != nil || in.Request == "" {
			http.Error(w, "not understood", http.StatusBadRequest)
			return
		}
		out, err := serve(r.Context(), in)
		out.Request = in.Request
		write(w, out, err)
	})
}

func write(w http.ResponseWriter, out response, err error) {
	switch {
	case errors.Is(err, errRefused):
		http.Error(w, "not understood", http.StatusBadRequest)
		return
	case err != nil:
		http.Error(w, "unclear", http.StatusBadGateway)
		return
	}
	raw, err := json.Marshal(out)
	if err != nil {
		http.Error(w, "unclear", http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(raw) // who asked has gone if this fails, and asks again
}
