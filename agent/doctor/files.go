package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/tillproof/tillproof/agent"
	"github.com/tillproof/tillproof/store/cose"
)

// secrets are the files that nobody but the till's own user may read.
func (t *till) secrets() []string {
	p := agent.PathsIn(t.config.Data)
	list := []string{p.Token, p.Sessions, p.People, p.Key, p.Vault}
	if t.config.Platform.Key != "" {
		list = append(list, t.config.Platform.Key)
	}
	for _, w := range t.config.Webhooks {
		list = append(list, w.SecretFile)
	}
	return list
}

// files looks at the data folder, the till's key and who may read its secrets.
func files(_ context.Context, t *till) (list []Finding) {
	p := agent.PathsIn(t.config.Data)
	info, err := os.Stat(t.config.Data)
	if errors.Is(err, fs.ErrNotExist) {
		return warn(t.config.Data+" is not there: the till has never run here", "Nothing, if this till is new. Else find its data before it starts: they may hold payments that were not delivered.")
	}
	if err != nil || !info.IsDir() {
		return missing(t.config.Data+" cannot be used as the data folder", "Mend data in till.yaml, or run this as the till's user.")
	}
	if _, err := cose.Load(p.Key); errors.Is(err, fs.ErrNotExist) {
		list = append(list, warn("the till has no key yet: its first start makes one", "Nothing, if this till is new. Else put keys/ back: the platform knows the till by it.")...)
	} else if errors.Is(err, fs.ErrPermission) {
		list = append(list, missing(p.Key+" cannot be read by this user", "Run this as the till's user.")...)
	} else if err != nil {
		list = append(list, bad(p.Key+" is no key that can be used: "+err.Error(), "Put the file back from a backup, or enrol the till anew; its records stay.")...)
	}
	list = append(list, t.openFiles()...)
	if len(list) == 0 {
		return fine("data folder and keys are there, and nobody else may read them")
	}
	return list
}

// openFiles finds secrets that others may read.
func (t *till) openFiles() (list []Finding) {
	if runtime.GOOS == "windows" {
		return nil // its files have no such modes
	}
	for _, path := range t.secrets() {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm()&0o077 == 0 {
			continue
		}
		mode := "600 "
		if info.IsDir() {
			mode = "700 "
		}
		list = append(list, bad(fmt.Sprintf("%s may be read by others (mode %04o)", path, info.Mode().Perm()), "chmod "+mode+filepath.Clean(path)+"; if somebody may have read it, make it anew.")...)
	}
	return list
}
