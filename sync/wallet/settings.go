package wallet

import "time"

// Settings are the times of the loop. Zero values mean those of [Defaults].
type Settings struct {
	Workers      int             // calls to the acquirer at the same time
	CallTimeout  time.Duration   // after which a call is unclear
	FirstQuery   time.Duration   // from an unclear or waiting payment call to the first query
	Shortest     time.Duration   // least time that a customer's code is waited for
	QRLifetime   time.Duration   // of an issued QR when the task does not say
	MaxBackoff   time.Duration   // longest pause between tries of a cancel, refund or announcement
	Watch        []time.Duration // when to look for late money, from the end of the payment, ascending
	CollectTries int             // how often a refused offline approval may be asked for again
	CollectFor   time.Duration   // for how long, from the first refusal
	Rules        map[string]Rule // by scheme; what is not in it goes by RuleOf. Not to be changed while a loop runs
}

// Rule is what a scheme prescribes for an unclear payment.
type Rule struct {
	Interval    time.Duration // between queries
	GiveUp      time.Duration // from the payment call to the last query
	CancelAfter time.Duration // earliest cancel, from the payment call
}

// Defaults are the times that the wallets' guides ask for.
func Defaults() Settings {
	return Settings{
		Workers: 64, CallTimeout: 10 * time.Second, FirstQuery: 5 * time.Second, Shortest: 20 * time.Second,
		QRLifetime: 5 * time.Minute, MaxBackoff: 30 * time.Second, CollectTries: 3, CollectFor: 7 * 24 * time.Hour,
		Watch: []time.Duration{30 * time.Second, 2 * time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour},
	}
}

// RuleOf is the built-in rule of a scheme. WeChat Pay ("reasonable query mechanism" and reverse): give up after 45 s, reverse not
// before 15 s after the payment call. Alipay (barcode payment): give up after 60 s, cancel directly after the last query.
func RuleOf(scheme string) Rule {
	switch scheme {
	case "wechat":
		return Rule{Interval: 5 * time.Second, GiveUp: 45 * time.Second, CancelAfter: 15 * time.Second}
	case "alipay", "alipay_face":
		return Rule{Interval: 4 * time.Second, GiveUp: 60 * time.Second}
	}
	return Rule{Interval: 5 * time.Second, GiveUp: 45 * time.Second}
}

// filled puts the defaults where nothing is set.
func (s Settings) filled() Settings {
	d := Defaults()
	for _, v := range []struct{ set, standard *time.Duration }{
		{&s.CallTimeout, &d.CallTimeout}, {&s.FirstQuery, &d.FirstQuery}, {&s.Shortest, &d.Shortest}, {&s.QRLifetime, &d.QRLifetime},
		{&s.MaxBackoff, &d.MaxBackoff}, {&s.CollectFor, &d.CollectFor},
	} {
		if *v.set <= 0 {
			*v.set = *v.standard
		}
	}
	if s.Workers <= 0 {
		s.Workers = d.Workers
	}
	if s.CollectTries <= 0 {
		s.CollectTries = d.CollectTries
	}
	if len(s.Watch) == 0 {
		s.Watch = d.Watch
	}
	return s
}
