//go:build !linux

package bench

import (
	"errors"
	"time"
)

var errNoProc = errors.New("memory and processor time of a process are read on Linux only")

func anonymous(int) (int, error) { return 0, errNoProc }

func processorTime(int) (time.Duration, error) { return 0, errNoProc }
