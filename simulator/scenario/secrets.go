package scenario

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// findCodes looks for customers' codes in everything that the day has left on disk: journal, databases, logs, the devices' own
// files.
func (y *day) findCodes() error {
	secrets := map[string]string{}
	for i := range y.plan.phone {
		if s := &y.plan.phone[i]; s.code != "" {
			secrets[s.code] = string(s.order)
		}
	}
	return filepath.WalkDir(y.places.root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, code := range codesIn(text, secrets) {
			y.violate(fmt.Sprintf("law 9: the code of order %s stands in %s", secrets[code], filepath.Base(path)))
		}
		return nil
	})
}

// shortestCode is the least length of a customer's code of the day.
const shortestCode = 18

// codesIn lists the secrets that a text holds. Secrets are digits, so that only long rows of digits are looked at.
func codesIn(text []byte, secrets map[string]string) (found []string) {
	for len(text) > 0 {
		i := bytes.IndexFunc(text, isDigit)
		if i < 0 {
			return found
		}
		text = text[i:]
		end := bytes.IndexFunc(text, func(r rune) bool { return !isDigit(r) })
		if end < 0 {
			end = len(text)
		}
		if end >= shortestCode {
			for code := range secrets {
				if bytes.Contains(text[:end], []byte(code)) {
					found = append(found, code)
				}
			}
		}
		text = text[end:]
	}
	return found
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }
