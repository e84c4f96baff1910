//go:build linux

package scenario_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"strings"

	concert "github.com/tillproof/tillproof/drivers/concert/codec"
	"github.com/tillproof/tillproof/drivers/stx"
	transbank "github.com/tillproof/tillproof/drivers/transbank/codec"
)

// spoiler is the wire of a terminal of the STX families that misbehaves: what it writes is given card data wherever its family has a place for it.
type spoiler struct {
	io.ReadWriteCloser
	decoder stx.Decoder
	spoil   func(payload []byte) []byte
}

func spoiling(rules *stx.Rules, spoil func([]byte) []byte) func(io.ReadWriteCloser) io.ReadWriteCloser {
	return func(w io.ReadWriteCloser) io.ReadWriteCloser {
		return &spoiler{ReadWriteCloser: w, decoder: stx.Decoder{Rules: rules}, spoil: spoil}
	}
}

// Write implements [io.Writer].
func (s *spoiler) Write(b []byte) (int, error) {
	var out []byte
	for _, c := range b {
		for _, e := range s.decoder.Feed(c) {
			switch e.Kind {
			case stx.GotFrame:
				out = append(out, s.decoder.Rules.Frame(s.spoil(e.Payload))...)
			case stx.GotProgress:
				out = append(out, stx.SOH)
				out = fmt.Appendf(out, "%-*.*s", s.decoder.Rules.Progress, s.decoder.Rules.Progress, panOfShort)
				out = append(out, stx.EOT)
			default:
				out = append(out, e.Raw...)
			}
		}
	}
	if _, err := s.ReadWriteCloser.Write(out); err != nil {
		return 0, err
	}
	return len(b), nil
}

// spoiledPOS puts card data into an approval of Transbank: its account field, its employee, and a brand that no table has.
func spoiledPOS(payload []byte) []byte {
	m := transbank.Parse(payload)
	if m.Command() != "0210" || len(m) < 18 || m.Field(1) != "00" {
		return payload
	}
	m[9], m[13], m[14], m[17] = panOfField[12:], panOfField, panOfName, "PAN "+panOfText
	return []byte(strings.Join(m, "|") + "|")
}

// spoiledEPlus puts a whole number and a track into the report of a full answer.
func spoiledEPlus(payload []byte) []byte {
	if len(payload) == concert.FullAnswer {
		copy(payload[12:], fmt.Sprintf("%-*s", concert.ReportLength, panOfLine+" "+panOfPrinted+"="+printedRest))
	}
	return payload
}

// spoiledTags puts card data into an answer of V3: number, ticket, and a tag that no table has.
func spoiledTags(payload []byte) (out []byte) {
	tags, err := concert.Tags(payload)
	if err != nil {
		panic("the simulated terminal sends what it cannot read itself")
	}
	for _, t := range tags {
		switch t.Name {
		case "AA":
			t.Value = panOfField
		case "ZT":
			ticket := base64.StdEncoding.EncodeToString([]byte("CARTE " + panOfGroups + "\n" + strings.Join(groups(panOfAmex), " ") + "\n"))
			t.Value = string(concert.AppendTag(concert.AppendTag(nil, "CK", "100"), "AK", ticket))
		}
		out = concert.AppendTag(out, t.Name, t.Value)
	}
	return concert.AppendTag(out, "QQ", "B"+panOfTrack1+"^TEST/CARD^"+track1Rest)
}
