package wire

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/tillproof/tillproof/store/cose"
)

// ref points to another place of the document.
type ref struct {
	Ref string `yaml:"$ref"`
}

// asyncapi is what the test reads of docs/asyncapi.yaml.
type asyncapi struct {
	AsyncAPI string `yaml:"asyncapi"`
	Channels map[string]struct {
		Address  string         `yaml:"address"`
		Messages map[string]ref `yaml:"messages"`
	} `yaml:"channels"`
	Operations map[string]struct {
		Action   string `yaml:"action"`
		Channel  ref    `yaml:"channel"`
		Messages []ref  `yaml:"messages"`
		Bindings struct {
			MQTT struct {
				QoS    int  `yaml:"qos"`
				Retain bool `yaml:"retain"`
			} `yaml:"mqtt"`
		} `yaml:"bindings"`
	} `yaml:"operations"`
	Components struct {
		Messages map[string]struct {
			AAD     string `yaml:"x-external-aad"`
			Payload struct {
				Schema string `yaml:"schema"`
			} `yaml:"payload"`
		} `yaml:"messages"`
	} `yaml:"components"`
}

func readAsyncAPI(t *testing.T) (doc asyncapi) {
	t.Helper()
	text, err := os.ReadFile("../../docs/asyncapi.yaml")
	if err == nil {
		err = yaml.Unmarshal(text, &doc)
	}
	if err != nil || doc.AsyncAPI != "3.0.0" {
		t.Fatalf("%q %v", doc.AsyncAPI, err)
	}
	return doc
}

// channels reads the constants out of the program's text, so that a new one cannot be forgotten in a list.
func channels(t *testing.T) (list []string) {
	t.Helper()
	text, err := os.ReadFile("topic.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^\t\w+ +Channel = "([a-z/]+)"`).FindAllStringSubmatch(string(text), -1) {
		if list = append(list, m[1]); !Channel(m[1]).Known() {
			t.Errorf("%s is not known to ParseTopic", m[1])
		}
	}
	return list
}

func TestAsyncAPINamesEveryTopic(t *testing.T) {
	doc, want := readAsyncAPI(t), channels(t)
	const root = "tp/v1/{merchant}/{partition}/{till}/"
	var got []string
	for name, c := range doc.Channels {
		end, ok := strings.CutPrefix(c.Address, root)
		if got = append(got, end); !ok || len(c.Messages) != 1 {
			t.Errorf("%s: %s, %d messages", name, c.Address, len(c.Messages))
		}
		for message, at := range c.Messages {
			if at.Ref != "#/components/messages/"+message {
				t.Errorf("%s: %s", name, at.Ref)
			}
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the document has %v, the program %v", got, want)
	}
}

func TestAsyncAPISaysWhoSends(t *testing.T) {
	doc, used := readAsyncAPI(t), map[string]bool{}
	for name, o := range doc.Operations {
		channel := strings.TrimPrefix(o.Channel.Ref, "#/channels/")
		c, known := doc.Channels[channel]
		if !known || used[channel] || len(o.Messages) != 1 || !strings.HasPrefix(o.Messages[0].Ref, o.Channel.Ref+"/messages/") {
			t.Errorf("%s: %+v", name, o)
		}
		used[channel] = true
		end := c.Address[strings.LastIndex(c.Address, "}/")+2:]
		if up := strings.HasPrefix(end, "up/"); up != (o.Action == "send") || o.Action != "send" && o.Action != "receive" {
			t.Errorf("%s: %s on %s", name, o.Action, end)
		}
		kept := slices.Contains([]Channel{UpBirth, DownPolicy, DownKeys, DownConfig}, Channel(end))
		if o.Bindings.MQTT.QoS != 1 || o.Bindings.MQTT.Retain != kept {
			t.Errorf("%s: %+v", name, o.Bindings)
		}
	}
	if len(used) != len(doc.Channels) {
		t.Errorf("%d of %d channels are used", len(used), len(doc.Channels))
	}
}

func TestAsyncAPIPointsToTheCDDL(t *testing.T) {
	doc := readAsyncAPI(t)
	text, err := os.ReadFile("wire.cddl")
	if err != nil {
		t.Fatal(err)
	}
	purposes := []cose.Purpose{cose.ForAck, cose.ForCall, cose.ForReply, cose.ForEvent, cose.ForPolicy, cose.ForKeys, cose.ForConfig}
	for name, m := range doc.Components.Messages {
		rule, ok := strings.CutPrefix(m.Payload.Schema, "../sync/wire/wire.cddl#")
		if !ok || !regexp.MustCompile(`(?m)^`+rule+` = `).Match(text) {
			t.Errorf("%s: there is no rule %q", name, m.Payload.Schema)
		}
		if m.AAD != "" {
			at := slices.Index(purposes, cose.Purpose(m.AAD))
			if at < 0 {
				t.Errorf("%s: nothing is signed for %q", name, m.AAD)
				continue
			}
			purposes = slices.Delete(purposes, at, at+1)
		}
	}
	if len(purposes) > 0 {
		t.Errorf("no message is signed for %v", purposes)
	}
}
