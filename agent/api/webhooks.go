package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tillproof/tillproof/agent/webhook"
	"github.com/tillproof/tillproof/pos"
)

// Webhooks are the hooks that tell the shop's own software what happens.
type Webhooks interface {
	List() []webhook.Info
	Retry(name string) (webhook.Info, error)
}

// Webhook is a hook as the API shows it.
type Webhook struct {
	Name           string         `json:"name"`
	Origin         string         `json:"origin" doc:"Scheme, host and port of its address; the rest may be a secret"`
	Events         []webhook.Type `json:"events"`
	State          webhook.State  `json:"state" enum:"ready,failing,disabled"`
	Position       string         `json:"position" doc:"The last record that was looked at, as the id of an event"`
	Backlog        uint64         `json:"backlog" doc:"Records behind it"`
	FailingSinceAt string         `json:"failing_since_at,omitempty"`
	LastError      string         `json:"last_error,omitempty"`
	Retrying       []HeldEvent    `json:"retrying" doc:"Sent again by themselves"`
	SetAside       []HeldEvent    `json:"set_aside" doc:"Not sent again until a person says so"`
}

// HeldEvent is an event that the receiver did not take.
type HeldEvent struct {
	ID        string       `json:"id" doc:"The header webhook-id"`
	Type      webhook.Type `json:"type"`
	Payment   string       `json:"payment,omitempty"`
	Tries     int          `json:"tries"`
	SinceAt   string       `json:"since_at" doc:"Of the first try"`
	NextTryAt string       `json:"next_try_at,omitempty"`
	LastError string       `json:"last_error"`
}

type webhooksOutput struct {
	Body struct {
		Items []Webhook `json:"items"`
	}
}

type webhookInput struct {
	Name string `path:"name"`
}

type webhookOutput struct{ Body Webhook }

func (s *server) registerWebhooks(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "list-webhooks", Method: http.MethodGet, Path: "/v1/webhooks",
		Summary: "How the webhooks fare, and what their receivers did not take"}, s.webhooks)
	huma.Register(api, huma.Operation{OperationID: "retry-webhook", Method: http.MethodPost, Path: "/v1/webhooks/{name}/retry", DefaultStatus: http.StatusOK,
		Summary:     "Send what a webhook holds again, now",
		Description: "What was set aside begins its tries anew, and a webhook that its receiver has disabled goes on."}, s.retryWebhook)
}

func (s *server) webhooks(context.Context, *struct{}) (*webhooksOutput, error) {
	out := &webhooksOutput{}
	out.Body.Items = []Webhook{}
	if s.Webhooks == nil {
		return out, nil
	}
	for _, i := range s.Webhooks.List() {
		out.Body.Items = append(out.Body.Items, showWebhook(i))
	}
	return out, nil
}

func (s *server) retryWebhook(_ context.Context, in *webhookInput) (*webhookOutput, error) {
	if s.Webhooks == nil {
		return nil, problemOf(pos.NewError("not_found", pos.Permanent, pos.NoneMoved, "No webhooks are configured.", "Add them to till.yaml."))
	}
	i, err := s.Webhooks.Retry(in.Name)
	if err != nil {
		return nil, problemOf(err)
	}
	return &webhookOutput{showWebhook(i)}, nil
}

func showWebhook(i webhook.Info) Webhook {
	return Webhook{Name: i.Name, Origin: i.Origin, Events: i.Events, State: i.State, Position: i.Place, Backlog: i.Backlog,
		FailingSinceAt: timeOrNone(i.FailingSince), LastError: i.LastError, Retrying: showHeld(i.Retrying), SetAside: showHeld(i.SetAside)}
}

func showHeld(list []webhook.Waiting) []HeldEvent {
	out := []HeldEvent{}
	for _, w := range list {
		e := HeldEvent{ID: w.ID, Type: w.Type, Tries: w.Tries, SinceAt: timeOrNone(w.Since), NextTryAt: timeOrNone(w.NextTry), LastError: w.LastError}
		if !w.Payment.IsZero() {
			e.Payment = w.Payment.String()
		}
		out = append(out, e)
	}
	return out
}

func timeOrNone(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return Timestamp(t.UnixMilli())
}
