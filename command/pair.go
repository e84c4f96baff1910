package command

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/pos"
)

// pairTime bounds the talk with the till.
const pairTime = 5 * time.Second

// pairingCode is what the till answers, and what --json prints.
type pairingCode struct {
	Code      string `json:"code"`
	ExpiresAt string `json:"expires_at"`
	URL       string `json:"url"`
}

func pairCommand() *cobra.Command {
	var path string
	var asJSON bool
	c := &cobra.Command{Use: "pair -c till.yaml", Short: "Get a code that lets one browser use the till", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			config, err := agent.LoadConfig(path)
			if err != nil {
				return err
			}
			p, err := askPairing(c.Context(), config)
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(c.OutOrStdout(), p)
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "Pair the browser at %s with %s %s (10 minutes, once)\n", p.URL, p.Code[:3], p.Code[3:])
			return err
		}}
	c.Flags().StringVarP(&path, "config", "c", "till.yaml", "configuration of the till")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// askPairing asks the running till, with the token from its data folder.
func askPairing(ctx context.Context, config agent.Config) (p pairingCode, err error) {
	token, err := os.ReadFile(agent.PathsIn(config.Data).Token)
	if err != nil {
		return p, errNoTill(config.API.Listen, err)
	}
	base := "http://" + config.API.Listen
	status, text, err := postOnce(ctx, base+"/v1/pairings", strings.TrimSpace(string(token)))
	switch {
	case err != nil:
		return p, errNoTill(config.API.Listen, err)
	case status != http.StatusOK:
		return p, errOtherTill(config.API.Listen, http.StatusText(status))
	}
	if err := json.Unmarshal(text, &p); err != nil || len(p.Code) != 6 {
		return p, errOtherTill(config.API.Listen, "another kind of answer")
	}
	p.URL = base + "/till"
	return p, nil
}

// postOnce sends an empty POST with a token, to that address and nowhere else: no proxy, no redirect.
func postOnce(ctx context.Context, address, token string) (status int, body []byte, err error) {
	if ctx == nil { // of a command that was not executed with one
		ctx = context.Background()
	}
	ctx, stop := context.WithTimeout(ctx, pairTime)
	defer stop()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, http.NoBody)
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	body, err = io.ReadAll(io.LimitReader(answer.Body, 1<<16))
	return answer.StatusCode, body, err
}

func errNoTill(address string, err error) error {
	return pos.NewError("till_away", pos.Transient, pos.NoneMoved, fmt.Sprintf("No till of this configuration answers at %s.", address),
		"Start it with `tillproof run` and try again. Nothing was changed.").Because(err)
}

func errOtherTill(address, answer string) error {
	return pos.NewError("till_away", pos.Transient, pos.NoneMoved, fmt.Sprintf("What answers at %s is not the till of this configuration (%s).", address, answer),
		"Check api.listen and data, or what else uses that address. Nothing was changed.")
}
