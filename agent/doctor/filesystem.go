package doctor

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// mount is the file system that a folder lies on.
type mount struct {
	point, kind, source string
	options             []string
}

// fileSystem says whether what is written stays written where the data are. Systems that tell no mounts have no finding.
func fileSystem(_ context.Context, t *till) []Finding {
	m, ok := t.mountOf(t.config.Data)
	if !ok {
		return nil
	}
	text := fmt.Sprintf("data lie on %s (%s, %s)", m.point, m.kind, m.source)
	switch m.kind {
	case "tmpfs", "ramfs":
		return bad(text+": memory, which a power cut empties. Payments would be lost", "Put data in till.yaml on a disk.")
	case "nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "vfat", "exfat", "msdos":
		return bad(text+": it does not keep what it was told to keep, or loses locks", "Put data in till.yaml on a disk of this machine with ext4, xfs or btrfs.")
	case "overlay":
		return warn(text+": gone with the container or at the next boot", "Mount a volume or a disk for data.")
	}
	switch {
	case slices.Contains(m.options, "ro"):
		return bad(text+": mounted for reading only, as after a disk error", "Look at the kernel's log (dmesg), save the data folder, and have the disk checked.")
	case slices.Contains(m.options, "nobarrier"), slices.Contains(m.options, "barrier=0"):
		return bad(text+": mounted without barriers, so that a power cut loses what was written", "Take nobarrier out of /etc/fstab and mount it again.")
	case m.kind == "ext4":
		return t.ext4(&m, text)
	}
	return fine(text)
}

// ext4 looks for fast_commit on kernels that lose data by it after a crash: from 5.10, where it came, to 5.10.94, 5.15.27 and 5.17, which have the mends.
func (t *till) ext4(m *mount, text string) []Finding {
	kernel := t.Machine.Line("proc/sys/kernel/osrelease")
	if !losesFastCommits(kernel) {
		return fine(text)
	}
	const next = "Update the kernel, or switch it off on the unmounted disk: tune2fs -O ^fast_commit %s"
	switch on, err := fastCommit(t.Machine.File(m.source)); {
	case err != nil:
		return warn(fmt.Sprintf("%s; with the feature fast_commit kernel %s can lose payments after a power cut, and this user may not look whether it is on", text, kernel),
			fmt.Sprintf("sudo dumpe2fs -h %s | grep fast_commit; if it shows, update the kernel.", m.source))
	case on:
		return bad(fmt.Sprintf("%s with fast_commit: kernel %s can lose payments after a power cut", text, kernel), fmt.Sprintf(next, m.source))
	}
	return fine(text + ", without fast_commit")
}

// fastCommit reads the superblock of an ext4 disk: 1024 bytes from its begin, magic EF53 at 38, s_feature_compat at 5C, of which fast_commit is bit 0400.
func fastCommit(device string) (bool, error) {
	f, err := os.Open(device)
	if err != nil {
		return false, err
	}
	defer f.Close()
	var block [0x60]byte
	if _, err := f.ReadAt(block[:], 1024); err != nil {
		return false, err
	}
	if block[0x38] != 0x53 || block[0x39] != 0xEF {
		return false, fmt.Errorf("%s is no ext4", device)
	}
	return block[0x5D]&0x04 != 0, nil
}

// losesFastCommits says whether a kernel has fast_commit without the mends.
func losesFastCommits(release string) bool {
	var n [3]int
	for i, part := range strings.SplitN(release, ".", 3) {
		end := strings.IndexFunc(part, func(r rune) bool { return r < '0' || r > '9' })
		if end >= 0 {
			part = part[:end]
		}
		n[i], _ = strconv.Atoi(part) // "" is 0
	}
	if n[0] != 5 {
		return false
	}
	switch minor, patch := n[1], n[2]; minor {
	case 10:
		return patch < 94
	case 15:
		return patch < 27
	default:
		return minor > 10 && minor < 17
	}
}

// mountOf finds the file system of a folder: the longest mount point above it, the later one of two.
func (t *till) mountOf(dir string) (found mount, ok bool) {
	real, err := filepath.Abs(dir)
	if err != nil {
		return mount{}, false
	}
	if resolved, err := filepath.EvalSymlinks(real); err == nil {
		real = resolved
	}
	f, err := os.Open(t.Machine.File("proc/self/mountinfo"))
	if err != nil {
		return mount{}, false
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		m, good := parseMount(lines.Text())
		inside := m.point == "/" || real == m.point || strings.HasPrefix(real, m.point+"/")
		if good && inside && len(m.point) >= len(found.point) {
			found, ok = m, true
		}
	}
	return found, ok
}

// parseMount reads a line of mountinfo (proc(5)): id, parent, device, root, point, options, optional fields, a dash, kind, source, more options.
func parseMount(line string) (mount, bool) {
	front, back, ok := strings.Cut(line, " - ")
	a, b := strings.Fields(front), strings.Fields(back)
	if !ok || len(a) < 6 || len(b) < 3 {
		return mount{}, false
	}
	unescape := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
	return mount{point: unescape.Replace(a[4]), kind: b[0], source: unescape.Replace(b[1]), options: append(strings.Split(a[5], ","), strings.Split(b[2], ",")...)}, true
}
