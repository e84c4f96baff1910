package command

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/agent/api"
	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/cose"
	"github.com/tillproof/tillproof/store/journal"
	"github.com/tillproof/tillproof/store/record"
	"github.com/tillproof/tillproof/sync/courier"
	"github.com/tillproof/tillproof/sync/wire"
)

// courierFlags are those of `journal export` for a file that is carried to the platform.
type courierFlags struct {
	seal  string // file of the platform's sealing key
	plain bool
	since string
	file  string
}

func (f *courierFlags) flags(c *cobra.Command) {
	c.Flags().StringVar(&f.seal, "seal", "", "write batches for `tillproof platform import`, sealed to the platform's key in this file (`platform seal-key`)")
	c.Flags().BoolVar(&f.plain, "plain", false, "write such batches without a seal: whoever finds the file can read it")
	c.Flags().StringVar(&f.since, "since", "beginning", "with --seal or --plain: beginning, or acknowledged: only what the platform has not acknowledged yet")
	c.Flags().StringVarP(&f.file, "output", "o", "", "the file, instead of an argument")
	_ = c.RegisterFlagCompletionFunc("since", cobra.FixedCompletions([]string{"beginning", "acknowledged"}, cobra.ShellCompDirectiveNoFileComp)) // fails only for a flag that is not there
}

// wanted says whether the file is for the platform.
func (f *courierFlags) wanted() bool { return f.seal != "" || f.plain }

func (f *courierFlags) check() (*courier.SealKey, error) {
	switch {
	case f.seal != "" && f.plain:
		return nil, errors.New("--seal and --plain exclude each other")
	case f.since != "beginning" && f.since != "acknowledged":
		return nil, fmt.Errorf("--since is beginning or acknowledged, not %q", f.since)
	case f.plain:
		return nil, nil
	}
	text, err := os.ReadFile(f.seal)
	if err != nil {
		return nil, err
	}
	return courier.ParseSealKey(string(text))
}

// export writes the file, whether or not the agent runs.
func (f *courierFlags) export(c *cobra.Command, data *dataFlags) error {
	seal, err := f.check()
	if err != nil {
		return exit(exitUsage, err)
	}
	var records uint64
	err = writeWhole(f.file, func(to io.Writer) error {
		out, err := courier.NewWriter(to, courier.Records, seal, time.Now())
		if err != nil {
			return err
		}
		records, err = f.write(out, data)
		return errors.Join(err, out.End())
	})
	if err != nil {
		return err
	}
	if data.json {
		return writeJSON(c.OutOrStdout(), map[string]any{"records": records, "file": f.file, "sealed": seal != nil})
	}
	words := "not sealed: whoever has the file can read it"
	if seal != nil {
		words = "sealed to key " + seal.ID().String()
	}
	c.Printf("%d records in %s, %s\n", records, f.file, words)
	return nil
}

func (f *courierFlags) write(out *courier.Writer, data *dataFlags) (uint64, error) {
	custody, err := data.open()
	if journalLocked(err) {
		return f.fromAgent(out, data)
	}
	if err != nil {
		return 0, err
	}
	var after record.Head
	if f.since == "acknowledged" {
		if after, err = custody.Acked(); err != nil {
			return 0, err
		}
	}
	return custody.Export(out, after)
}

// fromAgent asks the running agent for the batches.
func (f *courierFlags) fromAgent(out *courier.Writer, data *dataFlags) (records uint64, err error) {
	query := url.Values{"since": {f.since}}
	for {
		var batch api.FileBatch
		if err := data.ask(http.MethodGet, "/v1/sync/batch?"+query.Encode(), nil, &batch); err != nil {
			return records, err
		}
		if batch.Batch == "" {
			return records, nil
		}
		message, err := hex.DecodeString(batch.Batch)
		if err != nil {
			return records, err
		}
		if err := out.Add(batch.Till, message); err != nil {
			return records, err
		}
		count, err := recordsIn(message)
		if records += count; err != nil {
			return records, err
		}
		query = url.Values{"epoch": {batch.Epoch.String()}, "seq": {strconv.FormatUint(uint64(batch.Seq), 10)}}
	}
}

// journalLocked says whether an agent has the journal open.
func journalLocked(err error) bool {
	var e *pos.Error
	return errors.As(err, &e) && e.Code == "journal_locked"
}

// configuration is the till's own configuration: that of the flag, or config.yaml in the data folder.
func (f *dataFlags) configuration() (agent.Config, error) {
	path := f.config
	if path == "" {
		path = filepath.Join(tillFolder(f.dir), "config.yaml")
	}
	return agent.LoadConfig(path)
}

// open prepares to hold the journal against the platform's signatures. It fails with code journal_locked while an agent runs.
func (f *dataFlags) open() (*agent.Custody, error) {
	text := f.rootKey
	config, err := f.configuration()
	if err == nil && text == "" {
		text = config.Platform.RootKey
	}
	if err == nil && f.config != "" {
		f.dir = config.Data
	}
	if text == "" {
		return nil, exit(exitUsage, errors.Join(errors.New("the platform's root key is missing: give -c till.yaml or --root-key"), err))
	}
	root, err := cose.ParsePublicKey(text)
	if err != nil {
		return nil, exit(exitUsage, err)
	}
	if err := journal.Free(f.paths().Journal); err != nil {
		return nil, err
	}
	return agent.OpenCustody(f.paths(), root)
}

// ask asks the running agent of this folder.
func (f *dataFlags) ask(method, path string, body, answer any) error {
	config, err := f.configuration()
	if err != nil {
		return exit(exitUsage, fmt.Errorf("the agent is running, so it has to be asked, and its address stands in its configuration: give -c till.yaml: %w", err))
	}
	token, err := os.ReadFile(f.paths().Token)
	if err != nil {
		return exit(exitAway, err)
	}
	var content []byte
	if body != nil {
		if content, err = json.Marshal(body); err != nil {
			return err
		}
	}
	request, err := http.NewRequest(method, "http://"+config.API.Listen+path, bytes.NewReader(content))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	request.Header.Set("Content-Type", "application/json")
	got, err := (&http.Client{Timeout: time.Minute}).Do(request)
	if err != nil {
		return exit(exitAway, fmt.Errorf("the agent does not answer: %w", err))
	}
	defer got.Body.Close()
	if got.StatusCode != http.StatusOK {
		problem := api.Problem{Code: "agent_unavailable"}
		_ = json.NewDecoder(got.Body).Decode(&problem) // what it does not say stays empty
		return pos.NewError(problem.Code, pos.Permanent, problem.Money, problem.Detail, problem.Next)
	}
	return json.NewDecoder(got.Body).Decode(answer)
}

// recordsIn counts the records of a batch.
func recordsIn(message []byte) (uint64, error) {
	codec, err := wire.NewCodec()
	if err != nil {
		return 0, err
	}
	batch, err := codec.DecodeBatch(message)
	if err != nil {
		return 0, err
	}
	return uint64(batch.Count), nil
}
