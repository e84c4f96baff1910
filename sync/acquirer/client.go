package acquirer

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/tillproof/tillproof/pos"
)

// Client is an [Acquirer] behind the protocol of this package. It may be used by many goroutines.
type Client struct {
	base, secret string
	http         *http.Client
	tell         func(Message) // nil for nobody
}

var _ Acquirer = (*Client)(nil)

// HTTP makes a client for an address such as "https://acquirer.example". The secret goes out as the bearer: beyond loopback the
// caller sees to it that the address is https. client may be nil for http.DefaultClient; redirects are not followed, since a
// payment call is made once. Calls end with their context; the caller gives them a deadline.
func HTTP(url, secret string, client *http.Client) *Client {
	if client == nil {
		client = http.DefaultClient
	}
	own := *client
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{base: strings.TrimRight(url, "/"), secret: secret, http: &own}
}

// Authorise is [Acquirer.Authorise].
func (c *Client) Authorise(ctx context.Context, order Order, code string) (Answer, error) {
	a, err := c.ask(ctx, "authorise", order.Ref, request{Order: orderOf(order), Code: code})
	if err == nil && a.State.HasMoney() && a.Amount != order.Amount {
		return Answer{}, unclear("authorise", fmt.Errorf("%s of %s for an order of %s", a.State, a.Amount, order.Amount))
	}
	return a, err
}

// Issue is [Acquirer.Issue].
func (c *Client) Issue(ctx context.Context, order Order, ttl time.Duration) (Issued, error) {
	r, err := c.call(ctx, "issue", order.Ref, request{Order: orderOf(order), TTL: ttl.Milliseconds()})
	if err != nil {
		return Issued{}, unclear("issue", err)
	}
	if r.Issued == nil || r.Issued.Payload == "" || r.Issued.ExpiresAt <= 0 {
		return Issued{}, unclear("issue", fmt.Errorf("no payload, or no end of it"))
	}
	return Issued{Payload: r.Issued.Payload, ExpiresAt: r.Issued.ExpiresAt}, nil
}

// Query is [Acquirer.Query].
func (c *Client) Query(ctx context.Context, ref string) (Answer, error) {
	return c.ask(ctx, "query", ref, request{Ref: ref})
}

// Cancel is [Acquirer.Cancel].
func (c *Client) Cancel(ctx context.Context, ref string) (Answer, error) {
	return c.ask(ctx, "cancel", ref, request{Ref: ref})
}

// Refund is [Acquirer.Refund].
func (c *Client) Refund(ctx context.Context, ref, refundID string, amount pos.Money) (Answer, error) {
	a, err := c.ask(ctx, "refund", ref, request{Ref: ref, Refund: refundID, moneyMessage: moneyOf(amount)})
	if err == nil && a.State == Refunded && a.Amount != amount {
		return Answer{}, unclear("refund", fmt.Errorf("%s given back instead of %s", a.Amount, amount))
	}
	return a, err
}

// Expect is [Acquirer.Expect].
func (c *Client) Expect(ctx context.Context, order Order, reference string) error {
	if _, err := c.call(ctx, "expect", order.Ref, request{Order: orderOf(order), Reference: reference}); err != nil {
		return unclear("expect", err)
	}
	return nil
}

// Capture is [Acquirer.Capture].
func (c *Client) Capture(ctx context.Context, order Order, captureID string) (Answer, error) {
	a, err := c.ask(ctx, "capture", order.Ref, request{Order: orderOf(order), Capture: captureID})
	if err == nil && a.State == Paid && a.Amount != order.Amount {
		return Answer{}, unclear("capture", fmt.Errorf("%s instead of %s", a.Amount, order.Amount))
	}
	return a, err
}

// ask makes a call whose response holds an answer.
func (c *Client) ask(ctx context.Context, path, ref string, body request) (Answer, error) {
	r, err := c.call(ctx, path, ref, body)
	if err != nil {
		return Answer{}, unclear(path, err)
	}
	a, err := r.Answer.answer()
	if err != nil {
		return Answer{}, unclear(path, err)
	}
	return a, nil
}

// call makes one call. Bodies are quoted in no error: the request may hold a customer's code.
func (c *Client) call(ctx context.Context, path, ref string, body request) (response, error) {
	body.Request = requestID()
	raw, err := json.Marshal(body)
	if err != nil {
		return response{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/v1/"+path, bytes.NewReader(raw))
	if err != nil {
		return response{}, err
	}
	req.GetBody = nil // nothing may send a payment call again by itself
	req.Header.Set("Authorization", "Bearer "+c.secret)
	req.Header.Set("Content-Type", "application/json")
	c.note(path, ref, body.secret(), Sent, 0, raw)
	answer, err := c.http.Do(req)
	if err != nil {
		c.note(path, ref, body.secret(), Failed, 0, []byte(err.Error()))
		return response{}, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, MaxMessage))
	if err != nil {
		c.note(path, ref, body.secret(), Failed, answer.StatusCode, text)
		return response{}, errors.New("the answer broke off")
	}
	c.note(path, ref, body.secret(), Received, answer.StatusCode, text)
	return readResponse(answer.StatusCode, text, body.Request, ref)
}

func readResponse(status int, text []byte, request, ref string) (response, error) {
	if status != http.StatusOK {
		return response{}, fmt.Errorf("status %d", status)
	}
	var r response
	if err := readBody(bytes.NewReader(text), &r); err != nil {
		return response{}, err
	}
	if r.Request != request || r.Ref != ref {
		return response{}, fmt.Errorf("the answer is that of another call")
	}
	return r, nil
}

// unclear is the only kind of error: the call may have been carried out.
func unclear(path string, err error) error {
	return pos.NewError("acquirer_unclear", pos.OutcomeUnknown, pos.MoneyUnknown, "The acquirer gave no clear answer to "+path+".",
		"Ask it what became of the payment; do not send it again.").Because(err)
}

func requestID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails since Go 1.24
	return hex.EncodeToString(b[:])
}
