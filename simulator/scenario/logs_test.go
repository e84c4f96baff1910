package scenario_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// logsTellNoSecrets looks for tokens, keys, card numbers and customers' codes in the logs of all processes.
func logsTellNoSecrets(t *testing.T, data string) {
	t.Helper()
	secrets := secretsIn(t, data)
	logs, err := filepath.Glob(filepath.Join(data, "*.log"))
	if err != nil || len(logs) < 3 || len(secrets) < 2 {
		t.Fatalf("%d logs, %d secrets, %v", len(logs), len(secrets), err)
	}
	for _, path := range logs {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range leaks(text, secrets) {
			t.Errorf("%s holds %s", filepath.Base(path), found)
		}
	}
}

// secretsIn reads what must not be told: files that hold a token or a secret alone, by their names.
func secretsIn(t *testing.T, data string) map[string]string {
	t.Helper()
	secrets := map[string]string{}
	err := filepath.WalkDir(data, func(path string, entry fs.DirEntry, err error) error {
		name := filepath.Base(path)
		if err != nil || entry.IsDir() || name != "api-token" && !strings.Contains(name, "secret") && !strings.HasSuffix(name, ".pem") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, line := range strings.Split(string(text), "\n") {
			if line = strings.TrimSpace(line); len(line) >= 16 && !strings.HasPrefix(line, "-----") {
				secrets[line] = name
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return secrets
}

// leaks names what a log should not hold.
func leaks(text []byte, secrets map[string]string) (found []string) {
	for secret, name := range secrets {
		if bytes.Contains(text, []byte(secret)) {
			found = append(found, "the content of "+name)
		}
	}
	for _, m := range regexp.MustCompile(`(?:^|[^0-9A-Za-z.])([2-6][0-9]{12,18})(?:$|[^0-9A-Za-z])`).FindAllSubmatch(text, -1) {
		if luhn(m[1]) {
			found = append(found, "what may be a card number")
		}
	}
	if regexp.MustCompile(`(?i)bearer [0-9a-z]|\bpin=[0-9]|%B[0-9]{12}|;[0-9]{12,19}=`).Match(text) {
		found = append(found, "a token, a PIN or a track")
	}
	for _, m := range regexp.MustCompile(`\b1[0-5][0-9]{16}\b|\b(?:2[5-9]|30)[0-9]{14,22}\b`).FindAll(text, -1) {
		found = append(found, "a customer's code of "+string(m[:2])+"...")
	}
	return found
}

// luhn checks the last digit of a card number (ISO/IEC 7812-1).
func luhn(digits []byte) bool {
	sum := 0
	for i, d := range digits {
		n := int(d - '0')
		if (len(digits)-i)%2 == 0 {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return sum%10 == 0
}

func TestLeaksAreFound(t *testing.T) {
	secrets := map[string]string{"0123456789abcdef": "api-token"}
	for _, line := range []string{`msg="card 4111111111111111"`, `{"pan":"4242424242424242"}`, `token=0123456789abcdef`, "Authorization: Bearer 12ab", "pin=1234",
		"track ;4111111111111111=2512", "code=134567890123456789"} {
		if len(leaks([]byte(line), secrets)) == 0 {
			t.Errorf("%s is not found", line)
		}
	}
	for _, line := range []string{`payment=01890000-0000-7000-8000-000000000000 seq=4111`, "at=2026-11-22T12:00:00.000Z pause=1.234567891234s", "card ************1111"} {
		if found := leaks([]byte(line), secrets); len(found) > 0 {
			t.Errorf("%s: %v", line, found)
		}
	}
}
