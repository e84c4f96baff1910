package agent

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/sync/wire"
)

const (
	enrolWithin = 20 * time.Second // one question to the platform
	enrolClock  = 5 * time.Minute  // how far the till's clock may be off: certificates begin an hour early, law 11 doubts more than two minutes
	mostAnswer  = 64 << 10         // bytes
)

// greet asks who the platform is, and believes it only when the code says the same. Whoever answers learns nothing.
func (e *enrolment) greet(ctx context.Context) (*wire.EnrolGreeting, []byte, error) {
	// No authority is known yet: what comes is checked against the code.
	stranger := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true}
	var g wire.EnrolGreeting
	if err := e.exchange(ctx, stranger, http.MethodGet, nil, &g); err != nil {
		return nil, nil, err
	}
	list, err := certificates([]byte(g.CA))
	var root cose.PublicKey
	if err == nil {
		root, err = cose.ParsePublicKey(g.RootKey)
	}
	if err != nil {
		return nil, nil, errWrongPlatform(err)
	}
	if !e.code.Names(list[0].Raw, root) {
		return nil, nil, errWrongPlatform(nil)
	}
	if at, err := time.Parse(time.RFC3339, g.At); err == nil {
		if off := time.Since(at); off.Abs() > enrolClock {
			return nil, nil, errClockOff(off)
		}
	}
	return &g, list[0].Raw, nil
}

// ask sends the code and what proves the keys, over TLS to the platform that the code names.
func (e *enrolment) ask(ctx context.Context, authority []byte) (*wire.EnrolAnswer, error) {
	csr, err := newCSR(e.tls)
	if err != nil {
		return nil, err
	}
	proof, err := e.signer.Detached(e.code.Proof(csr), cose.ForEnrol)
	if err != nil {
		return nil, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool() // a machine without authorities of its own
	}
	own, err := x509.ParseCertificate(authority)
	if err != nil {
		return nil, errWrongPlatform(err)
	}
	pool.AddCert(own)
	body, err := json.Marshal(&wire.EnrolRequest{Code: e.code.String(), CSR: hex.EncodeToString(csr), PublicKey: hex.EncodeToString(e.signer.Public()),
		Signature: hex.EncodeToString(proof)})
	if err != nil {
		return nil, err
	}
	var a wire.EnrolAnswer
	return &a, e.exchange(ctx, &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}, http.MethodPost, body, &a)
}

// exchange asks one question. Redirects are not followed.
func (e *enrolment) exchange(ctx context.Context, config *tls.Config, method string, body []byte, to any) error {
	ctx, cancel := context.WithTimeout(ctx, enrolWithin)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, e.platform.String(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	transport := &http.Transport{TLSClientConfig: config, Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		return e.unreachable(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, mostAnswer))
	if err != nil {
		return e.unreachable(err)
	}
	if response.StatusCode != http.StatusOK {
		return problemOf(response.StatusCode, text)
	}
	if err := json.Unmarshal(text, to); err != nil {
		return errWrongPlatform(err)
	}
	return nil
}

// unreachable tells a wrong name or clock from a network that is away.
func (e *enrolment) unreachable(err error) *pos.Error {
	var invalid x509.CertificateInvalidError
	var verification *tls.CertificateVerificationError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return errEnrol("enrol_clock_off", "The platform's certificate is not valid by this machine's clock.",
			"Set the clock (date, time, zone) and repeat the command; if it is right, tell the platform's people.", err)
	case errors.As(err, &verification):
		return errWrongPlatform(err)
	}
	return pos.NewError("enrol_no_network", pos.Transient, pos.NoneMoved, fmt.Sprintf("The platform at %s cannot be reached, or did not answer.", e.platform.Host),
		"Check network and address, and repeat the command with the same code: what was done already is not done twice.").Because(err)
}

// problemOf passes on what the platform says (RFC 9457).
func problemOf(status int, text []byte) *pos.Error {
	var p struct {
		Title string        `json:"title"`
		Code  pos.ErrorCode `json:"code"`
		Next  string        `json:"next"`
	}
	if err := json.Unmarshal(text, &p); err != nil || p.Code == "" {
		return errWrongPlatform(fmt.Errorf("HTTP status %d", status))
	}
	retry := pos.Permanent
	if status == http.StatusServiceUnavailable {
		retry = pos.Transient
	}
	return pos.NewError(p.Code, retry, pos.NoneMoved, p.Title, p.Next)
}

func errWrongPlatform(err error) *pos.Error {
	return errEnrol("enrol_wrong_platform", "Who answers at this address is not the platform that the code names; it was told nothing.",
		"Compare address and code with what the platform's people gave you.", err)
}

func errClockOff(by time.Duration) *pos.Error {
	direction := "ahead of"
	if by < 0 {
		direction = "behind"
	}
	return errEnrol("enrol_clock_off", fmt.Sprintf("This machine's clock is %s %s the platform's.", by.Abs().Round(time.Second), direction),
		"Set the clock (date, time, zone) and repeat the command.", nil)
}
