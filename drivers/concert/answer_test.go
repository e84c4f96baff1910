package concert

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/drivers/concert/codec"
	"github.com/tillproof/tillproof/drivers/drivertest"
)

func tags(pairs ...string) string {
	b := codec.AppendTag(nil, "CZ", "0300")
	for i := 0; i < len(pairs); i += 2 {
		b = codec.AppendTag(b, pairs[i], pairs[i+1])
	}
	return string(b)
}

// TestOddAnswers holds answers that are legal, or nearly, and that no simulator gives.
func TestOddAnswers(t *testing.T) {
	ePlusOrder := order{what: drivers.SaleOf, amount: euros(1990), private: "ABCDEFGHIJ", kind: "0", register: "02"}
	for _, c := range []struct {
		name    string
		read    reader
		payload string
		fit     fit
		state   state
	}{
		{"the sheet's example", readEPlus, "020000019901978          ", like, done},
		{"with our name", readEPlus, "020000019901978ABCDEFGHIJ", exact, done},
		{"with our name in lower case", readEPlus, "020000019901978abcdefghij", another, done},
		{"cut name", readEPlus, "020000019901978ABCDEFGH  ", another, done},
		{"another register", readEPlus, "030000019901978ABCDEFGHIJ", another, done},
		{"another currency", readEPlus, "020000019901756ABCDEFGHIJ", another, done},
		{"refused without a means", readEPlus, "02700001990 978ABCDEFGHIJ", exact, refused},
		{"a state of no table", readEPlus, "024000019901978ABCDEFGHIJ", exact, unclear},
		{"a report of blanks", readEPlus, "020000019901" + strings.Repeat(" ", 55) + "978ABCDEFGHIJ", exact, done},
		{"an amount with blanks", readEPlus, "020    19901978ABCDEFGHIJ", another, unclear},
		{"24 characters", readEPlus, "02000001990197 ABCDEFGHI", another, unclear},
		{"V3 to an E+ till", readEPlus, tags("AE", "10"), another, unclear},
		{"V3 in another order", readTags, tags("AF", "01", "CB", "1990", "AE", "10", "CD", "0", "CF", "ABCDEFGHIJ", "CE", "978", "CA", "2"), exact, done},
		{"an empty tag", readTags, tags("AE", "10", "ZZ", "", "CB", "000000001990", "CD", "0", "CE", "978", "CA", "02"), like, done},
		{"no AE", readTags, tags("CB", "1990", "CD", "0", "CE", "978", "CA", "02"), like, unclear},
		{"AE of no table", readTags, tags("AE", "12", "CB", "1990"), like, unclear},
		{"done and refused", readTags, tags("AE", "10", "AF", "05", "CB", "1990"), like, unclear},
		{"done after a call", readTags, tags("AE", "10", "AF", "02", "CB", "1990"), like, done},
		{"not done, and no more", readTags, tags("AE", "01"), like, refused},
		{"two outcomes", readTags, tags("AE", "10", "AE", "01"), another, unclear},
		{"two amounts", readTags, tags("AE", "10", "CB", "1990", "CB", "19900"), another, unclear},
		{"two names", readTags, tags("AE", "10", "CF", "ABCDEFGHIJ", "CH", "other"), another, done},
		{"our name in CH", readTags, tags("AE", "01", "CH", "ABCDEFGHIJ"), exact, refused},
		{"a credit", readTags, tags("AE", "10", "CB", "1990", "CD", "1"), another, done},
		{"success that is no AE of ours", readTags, tags("AE", "101", "CA", "02", "CB", "1990", "CD", "0", "CE", "978"), like, unclear},
		{"a register that is ours when it is cut", readTags, tags("AE", "10", "CA", "021", "CB", "1990", "CD", "0", "CE", "978"), another, done},
		{"a currency that is ours when it is cut", readTags, tags("AE", "10", "CA", "02", "CB", "1990", "CD", "0", "CE", "9781"), another, done},
		{"an action that is ours when it is cut", readTags, tags("AE", "10", "CA", "02", "CB", "1990", "CD", "01", "CE", "978"), another, done},
		{"done, and forbidden in words", readTags, tags("AE", "10", "AF", "05 INTERDIT", "CB", "1990"), like, unclear},
		{"not done, and authorised in words", readTags, tags("AE", "01", "AF", "01 AUTORISE"), like, unclear},
		{"not done, without a sum", readTags, tags("AE", "01", "AF", "06", "CB", ""), like, refused},
		{"an amount of letters", readTags, tags("AE", "10", "CB", "19.90"), another, unclear},
		{"a tag that ends too late", readTags, tags("AE", "10") + "CB0101990", another, unclear},
		{"broken tags in the container", readTags, tags("AE", "10", "ZT", "CK00"), another, unclear},
		{"E+ to a V3 till", readTags, "020000019901978          ", another, unclear},
	} {
		a := c.read([]byte(c.payload))
		if got := ePlusOrder.fits(a); got != c.fit || a.state != c.state {
			t.Errorf("%s: fit %d, state %d, not %d, %d (%+v)", c.name, got, a.state, c.fit, c.state, a)
		}
	}
}

