package journal_test

import (
	"testing"
	"time"

	"github.com/tillproof/tillproof/pos"
	"github.com/tillproof/tillproof/store/record"
)

// jumps lists the clock_jump records of the current epoch.
func (y *years) jumps() (list []*record.ClockJump) {
	y.t.Helper()
	for from := pos.Seq(1); ; {
		page, err := y.j.Read(y.j.Head().Epoch, from, 100)
		if err != nil {
			y.t.Fatal(err)
		}
		if len(page) == 0 {
			return list
		}
		for _, s := range page {
			from = s.Key + 1
			rec, _, err := y.j.Codec().Decode(s.Raw)
			if err != nil {
				y.t.Fatal(err)
			}
			if body, _ := y.j.Codec().Body(&rec); rec.Kind == record.KindClockJump {
				list = append(list, body.(*record.ClockJump))
			}
		}
	}
}

func TestAClockThatWasSetIsJournalled(t *testing.T) {
	for name, c := range map[string]struct {
		change func(y *years)
		by     int64 // 0: no record
	}{
		"time passes":           {func(y *years) { y.pass(3 * time.Hour) }, 0},
		"four seconds forward":  {func(y *years) { y.now.Wall += 4000 }, 0},
		"six seconds forward":   {func(y *years) { y.now.Wall += 6000 }, 6000},
		"an hour back":          {func(y *years) { y.now.Wall -= 3_600_000 }, -3_600_000},
		"an hour back, a start": {func(y *years) { y.now.Wall -= 3_600_000; y.restart(false) }, -3_600_000},
		"the machine restarts":  {func(y *years) { y.now.Mono = 5; y.now.Wall += 60_000; y.restart(false) }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			live(t, func(y *years) {
				y.sell("before")
				before := y.now
				c.change(y)
				y.sell("after")
				list := y.jumps()
				switch {
				case c.by == 0 && len(list) == 0:
				case c.by != 0 && len(list) == 1 && list[0].By == c.by && list[0].Wall == before.Wall:
				default:
					t.Errorf("%+v", list)
				}
			})
		})
	}
}

func TestTheProvenTimeGoesIntoRecords(t *testing.T) {
	live(t, func(y *years) {
		asked := y.now
		y.pass(200 * time.Millisecond)
		y.j.Prove(y.now.Wall-100+3000, asked, y.now)
		if ms, ok := y.j.Offset(); !ok || ms != 3000 {
			t.Errorf("offset %d, %v", ms, ok)
		}
		y.pass(11 * time.Second)
		y.j.Prove(0, asked, y.now)
		if ms, _ := y.j.Offset(); ms != 3000 {
			t.Errorf("an answer of 11 s has proven %d", ms)
		}
		y.sell("order")
		page, err := y.j.Read(y.j.Head().Epoch, y.j.Head().Seq, 1)
		if err != nil {
			t.Fatal(err)
		}
		rec, _, err := y.j.Codec().Decode(page[0].Raw)
		if err != nil || rec.Times.Offset == nil || *rec.Times.Offset != 3000 {
			t.Errorf("record %+v, %v", rec.Times, err)
		}
		y.now.Wall += 600_000 // set forward: the offset moves along
		y.sell("later")
		if ms, _ := y.j.Offset(); ms != 3000-600_000 || !y.j.ClockDoubted() {
			t.Errorf("offset %d, doubted %v", ms, y.j.ClockDoubted())
		}
		y.j.Prove(y.now.Wall, y.now, y.now)
		if y.j.ClockDoubted() || y.j.ClockUnproven() {
			t.Error("a clock that was just proven is doubted")
		}
	})
}

func TestAgeIsTheLargerOfBothClocks(t *testing.T) {
	live(t, func(y *years) {
		rec := &record.Record{Times: y.now}
		y.pass(time.Hour)
		y.now.Wall -= 30 * 60_000
		if age := y.j.Age(rec); age != time.Hour {
			t.Errorf("set back half an hour: %s", age)
		}
		y.now.Mono = 7 // the machine was restarted
		if age := y.j.Age(rec); age != 30*time.Minute {
			t.Errorf("after a restart of the machine: %s", age)
		}
	})
}
