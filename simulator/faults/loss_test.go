//go:build linux

package faults

import (
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// insideEnv tells the test program that it lives in a network of its own already.
const insideEnv = "TILLPROOF_FAULTS_INSIDE"

// inNetworkOfItsOwn runs the test once more in a process with a network namespace of its own, whose loopback may lose packets without disturbing anybody.
// Without root or the tools it is skipped by name.
func inNetworkOfItsOwn(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("a network namespace needs root")
	}
	for _, tool := range []string{"ip", "iptables"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	var name []string
	for part := range strings.SplitSeq(t.Name(), "/") {
		name = append(name, "^"+part+"$")
	}
	c := exec.Command(os.Args[0], "-test.run", strings.Join(name, "/"), "-test.v", "-test.timeout", "10m")
	c.Env = append(os.Environ(), insideEnv+"=1")
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	out, err := c.CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "_test.go:") {
			t.Log(strings.TrimSpace(line))
		}
	}
	if err != nil || !strings.Contains(string(out), "--- PASS") {
		t.Errorf("%v\n%s", err, out)
	}
}

// inside says whether this process has a network of its own.
func inside() bool { return os.Getenv(insideEnv) != "" }

// lossy drops three packets of ten in each direction between the till, the broker and the platform; later all of them.
func lossy(s *site) {
	t := s.laden()
	down := s.up(s.broker)
	defer down()
	t.start(s.broker)
	s.until("some is acknowledged", func() bool { return t.status().AckedSeq > 0 })
	mend := s.lose("0.30")
	t.sell()
	then := s.ledger(t.id)
	for range 3 * rounds() {
		t.sell()
	}
	t.drainedWithin(4 * patience)
	lost := s.lostPackets()
	if lost < 10 {
		s.t.Errorf("%d packets were lost: nothing was tested", lost)
	}
	s.t.Logf("%d packets were lost", lost)
	mend()
	t.drained()
	mend = s.lose("1.00")
	s.until("the till has begun to wait for the platform", func() bool { t.sell(); return t.status().Mode != "online" })
	since := time.Now()
	s.until("the till says that its line is dead", func() bool { return t.status().Mode == "offline" })
	if took := time.Since(since); took > found {
		s.t.Errorf("the till noticed the cut cable after %s", took)
	} else {
		s.t.Logf("the till noticed the cut cable %.1f s after the mode degraded", took.Seconds())
	}
	mend()
	t.drained()
	t.stop()
	down()
	s.unequal(then, t.journal())
	s.proved(t.journal())
}

// lose drops a share of all packets from and to the broker, until mend is called.
func (s *site) lose(share string) (mend func()) {
	s.t.Helper()
	if !inside() {
		s.t.Fatal("this machine's own network is left alone")
	}
	_, port, err := net.SplitHostPort(s.broker)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, way := range []string{"--dport", "--sport"} {
		s.command("iptables", "-w", "-A", "INPUT", "-i", "lo", "-p", "tcp", way, port, "-m", "statistic", "--mode", "random", "--probability", share, "-j", "DROP")
	}
	return func() { s.command("iptables", "-w", "-F", "INPUT") }
}

// lostPackets counts what was dropped.
func (s *site) lostPackets() (sum int) {
	for line := range strings.Lines(s.command("iptables", "-w", "-nvxL", "INPUT")) {
		if fields := strings.Fields(line); len(fields) > 2 && fields[2] == "DROP" {
			n, err := strconv.Atoi(fields[0])
			if err != nil {
				s.t.Fatal(err)
			}
			sum += n
		}
	}
	return sum
}

func (s *site) command(name string, args ...string) string {
	s.t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		s.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}
