package command

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/agent/doctor"
	"github.com/tillproof/tillproof/drivers/trace"
	"github.com/tillproof/tillproof/pos"
)

// dumpFlags are those of the command.
type dumpFlags struct {
	config string
	out    string
	log    string
	json   bool
}

// dumped is what --json prints.
type dumped struct {
	File    string      `json:"file"`
	Bytes   int64       `json:"bytes"`
	Entries []dumpEntry `json:"entries"`
}

// dumpEntry is one file in the dump.
type dumpEntry struct {
	Name  string `json:"name"`
	Bytes int    `json:"bytes"`
	Note  string `json:"note,omitempty"` // why it says less than it could

	text []byte
}

func dumpCommand() *cobra.Command {
	f := &dumpFlags{}
	c := &cobra.Command{Use: "dump -c till.yaml", Short: "Write one file for support: versions, configuration, states and checks; no keys, tokens or card data", Args: cobra.NoArgs, RunE: f.run}
	c.Flags().StringVarP(&f.config, "config", "c", "till.yaml", "configuration of the till, which may run")
	c.Flags().StringVar(&f.out, "out", "", "file to write, which must not exist; by default tillproof-dump-TILL-TIME.zip")
	c.Flags().StringVar(&f.log, "log", "", "file with the till's log, such as journalctl wrote it; its last lines go in")
	c.Flags().BoolVar(&f.json, "json", false, "print JSON: what is in the file")
	return c
}

func (f *dumpFlags) run(c *cobra.Command, _ []string) error {
	config, err := agent.LoadConfig(f.config)
	if err != nil {
		return err
	}
	ctx, stop := untilSignal(c.Context())
	defer stop()
	entries, err := f.collect(ctx, config)
	if err != nil {
		return err
	}
	done, err := writeDump(f.name(config), entries)
	if err != nil {
		return err
	}
	if f.json {
		return writeJSON(c.OutOrStdout(), done)
	}
	for _, e := range done.Entries {
		c.Printf("%-28s %8d bytes  %s\n", e.Name, e.Bytes, e.Note)
	}
	c.Printf("%s: %d bytes. It holds no keys, tokens or card data; look into it before you send it all the same.\n", done.File, done.Bytes)
	return nil
}

func (f *dumpFlags) name(config agent.Config) string {
	if f.out != "" {
		return f.out
	}
	return fmt.Sprintf("tillproof-dump-%s-%s.zip", config.Till, time.Now().UTC().Format("20060102-150405"))
}

// collect makes the entries in the order in which somebody would read them. Each is a small function of its own; what cannot be had is an entry that says why.
func (f *dumpFlags) collect(ctx context.Context, config agent.Config) ([]dumpEntry, error) {
	entries := []dumpEntry{aboutEntry(config)}
	shown, err := configEntry(config)
	if err != nil {
		return nil, err
	}
	entries = append(entries, shown)
	till, err := openTillAPI(config)
	if err != nil {
		entries = append(entries, awayEntry("status.json", err))
	} else {
		entries = append(entries, till.entries(ctx)...)
	}
	examined := doctor.Examine(ctx, doctor.Options{Config: f.config, Machine: "/", Version: version()}, func(doctor.Finding) {})
	entries = append(entries, jsonEntry("doctor.json", examined), journalEntry(config), filesEntry(config.Data))
	if f.log != "" {
		entries = append(entries, logEntry(f.log))
	}
	secrets := passwords(config)
	if till != nil {
		secrets = append(secrets, till.token)
	}
	for i := range entries {
		entries[i].clean(secrets)
	}
	return entries, nil
}

// passwords are the values of options that are secrets: one may stand in what went over a wire, too. A factory's own, such as 000000, is none.
func passwords(config agent.Config) []string {
	var list []string
	for _, d := range config.Devices {
		for name, value := range d.Options {
			if isSecret(name) && len(value) >= 4 && strings.Trim(value, value[:1]) != "" {
				list = append(list, value)
			}
		}
	}
	return list
}

// clean is the last net over every entry: whatever its maker thought, neither a secret nor what looks like a card's number goes into the file.
func (e *dumpEntry) clean(secrets []string) {
	text := string(e.text)
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, leftOut)
		}
	}
	e.text = []byte(trace.HideNumbers(text))
	e.Bytes = len(e.text)
}

// writeDump writes the file whole or not at all, for its owner only.
func writeDump(path string, entries []dumpEntry) (done dumped, err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return done, exit(exitUsage, fmt.Errorf("%s exists already: name another file with --out", path))
	}
	if err != nil {
		return done, errDump(path, err)
	}
	z := zip.NewWriter(file)
	for _, e := range entries {
		w, createErr := z.Create(e.Name)
		if createErr == nil {
			_, createErr = w.Write(e.text)
		}
		err = errors.Join(err, createErr)
	}
	if err = errors.Join(err, z.Close(), file.Close()); err != nil {
		return done, errDump(path, errors.Join(err, os.Remove(path)))
	}
	info, err := os.Stat(path)
	if err != nil {
		return done, errDump(path, err)
	}
	return dumped{File: filepath.Clean(path), Bytes: info.Size(), Entries: entries}, nil
}

func errDump(path string, err error) error {
	return pos.NewError("disk_failed", pos.Permanent, pos.NoneMoved, fmt.Sprintf("The dump %s cannot be written.", path),
		"Check the folder and the disk's space, or name another file with --out. Nothing of the till was changed.").Because(err)
}
