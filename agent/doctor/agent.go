package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/agent/api"
)

// askTime bounds the talk with the running till.
const askTime = 5 * time.Second

// Why a running till was not asked.
var (
	errNoToken  = errors.New("no api-token can be read")
	errStranger = errors.New("what answers at the till's address is not this till")
)

// ask gets the running till's status, over the loopback address that the configuration names and with the token of its data folder: no proxy, no redirect.
func ask(ctx context.Context, config *agent.Config) (*api.Status, error) {
	token, err := os.ReadFile(agent.PathsIn(config.Data).Token)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoToken, err)
	}
	ctx, stop := context.WithTimeout(ctx, askTime)
	defer stop()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+config.API.Listen+"/v1/status", http.NoBody)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	status := &api.Status{}
	if answer.StatusCode != http.StatusOK || json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(status) != nil || status.Till != config.Till {
		return nil, fmt.Errorf("%w (%s)", errStranger, http.StatusText(answer.StatusCode))
	}
	return status, nil
}

// runs says whether the till runs. One that does not is no problem by itself: a till is examined before its first start too.
func runs(_ context.Context, t *till) []Finding {
	switch {
	case t.status != nil:
		return fine(fmt.Sprintf("the till runs at http://%s and is %s", t.config.API.Listen, t.status.Mode))
	case errors.Is(t.silent, errNoToken) && errors.Is(t.silent, fs.ErrPermission):
		return missing("nobody can tell whether the till runs: its "+agent.PathsIn(t.config.Data).Token+" cannot be read by this user", "Run this as the till's user.")
	case errors.Is(t.silent, errStranger):
		return bad(fmt.Sprintf("something else than this till answers at %s", t.config.API.Listen), "Stop it, or give the till another api.listen.")
	}
	return warn("the till does not run: what only it knows (devices, clock, delivery) is not told here", "Start it: tillproof run -c "+t.Config+", and examine it again.")
}
