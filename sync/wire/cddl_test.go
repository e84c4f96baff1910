package wire

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every key of wire.cddl stands in the structs, optional where it is there, and the other way round: who writes a receiver in another language goes by it.
func TestCDDLIsInStepWithTheCode(t *testing.T) {
	text, err := os.ReadFile("wire.cddl")
	if err != nil {
		t.Fatal(err)
	}
	plain := regexp.MustCompile(`;[^\n]*`).ReplaceAllString(string(text), "")
	for rule, v := range map[string]any{"batch": batchMap{}, "ack": ackMap{}, "call": callMap{}, "reply": replyMap{}, "outcome": outcomeMap{}, "foreign": foreignMap{},
		"event": eventMap{}, "birth": birthMap{}, "keylist": keyListMap{}, "platformkey": keyMap{}, "swipe": swipeMap{}} {
		if documented, coded := cddlKeys(t, plain, rule), structKeys(v); !slices.Equal(documented, coded) {
			t.Errorf("%s: the CDDL has %v, the code %v", rule, documented, coded)
		}
	}
	_, versions, _ := strings.Cut(plain, `"versions" => `)
	if documented, coded := keysOf(inBraces(t, versions)), structKeys(versionsMap{}); !slices.Equal(documented, coded) {
		t.Errorf("versions: the CDDL has %v, the code %v", documented, coded)
	}
}

// cddlKeys are the keys of a rule, sorted, with a question mark before the optional ones.
func cddlKeys(t *testing.T, text, rule string) []string {
	t.Helper()
	_, rest, found := strings.Cut(text, "\n"+rule+" = {")
	if !found {
		t.Fatalf("no rule %s", rule)
	}
	return keysOf(inBraces(t, "{"+rest))
}

// inBraces is what stands between the first brace and its partner, without what stands in braces within.
func inBraces(t *testing.T, text string) string {
	t.Helper()
	var out strings.Builder
	depth := 0
	for _, c := range text {
		switch c {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return out.String()
			}
		}
		if depth == 1 {
			out.WriteRune(c)
		}
	}
	t.Fatal("a brace is open")
	return ""
}

func keysOf(body string) (keys []string) {
	for _, m := range regexp.MustCompile(`(\?\s*)?"(\w+)"\s*=>`).FindAllStringSubmatch(body, -1) {
		keys = append(keys, strings.TrimSpace(m[1])+m[2])
	}
	slices.Sort(keys)
	return keys
}

func structKeys(v any) (keys []string) {
	for f := range reflect.TypeOf(v).Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("cbor"), ",")
		if options != "" {
			name = "?" + name
		}
		keys = append(keys, name)
	}
	slices.Sort(keys)
	return keys
}
