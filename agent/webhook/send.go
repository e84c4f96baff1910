package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	sendTime   = 10 * time.Second // for one try, from name to answer
	mostAnswer = 4 << 10          // bytes of an answer that are read, so that the connection can be used again
)

// message is the body of a request (Standard Webhooks 1.0.0, "Payload structure").
type message struct {
	Type      Type   `json:"type"`
	Timestamp string `json:"timestamp"`
	Data      any    `json:"data"`
}

// outcome is what became of one try. reason is empty when the event was taken.
type outcome struct {
	reason   string
	answered bool // the receiver itself refused: it is there, so others may pass
	gone     bool // it asks for no more
}

// sender makes the requests of all hooks.
type sender struct{ client *http.Client }

// newSender makes a client that goes where it is told and nowhere else: no proxy, no redirects, no cookies. dial is nil for the network.
func newSender(dial func(ctx context.Context, network, address string) (net.Conn, error)) *sender {
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	return &sender{&http.Client{
		Transport: &http.Transport{DialContext: dial, MaxIdleConnsPerHost: 1, IdleConnTimeout: 30 * time.Second, TLSHandshakeTimeout: sendTime,
			MaxResponseHeaderBytes: 16 << 10, DisableCompression: true, ForceAttemptHTTP2: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// send tries once. The header webhook-timestamp is the wall clock, doubted or not: a notice moves no money, and a receiver that minds refuses it.
func (s *sender) send(ctx context.Context, target *Target, event *Event) outcome {
	body, err := json.Marshal(message{event.Type, time.UnixMilli(event.At).UTC().Format("2006-01-02T15:04:05.000Z"), event.Data})
	if err != nil {
		return outcome{reason: "the event cannot be written as JSON", answered: true}
	}
	ctx, stop := context.WithTimeout(ctx, sendTime)
	defer stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target.URL, bytes.NewReader(body))
	if err != nil {
		return outcome{reason: "the address cannot be used"}
	}
	now := time.Now().Unix()
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "tillproof")
	request.Header.Set("webhook-id", event.ID)
	request.Header.Set("webhook-timestamp", strconv.FormatInt(now, 10))
	request.Header.Set("webhook-signature", target.Secrets.sign(event.ID, now, body))
	request.Header["Idempotency-Key"] = []string{} // not sent; lets the client use a fresh connection when an idle one has just been closed
	answer, err := s.client.Do(request)
	if err != nil {
		return outcome{reason: unreachable(err)}
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, mostAnswer) // the status has said it all
	return judge(answer.StatusCode)
}

// judge reads the answer: 2xx has it, 410 wants no more, all else is to be tried again.
func judge(status int) outcome {
	switch {
	case status >= 200 && status < 300:
		return outcome{}
	case status >= 300 && status < 400:
		return outcome{reason: fmt.Sprintf("the receiver answered %d: redirects are not followed", status), answered: true}
	case status == http.StatusGone:
		return outcome{reason: "the receiver answered 410: it wants no more events", answered: true, gone: true}
	}
	return outcome{reason: fmt.Sprintf("the receiver answered %d", status), answered: !away(status)}
}

// away says whether an answer speaks for the receiver as a whole and not of this event: too many requests, or a gateway that has nobody behind it.
func away(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// unreachable says why there was no answer, without the address: its path may be a secret.
func unreachable(err error) string {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer within 10 s"
	}
	return "no answer: " + err.Error()
}
