package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/agent/webhook"
)

// WebhookConfig is an address of the shop's own software that is told what happens on the till.
type WebhookConfig struct {
	Name       string         `yaml:"name"` // 1-32 of a-z, 0-9, -; w1, w2 and so on by default. The place in the journal is kept under it
	URL        string         `yaml:"url"`
	SecretFile string         `yaml:"secret_file"`      // one secret a line; made if missing
	Events     []webhook.Type `yaml:"events,omitempty"` // which to send; all by default
}

// checkWebhooks names those that have no name, and says why one cannot be used.
func (c *Config) checkWebhooks() error {
	seen := map[string]bool{}
	for i := range c.Webhooks {
		w := &c.Webhooks[i]
		if w.Name == "" {
			w.Name = fmt.Sprintf("w%d", i+1)
		}
		if err := w.check(); err != nil {
			return fmt.Errorf("webhook %s: %w", w.Name, err)
		}
		if seen[w.Name] {
			return fmt.Errorf("two webhooks are called %q", w.Name)
		}
		seen[w.Name] = true
	}
	return nil
}

func (w *WebhookConfig) check() error {
	if len(w.Name) > 32 || strings.Trim(w.Name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return errors.New("a name is 1 to 32 of a-z, 0-9 and -")
	}
	if w.SecretFile == "" {
		return errors.New("secret_file is missing: a file that is made with a new secret, for the receiver to check who sends")
	}
	for _, event := range w.Events {
		if !slices.Contains(webhook.Types(), event) {
			return fmt.Errorf("%q is no event; there are %v", event, webhook.Types())
		}
	}
	return webhook.CheckURL(w.URL)
}

// SecretsToMake lists the secret files of webhooks that are not there yet: the next start makes them.
func (c *Config) SecretsToMake() (paths []string) {
	for _, w := range c.Webhooks {
		if _, err := os.Stat(w.SecretFile); errors.Is(err, fs.ErrNotExist) {
			paths = append(paths, w.SecretFile)
		}
	}
	return paths
}

// targets reads the secrets of the webhooks, and makes those that are missing.
func (c *Config) targets() ([]webhook.Target, error) {
	var list []webhook.Target
	for _, w := range c.Webhooks {
		secrets, err := webhook.LoadSecrets(w.SecretFile)
		if err != nil {
			return nil, errConfig("webhook "+w.Name+", "+w.SecretFile, err)
		}
		list = append(list, webhook.Target{Name: w.Name, URL: w.URL, Secrets: secrets, Events: w.Events})
	}
	return list, nil
}

// openWebhooks makes the hooks that tell what the API shows.
func (t *till) openWebhooks(options api.Options) (*webhook.Hooks, error) {
	targets, err := t.config.targets()
	if err != nil {
		return nil, err
	}
	path := PathsIn(t.config.Data).Webhooks
	hooks, err := webhook.Open(webhook.Options{Path: path, Targets: targets, Source: api.NewNotices(options), Log: t.opts.Log})
	if err != nil {
		return nil, errDisk(path, err)
	}
	return hooks, nil
}
