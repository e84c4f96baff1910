package command

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/store/journal"
)

// Bounds of what goes into a dump.
const (
	mostLogBytes = 512 << 10
	mostFiles    = 2000
)

// leftOut stands where a secret was.
const leftOut = "(left out)"

// jsonEntry is an entry of JSON that a person can read.
func jsonEntry(name string, value any) dumpEntry {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return awayEntry(name, err)
	}
	return dumpEntry{Name: name, text: append(text, '\n')}
}

// awayEntry says why something is not there.
func awayEntry(name string, err error) dumpEntry {
	e := jsonEntry(name, map[string]string{"missing": err.Error()})
	e.Note = "missing: " + err.Error()
	return e
}

// aboutEntry says what made the dump, and where.
func aboutEntry(config agent.Config) dumpEntry {
	about := map[string]any{"version": version(), "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH, "cpus": runtime.NumCPU(),
		"till": config.Till, "at": api.Timestamp(time.Now().UnixMilli()), "zone": time.Local.String()}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if strings.HasPrefix(s.Key, "vcs.") {
				about[s.Key] = s.Value
			}
		}
	}
	return jsonEntry("about.json", about)
}

// configEntry is the configuration in force without secrets: passwords of devices, and what stands before the @ of an address.
func configEntry(config agent.Config) (dumpEntry, error) {
	devices := make([]agent.DeviceConfig, len(config.Devices))
	for i, d := range config.Devices {
		devices[i] = d
		devices[i].Options = map[string]string{}
		for name, value := range d.Options {
			if isSecret(name) {
				value = leftOut
			}
			devices[i].Options[name] = value
		}
	}
	config.Devices = devices
	if u, err := url.Parse(config.Platform.Broker); err == nil && u.User != nil {
		u.User = url.User("left-out")
		config.Platform.Broker = u.String()
	}
	hooks := append([]agent.WebhookConfig(nil), config.Webhooks...)
	for i := range hooks {
		if u, err := url.Parse(hooks[i].URL); err == nil {
			hooks[i].URL = u.Scheme + "://" + u.Host + "/" + leftOut // a path may be the key of a hook
		}
	}
	config.Webhooks = hooks
	text, err := yaml.Marshal(config)
	return dumpEntry{Name: "config.yaml", text: text}, err
}

// isSecret says whether an option's value is nobody's business.
func isSecret(option string) bool {
	for _, word := range []string{"password", "pin", "secret", "token", "key"} {
		if strings.Contains(strings.ToLower(option), word) {
			return true
		}
	}
	return false
}

// entries are what the running till tells: its state, its figures, and the traces of its devices.
func (t *tillAPI) entries(ctx context.Context) []dumpEntry {
	var status api.Status
	if err := t.ask(ctx, http.MethodGet, "/v1/status", nil, &status); err != nil {
		return []dumpEntry{awayEntry("status.json", err)}
	}
	list := []dumpEntry{jsonEntry("status.json", status)}
	if text, err := t.text(ctx, "/metrics"); err == nil {
		list = append(list, dumpEntry{Name: "metrics.txt", text: text})
	}
	for _, d := range status.Devices {
		var traced api.DeviceTrace
		if err := t.ask(ctx, http.MethodGet, devicePath(string(d.Name), "trace"), nil, &traced); err != nil || len(traced.Items) == 0 {
			continue
		}
		list = append(list, jsonEntry("traces/"+url.PathEscape(string(d.Name))+".json", t.rest(ctx, traced)))
	}
	return list
}

// rest reads the lines of a trace that did not fit into the first answer.
func (t *tillAPI) rest(ctx context.Context, all api.DeviceTrace) api.DeviceTrace {
	for page := all; len(page.Items) > 0; {
		path := devicePath(string(all.Device), "trace") + "?after=" + strconv.FormatUint(all.Items[len(all.Items)-1].N, 10)
		page = api.DeviceTrace{}
		if t.ask(ctx, http.MethodGet, path, nil, &page) != nil {
			break
		}
		all.Items = append(all.Items, page.Items...)
	}
	return all
}

// journalEntry checks the journal of a till that does not run. One that runs holds it, and its status names epoch and sequence.
func journalEntry(config agent.Config) dumpEntry {
	paths := agent.PathsIn(config.Data)
	keys, err := agent.TillKeys(paths)
	if err != nil {
		return awayEntry("journal.json", err)
	}
	report, err := journal.Verify(paths.Journal, config.Till, keys)
	if err != nil {
		return awayEntry("journal.json", err)
	}
	return jsonEntry("journal.json", report)
}

// dumpFile is a file of the data folder, by its name only.
type dumpFile struct {
	Name       string `json:"name"`
	Bytes      int64  `json:"bytes"`
	Mode       string `json:"mode"`
	ModifiedAt string `json:"modified_at"`
}

// filesEntry lists the data folder: names, sizes and modes, no contents.
func filesEntry(data string) dumpEntry {
	files := []dumpFile{}
	err := filepath.WalkDir(data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || len(files) >= mostFiles {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return nil //nolint:nilerr // it went away meanwhile, which a list may say nothing of
		}
		name, err := filepath.Rel(data, path)
		files = append(files, dumpFile{Name: filepath.ToSlash(name), Bytes: info.Size(), Mode: info.Mode().String(), ModifiedAt: api.Timestamp(info.ModTime().UnixMilli())})
		return err
	})
	if err != nil {
		return awayEntry("files.json", err)
	}
	return jsonEntry("files.json", files)
}

// logEntry is the end of a log.
func logEntry(path string) dumpEntry {
	file, err := os.Open(path)
	if err != nil {
		return awayEntry("log.txt", err)
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.Size() > mostLogBytes {
		_, _ = file.Seek(-mostLogBytes, io.SeekEnd) // from the begin then
	}
	text, err := io.ReadAll(io.LimitReader(file, mostLogBytes))
	if err != nil {
		return awayEntry("log.txt", err)
	}
	if cut := bytes.IndexByte(text, '\n'); len(text) == mostLogBytes && cut >= 0 {
		text = text[cut+1:]
	}
	return dumpEntry{Name: "log.txt", text: text}
}
