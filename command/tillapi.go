package command

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/pos"
)

// Bounds of a talk with a running till.
const (
	tillTime  = 5 * time.Minute // a card terminal that talks to its host over a slow line
	mostReply = 16 << 20        // bytes
)

// tillAPI is the way to a running till, with the token from its data folder.
type tillAPI struct {
	base, listen, token string
	client              *http.Client
}

// openTillAPI reads where the till listens and its token. It asks nothing yet.
func openTillAPI(config agent.Config) (*tillAPI, error) {
	token, err := os.ReadFile(agent.PathsIn(config.Data).Token)
	if err != nil {
		return nil, errNoToken(config.API.Listen, err)
	}
	return &tillAPI{base: "http://" + config.API.Listen, listen: config.API.Listen, token: strings.TrimSpace(string(token)),
		client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}, nil
}

// errNoToken is a till whose token is not there, as before its first start, or that this user may not talk to.
func errNoToken(listen string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return pos.NewError("till_away", pos.Permanent, pos.NoneMoved, "This user may not read the till's token.", "Run this as the till's user. Nothing was changed.").Because(err)
	}
	return errNoTill(listen, err)
}

// ask sends body, nil for none, and reads the answer into out. A problem that the till answers is a *pos.Error in its own words.
func (t *tillAPI) ask(ctx context.Context, method, path string, body, out any) error {
	ctx, stop := context.WithTimeout(ctx, tillTime)
	defer stop()
	content, err := json.Marshal(body)
	if err != nil {
		return err
	}
	if body == nil {
		content = nil
	}
	r, err := http.NewRequestWithContext(ctx, method, t.base+path, bytes.NewReader(content))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+t.token)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := t.client.Do(r)
	if err != nil {
		return errNoTill(t.listen, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, mostReply))
	switch {
	case err != nil:
		return errNoTill(t.listen, err)
	case answer.StatusCode != http.StatusOK:
		return t.problem(answer.StatusCode, text)
	case json.Unmarshal(text, out) != nil:
		return errOtherTill(t.listen, "another kind of answer")
	}
	return nil
}

// problem is what the till says when it does not do something.
func (t *tillAPI) problem(status int, text []byte) error {
	var p struct {
		Code   pos.ErrorCode
		Detail string
		Money  pos.MoneyState
		Next   string
	}
	if json.Unmarshal(text, &p) != nil || p.Code == "" || status == http.StatusUnauthorized {
		return errOtherTill(t.listen, http.StatusText(status))
	}
	err := pos.NewError(p.Code, pos.Permanent, p.Money, p.Detail, p.Next)
	switch p.Code {
	case "not_found", "request_invalid":
		return exit(exitUsage, err)
	case "not_supported", "terminal_refused":
		return exit(exitNot, err)
	}
	return err
}

// text reads an answer that is no JSON.
func (t *tillAPI) text(ctx context.Context, path string) ([]byte, error) {
	ctx, stop := context.WithTimeout(ctx, pairTime)
	defer stop()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, t.base+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+t.token)
	answer, err := t.client.Do(r)
	if err != nil {
		return nil, errNoTill(t.listen, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, errOtherTill(t.listen, http.StatusText(answer.StatusCode))
	}
	return io.ReadAll(io.LimitReader(answer.Body, mostReply))
}
