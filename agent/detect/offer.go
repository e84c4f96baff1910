package detect

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// offer writes the lines of till.yaml for what was found, "" when this version has no driver for it.
func offer(f *Found, to *target) string {
	d, ok := driverOf(f.Family)
	if !ok || d.Kind != f.Kind {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "devices:\n  - name: %s\n    kind: %s\n    driver: %s\n", f.Kind, f.Kind, f.Family)
	if to.stream {
		fmt.Fprintf(&b, "    tcp: %s\n", quoted(to.address))
	} else {
		fmt.Fprintf(&b, "    port: %s\n", quoted(to.Name))
	}
	if !to.stream && f.Baud != d.Line.Baud {
		fmt.Fprintf(&b, "    baud: %d\n", f.Baud)
	}
	if usual, err := d.Line.Framed(to.Framing); err == nil && !to.stream && usual != d.Line {
		fmt.Fprintf(&b, "    framing: %s\n", to.Framing)
	}
	if len(f.Options) > 0 {
		fmt.Fprintf(&b, "    options:\n")
		for _, key := range slices.Sorted(maps.Keys(f.Options)) {
			fmt.Fprintf(&b, "      %s: %s\n", key, quoted(f.Options[key]))
		}
	}
	return b.String()
}

// quoted is a text as YAML takes it literally.
func quoted(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}
