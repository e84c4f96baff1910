package drivertest

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/tillproof/tillproof/drivers"
	"github.com/tillproof/tillproof/pos"
)

func refusesWeakReaders(t *testing.T, bench ReaderBench) {
	for how, want := range map[Weakness]pos.ErrorCode{NoKeys: "reader_in_clear", KeysIdle: "reader_in_clear", NotHidden: "reader_in_clear",
		UsedUp: "reader_keys_used_up", Dumb: "device_unavailable"} {
		atReader(t, bench, func(s *readerStand) {
			s.peer.Weaken(how)
			s.plug()
			_, err := s.reader.Open(s.within(time.Minute))
			s.wantError(err, want)
			s.peer.Send(s.peer.Draw(Good))
			_, err = s.read()
			s.wantError(err, deviceUnavailable)
		})
	}
}

// openingTime bounds an opening at a wire that carries nothing any more.
const openingTime = 10 * time.Second

func opensAgain(t *testing.T, bench ReaderBench) {
	length := measureOpening(t, bench)
	for _, fault := range []Fault{Unplug, Mute} {
		for way, n := range length {
			for limit := range n {
				atReader(t, bench, func(s *readerStand) {
					s.plug()
					s.wire.arm(way, limit, fault)
					begin := time.Now()
					_, err := s.reader.Open(s.within(time.Minute))
					if s.wantError(err, deviceUnavailable); time.Since(begin) > openingTime {
						s.t.Errorf("it took %v to tell", time.Since(begin))
					}
					s.open()
					s.swipe()
				})
			}
		}
	}
}

// measureOpening is how many bytes an opening has in each direction, of a reader that has been opened before.
func measureOpening(t *testing.T, bench ReaderBench) (length [2]int) {
	t.Helper()
	atReader(t, bench, func(s *readerStand) {
		s.plug()
		s.wire.arm(inward, 0, NoFault)
		if _, err := s.reader.Open(s.within(time.Minute)); err != nil {
			s.t.Fatal(err)
		}
		length = s.wire.passed
	})
	return length
}

func openingEndsWithContext(t *testing.T, bench ReaderBench) {
	atReader(t, bench, func(s *readerStand) {
		s.peer.Weaken(Dumb)
		s.plug()
		begin := time.Now()
		_, err := s.reader.Open(s.within(300 * time.Millisecond))
		if took := time.Since(begin); err == nil || took > time.Second {
			s.t.Errorf("error %v after %v", err, took)
		}
	})
}

func readsNothingBeforeOpen(t *testing.T, bench ReaderBench) {
	atReader(t, bench, func(s *readerStand) {
		s.plug()
		s.peer.Send(s.peer.Draw(Good))
		_, err := s.read()
		s.wantError(err, deviceUnavailable)
	})
}

func readsACard(t *testing.T, bench ReaderBench) {
	atReader(t, bench, func(s *readerStand) {
		if s.info.Serial != s.peer.Serial() || s.info.Level == "" || s.info.KSN != nil && len(s.info.KSN) != drivers.KSNSize {
			t.Errorf("%+v", s.info)
		}
		last := []byte(nil)
		for range 3 {
			swipe := s.swipe()
			if !drivers.KSNFollows(last, swipe.KSN) {
				s.t.Errorf("key %x after %x", swipe.KSN, last)
			}
			last = swipe.KSN
		}
	})
}

func readsGluedCards(t *testing.T, bench ReaderBench) {
	atReader(t, bench, func(s *readerStand) {
		var all []byte
		for range 3 {
			all = append(all, s.peer.Draw(Good)...)
		}
		s.peer.Send(all)
		for range 3 {
			swipe, err := s.read()
			s.wantCard(swipe, err)
		}
	})
}

func readsSplitCards(t *testing.T, bench ReaderBench) {
	atReader(t, bench, func(s *readerStand) {
		over := make(chan struct{})
		go func() {
			defer close(over)
			for _, b := range s.peer.Draw(Good) {
				time.Sleep(100 * time.Millisecond)
				s.peer.Send([]byte{b})
			}
		}()
		swipe, err := s.read()
		s.wantCard(swipe, err)
		<-over
	})
}

