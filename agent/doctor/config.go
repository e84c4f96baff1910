package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/pos"
)

// load reads the configuration, which everything else stands on.
func (t *till) load() []Finding {
	config, err := agent.LoadConfig(t.Config)
	if err == nil {
		t.config = config
		list := fine(fmt.Sprintf("%s can be used: till %s of merchant %s, %s", t.Config, config.Till, config.Merchant, count(len(config.Devices), "device")))
		for _, path := range config.SecretsToMake() {
			list = append(list, warn(path+" is not there yet; the next start makes it with a new secret", "Give the new secret to the software that the webhook tells.")...)
		}
		return list
	}
	if errors.Is(err, fs.ErrNotExist) {
		return []Finding{{State: Problem, Text: "there is no configuration at " + t.Config, Next: "Name the till's: tillproof doctor -c PATH", cause: unusable}}
	}
	f := Finding{State: Problem, Text: err.Error(), Next: "Mend the file.", cause: unusable}
	if known := (*pos.Error)(nil); errors.As(err, &known) {
		f.Text, f.Next = known.Text, known.Next
		if known.Err != nil {
			f.Text += " " + known.Err.Error()
		}
	}
	if errors.Is(err, fs.ErrPermission) {
		f.Next = "Run this as the till's user."
	}
	return []Finding{f}
}

// version compares this program with the running one.
func version(_ context.Context, t *till) []Finding {
	text := fmt.Sprintf("this is tillproof %s for %s/%s", t.Version, runtime.GOOS, runtime.GOARCH)
	if t.status != nil && t.status.Version != t.Version {
		return warn(fmt.Sprintf("%s, and version %s is running", text, t.status.Version), "Start the till again when the shop can spare it for some seconds.")
	}
	return fine(text)
}

// timezone warns of the default, which is a shop's zone nearly nowhere.
func timezone(_ context.Context, t *till) []Finding {
	if t.config.Timezone == "UTC" {
		return warn("the shop's time zone is UTC: business days and receipts follow it", "Set timezone in till.yaml, such as Europe/Berlin or America/Santiago.")
	}
	return fine("the shop's time zone is " + t.config.Timezone)
}

// count is a number of things in words.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
