package webhook

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The signature of the specification's own example, made anew with openssl: dgst -sha256 -mac HMAC over "id.timestamp.body".
func TestTheSignatureIsThatOfTheSpecification(t *testing.T) {
	s, err := parseSecrets("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
	if err != nil {
		t.Fatal(err)
	}
	const want = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	if got := s.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, []byte(`{"test": 2432232314}`)); got != want {
		t.Errorf("%s", got)
	}
	two, err := parseSecrets("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD\n\nwhsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Fields(two.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, []byte(`{"test": 2432232314}`)))
	if len(got) != 2 || got[0] == want || got[1] != want {
		t.Errorf("while a secret is changed both sign: %v", got)
	}
}

func TestASecretIsMadeOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys", "shop.secret")
	first, err := LoadSecrets(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	text, err := os.ReadFile(path)
	key, decoded := base64.StdEncoding.DecodeString(strings.TrimSpace(strings.TrimPrefix(string(text), "whsec_")))
	if err != nil || decoded != nil || len(key) != 32 || !strings.HasPrefix(string(text), "whsec_") {
		t.Errorf("%q, %v", text, err)
	}
	again, err := LoadSecrets(path)
	if err != nil || again.sign("a", 1, nil) != first.sign("a", 1, nil) {
		t.Errorf("a second start reads another secret: %v", err)
	}
	if shown := fmt.Sprintf("%v %+v %#v %s", first, first, first, first); shown != strings.Repeat("1 secret(s) ", 3)+"1 secret(s)" {
		t.Errorf("a secret is printed: %s", shown)
	}
}

func TestWhatIsNoSecretIsRefused(t *testing.T) {
	long := base64.StdEncoding.EncodeToString(make([]byte, 65))
	for name, text := range map[string]string{"empty": "", "blank": "\n \n", "no mark": "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "no base64": "whsec_MfKQ9r8GKYqr!",
		"short": "whsec_MfKQ9r8GKYqrTwjU", "long": "whsec_" + long, "second line": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\nhunter2hunter2"} {
		path := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := LoadSecrets(path)
		if err == nil {
			t.Errorf("%s: taken", name)
			continue
		}
		if strings.Contains(err.Error(), "MfKQ") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error tells the secret: %v", name, err)
		}
	}
	if _, err := LoadSecrets(t.TempDir()); err == nil {
		t.Error("a folder is no secret")
	}
}

func TestPausesGrowToThreeDays(t *testing.T) {
	total, before := pause(0), pause(0)
	for tries := 1; pause(tries) > 0; tries++ {
		p := pause(tries)
		if p < before {
			t.Errorf("pause %d shrinks to %s", tries, p)
		}
		total, before = total+p, p
		for range 100 {
			if j := jitter(p); j < p-p/10 || j > p+p/10 || j > mostPause {
				t.Fatalf("%s becomes %s", p, j)
			}
		}
	}
	if total.Hours() < 72 || total.Hours() > 80 {
		t.Errorf("the tries take %s in all", total)
	}
}