func refusesDamage(t *testing.T, bench ReaderBench) {
	s := measureSwipe(t, bench)
	for at := range s {
		for _, flip := range []byte{0x01, 0xFF} {
			atReader(t, bench, func(s *readerStand) {
				frame := s.peer.Draw(Good)
				frame[at] ^= flip
				s.peer.Send(frame)
				s.wantNoCard()
				s.swipe()
			})
		}
	}
}

func refusesJunk(t *testing.T, bench ReaderBench) {
	for at := range measureSwipe(t, bench) {
		others := []byte{0x00, 0x03, 0x06, 0x15, '%', ';', 0xFF}
		for _, junk := range []byte{0x02, others[at%len(others)]} {
			atReader(t, bench, func(s *readerStand) {
				frame := s.peer.Draw(Good)
				sent := append(append(bytes.Clone(frame[:at]), junk), frame[at:]...)
				whole := bytes.HasPrefix(sent, frame) || bytes.HasSuffix(sent, frame)
				s.peer.Send(sent)
				if swipe, err := s.reader.Read(s.within(3*time.Second), s.progress); whole && err == nil {
					s.wantCard(swipe, err)
				} else {
					s.wantAskedAgain(err)
				}
				time.Sleep(time.Second)
				s.swipe()
			})
		}
	}
}

func survivesCuts(t *testing.T, bench ReaderBench) {
	for at := range measureSwipe(t, bench) {
		atReader(t, bench, func(s *readerStand) {
			s.peer.Send(s.peer.Draw(Good)[:at])
			s.wantNoCard()
			s.swipe()
		})
	}
}

func survivesUnplugging(t *testing.T, bench ReaderBench) {
	for at := range measureSwipe(t, bench) {
		atReader(t, bench, func(s *readerStand) {
			frame := s.peer.Draw(Good)
			s.wire.arm(inward, at, Unplug)
			s.peer.Send(frame)
			_, err := s.read()
			s.wantError(err, deviceUnavailable)
			_, err = s.read()
			s.wantError(err, deviceUnavailable)
			s.open()
			s.swipe()
		})
	}
}

func refusesClear(t *testing.T, bench ReaderBench) {
	for _, how := range []Swipe{ClearFrame, ClearText, Unmasked} {
		refuses(t, bench, how, "reader_in_clear")
	}
}

func refusesReplays(t *testing.T, bench ReaderBench) {
	for _, how := range []Swipe{Replayed, Backwards, Keyless, OtherKey} {
		refuses(t, bench, how, "reader_replay")
	}
}

func asksForTheChip(t *testing.T, bench ReaderBench) { refuses(t, bench, HasChip, "use_chip") }

func asksAgain(t *testing.T, bench ReaderBench) { refuses(t, bench, Unreadable, cardUnreadable) }

// refuses draws a card that is not taken, between two that are.
func refuses(t *testing.T, bench ReaderBench, how Swipe, want pos.ErrorCode) {
	t.Run(string(how), func(t *testing.T) {
		atReader(t, bench, func(s *readerStand) {
			s.swipe()
			s.swipe()
			frame := s.peer.Draw(how)
			if frame == nil {
				return
			}
			s.peer.Send(frame)
			_, err := s.read()
			s.wantError(err, want)
			time.Sleep(time.Second)
			s.swipe()
		})
	})
}

func waitEndsWithContext(t *testing.T, bench ReaderBench) {
	atReader(t, bench, func(s *readerStand) {
		begin := time.Now()
		if _, err := s.reader.Read(s.within(700*time.Millisecond), s.progress); !errors.Is(err, context.DeadlineExceeded) {
			s.t.Errorf("error %v", err)
		}
		if took := time.Since(begin); took > time.Second {
			s.t.Errorf("the wait ended after %v", took)
		}
		frame := s.peer.Draw(Good)
		s.peer.Send(frame[:20])
		if _, err := s.reader.Read(s.within(100*time.Millisecond), s.progress); !errors.Is(err, context.DeadlineExceeded) {
			s.t.Errorf("error %v", err)
		}
		s.peer.Send(frame[20:])
		swipe, err := s.read()
		s.wantCard(swipe, err)
	})
}

func readerRefusesUnknownOptions(t *testing.T, bench ReaderBench) {
	settings := bench.Settings()
	settings.Options = map[string]string{"no such option": "1"}
	conn, _ := Wire()
	if _, err := bench.Driver().NewCardReader(conn, settings); err == nil {
		t.Error("taken")
	}
}
