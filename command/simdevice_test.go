package command

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/agent"
)

// playing runs `sim device` until the test ends and returns what it announced.
func playing(t *testing.T, stdin string, args ...string) map[string]string {
	t.Helper()
	c := simDeviceCommand()
	c.SilenceErrors, c.SilenceUsage = true, true
	out, in := io.Pipe()
	c.SetOut(in)
	c.SetErr(io.Discard)
	c.SetIn(strings.NewReader(stdin))
	c.SetArgs(append(args, "--json"))
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.ExecuteContext(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	var said map[string]string
	if err != nil || json.Unmarshal([]byte(line), &said) != nil {
		t.Fatalf("%q, %v", line, err)
	}
	return said
}

func TestEveryFamilyCanBePlayed(t *testing.T) {
	for _, family := range simFamilies() {
		t.Run(family, func(t *testing.T) {
			memory := filepath.Join(t.TempDir(), "memory.json")
			said := playing(t, "", family, "--listen", "127.0.0.1:0", "--memory", memory)
			conn, err := net.Dial("tcp", said["tcp"])
			if err != nil || said["family"] != family {
				t.Fatalf("%v, %v", said, err)
			}
			_ = conn.Close()
		})
		for _, word := range simDevices()[family].cards {
			if does, after, err := simCard(simDevices()[family].cards, word+" 20"); does != word || after != 20*time.Millisecond || err != nil {
				t.Errorf("%s %s: %v", family, word, err)
			}
		}
	}
}

// What is printed for till.yaml must be all that a till needs.
func TestTheLinesForAPlayedDeviceCanBeUsed(t *testing.T) {
	for _, family := range simFamilies() {
		for _, stream := range []bool{false, true} {
			path := filepath.Join(t.TempDir(), "till.yaml")
			text := "till: till-1\nmerchant: shop-1\n" + simLines(family, "x:1", stream)
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if config, err := agent.LoadConfig(path); err != nil || len(config.Devices) != 1 || !stream && !filepath.IsAbs(config.Devices[0].Port) {
				t.Errorf("%s: %v\n%s", family, err, text)
			}
		}
	}
}

func TestAPlayedScannerReadsWhatItIsTold(t *testing.T) {
	said := playing(t, "4006381333931\n", "scanner", "--listen", "127.0.0.1:0")
	conn, err := net.Dial("tcp", said["tcp"])
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	if text, err := bufio.NewReader(conn).ReadString('\r'); text != "4006381333931\r" {
		t.Errorf("%q, %v", text, err)
	}
}

// A file that somebody needs is not replaced by the link to a device, and not removed with it.
func TestAPlaceThatIsTakenIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "till.yaml")
	if err := os.WriteFile(file, []byte("till: till-1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, port := range []string{file, filepath.Dir(file), filepath.Join(file, "port"), filepath.Join(filepath.Dir(file), "none", "port")} {
		if err := checkPlace(port); codeOf(err) != exitAway {
			t.Errorf("%s: %v", port, err)
		}
	}
	if err := checkPlace(filepath.Join(filepath.Dir(file), "port")); err != nil {
		t.Error(err)
	}
}

func TestWhatCannotBePlayedIsRefused(t *testing.T) {
	for _, args := range [][]string{{"toaster", "--listen", "127.0.0.1:0"}, {"zvt"}, {"zvt", "--listen", "127.0.0.1:0", "--port", "x"},
		{"zvt", "--listen", "127.0.0.1:0", "--card", "dance"}, {"zvt", "--listen", "127.0.0.1:0", "--card", "approve soon"}} {
		if out, code := printed(t, simDeviceCommand(), args...); code != exitUsage {
			t.Errorf("%v: exit %d: %s", args, code, out)
		}
	}
}