func TestAnAbortInWordsIsAnAbort(t *testing.T) {
	if a := readTags([]byte(tags("AE", "01", "AF", "06 ABANDON"))); !a.cancelled || a.code != "01/06" {
		t.Errorf("%+v", a)
	}
}

// TestLastFour has no digits of what follows a number on a track.
func TestLastFour(t *testing.T) {
	for report, want := range map[string]string{
		"4111111111111111 1299": "1111", "4111111111111111=29121010000000004242": "1111", "411111######1111": "1111", "XXXXXXXXXXXX4242": "4242",
		"411111111111####": "", "1111": "", "41111111111111111111": "", "CARTE 4242": "", "": "",
	} {
		if got := lastFour([]byte(report)); got != want {
			t.Errorf("%q: %q, not %q", report, got, want)
		}
	}
}

func TestNoCardNumberPassesTheParser(t *testing.T) {
	const pan = "4111111111111111"
	ticket := base64.StdEncoding.EncodeToString([]byte("CARTE 4111 1111 1111 1111\n" + pan + "\r\nD\xe9bit\x07 12,00 EUR\n\n"))
	full := "02000001990" + "1" + fmt.Sprintf("%-55s", pan+" 1299") + "978          "
	for _, a := range []*answer{
		readEPlus([]byte(full)),
		readTags([]byte(tags("AE", "10", "AA", pan, "AB", "2912", "AC", pan, "CG", pan, "AF", pan, "ZT", tags("CK", "100", "AK", ticket)))),
	} {
		if text := fmt.Sprintf("%+v", *a); strings.Contains(text, pan) || strings.Contains(text, "4111 1111") || strings.Contains(text, "41111111111") {
			t.Errorf("%s", text)
		}
		if a.told.Last4 != "1111" {
			t.Errorf("%+v", a)
		}
	}
	a := readTags([]byte(tags("AE", "10", "AK", ticket)))
	if len(a.receipts) != 1 || strings.Join(a.receipts[0].Lines, "|") != "CARTE **** **** **** 1111|************1111|Débit 12,00 EUR" {
		t.Errorf("%q", a.receipts)
	}
}

func TestAFrameIsWiped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		till, far := drivertest.Wire()
		term := made(t, till, false, nil)
		link := term.link.(*serialLink)
		payload := "02000001990" + "1" + fmt.Sprintf("%-55s", "4111111111111111 1299") + "978          "
		for _, end := range []func(){func() { _ = link.accept() }, link.drop} {
			_, _ = far.Write(codec.Rules().Frame([]byte(payload)))
			if _, err := link.answer(context.Background(), time.Now().Add(time.Second)); err != nil {
				t.Fatal(err)
			}
			raw := link.open.Raw
			end()
			if strings.Trim(string(raw), "\x00") != "" {
				t.Errorf("%q", raw)
			}
			payload = strings.Replace(payload, "1990", "1991", 1)
		}
		till.Close()
	})
}
