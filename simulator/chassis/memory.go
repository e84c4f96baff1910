package chassis

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Load reads what a device with such a memory has stored at a path. errors.Is(err, fs.ErrNotExist) says that there is nothing yet.
func Load[T any](path string) (memory T, err error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return memory, err
	}
	if err := json.Unmarshal(raw, &memory); err != nil {
		return memory, fmt.Errorf("the memory of the simulated device, %s, is damaged: %w", path, err)
	}
	return memory, nil
}

// Save writes a memory in one step that power loss cannot cut in two: temporary file, flush, rename. Without a path nothing is kept.
func Save(path string, memory any) error {
	if path == "" {
		return nil
	}
	raw, err := json.MarshalIndent(memory, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		_ = os.Remove(f.Name())
		return err
	}
	return os.Rename(f.Name(), path)
}
