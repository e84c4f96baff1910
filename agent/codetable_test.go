package agent

import (
	"testing"

	"github.com/tillproof/tillproof/qr/code"
	"github.com/tillproof/tillproof/sync/provision"
)

// TestAPlatformsTableOfCodesCountsWhereItIsNewer: one that is older than the program's own changes nothing, and none is the program's own.
func TestAPlatformsTableOfCodesCountsWhereItIsNewer(t *testing.T) {
	c := newConfiguredTill(t)
	const fresh = "991234567890123456" // of a wallet that the program does not know
	judge := func(want code.Scheme) {
		t.Helper()
		if got := c.codes().Classify(fresh); got.Scheme != want || !got.Kind.Payable() {
			t.Errorf("%+v, want %q", got, want)
		}
	}
	judge("")
	for n, version := range []int{code.BuiltIn().Version, code.BuiltIn().Version + 1} {
		d := &provision.Document{Till: "till-1", Version: uint64(n + 1), Codes: &provision.Codes{Version: version, Rules: []provision.CodeRule{
			{Scheme: "newpay", Name: "New Pay", Form: "digits", Prefixes: []string{"99"}, Least: 18, Most: 18, Enabled: true}}}}
		message, err := provision.Seal(d, c.platform)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.take(message); err != nil {
			t.Fatal(err)
		}
		judge([]code.Scheme{"", "newpay"}[n])
	}
	c.restart()
	judge("newpay")
	if got := (*configuring)(nil).codes(); got.Version != code.BuiltIn().Version {
		t.Error("a till without a platform has no table")
	}
}
