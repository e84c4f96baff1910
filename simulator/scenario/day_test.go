package scenario_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/tillproof/tillproof/simulator/scenario"
)

// playDay runs the script by the command line, as anybody can, and reads the two lines of JSON that it prints.
func playDay(t *testing.T, exe, data string, seed uint64) (result scenario.Result, code int) {
	t.Helper()
	cmd := exec.Command(exe, "demo", "--script", "offline-day", "--json", "--seed", strconv.FormatUint(seed, 10), "--data", data)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	if len(lines) != 2 {
		t.Logf("no result, exit %d: %s", code, stderr.Bytes())
		return result, code
	}
	if err := json.Unmarshal(lines[1], &result); err != nil {
		t.Fatalf("%v: %s", err, lines[1])
	}
	return result, code
}

// reconciles says whether `tillproof reconcile` finds everything in order.
func reconciles(t *testing.T, data string) bool {
	t.Helper()
	out, err := exec.Command(exe, "reconcile", "--json", "--data", data).Output()
	var report struct {
		OK          bool  `json:"ok"`
		Differences []any `json:"differences"`
	}
	if jsonErr := json.Unmarshal(out, &report); jsonErr != nil {
		t.Fatalf("%v, %v: %s", err, jsonErr, out)
	}
	var exit *exec.ExitError
	if failed := errors.As(err, &exit); failed == report.OK || failed && exit.ExitCode() != 1 || report.OK != (len(report.Differences) == 0) {
		t.Fatalf("exit %v with %s", err, out)
	}
	return report.OK
}

func TestOfflineDay(t *testing.T) {
	for n := range *days {
		data, start := t.TempDir(), time.Now()
		r, code := playDay(t, exe, data, *seed+uint64(n))
		took := time.Since(start)
		logsTellNoSecrets(t, data)
		t.Logf("seed %d: %d payments, %d agent kills, %d platform kills, %d cuts, %d unknown and resolved, %d refunded, %v, %.0f s (goal 150 s on two idle cores)",
			r.Seed, r.Payments, r.AgentKills, r.PlatformKills, r.NetworkCuts, r.UnknownResolved, r.Refunded, r.Happened, took.Seconds())
		switch {
		case !r.OK || code != 0:
			t.Fatalf("exit %d: %+v", code, r)
		case r.Payments < 300 || r.NetworkCuts < 3 || r.AgentKills < 8 || r.PlatformKills < 4 || r.Expired < 3 || r.Refunded < 2:
			t.Errorf("the day was too quiet: %+v", r)
		case r.Voids < 4 || r.Refunds < 20:
			t.Errorf("%d voids and %d refunds: too few went back", r.Voids, r.Refunds)
		case r.Lost != 0 || r.Duplicated != 0 || r.UnknownOpen != 0:
			t.Errorf("lost %d, doubled %d, open %d", r.Lost, r.Duplicated, r.UnknownOpen)
		case r.Payments != r.Approved+r.ApprovedOffline+r.Declined+r.Cancelled+r.Expired+r.UnknownOpen:
			t.Errorf("the counts do not add up: %+v", r)
		case r.TerminalTotal != r.JournalTotal || r.JournalTotal != r.LedgerTotal || r.LedgerTotal == 0:
			t.Errorf("terminal, acquirer and cash %d, journal %d, ledger %d", r.TerminalTotal, r.JournalTotal, r.LedgerTotal)
		case took > 20*time.Minute:
			t.Errorf("the day took %s, eight times its goal", took)
		}
		for _, trouble := range []string{"agent_killed", "agent_killed_asking", "platform_killed", "platform_killed_asking", "acquirer_answer_lost", "platform_reply_lost",
			"cashier_cancelled", "unknown_given_up", "code_used_again_refused", "offline_refused", "refunded",
			"refund_agent_killed", "refund_platform_killed"} {
			if r.Happened[trouble] == 0 {
				t.Errorf("it never happened: %s", trouble)
			}
		}
		if !reconciles(t, data) {
			t.Error("reconcile does not agree with the script")
		}
		if n == 0 {
			t.Run("tampering", func(t *testing.T) { tampering(t, data) })
		}
	}
}
