package screens_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// The goal for everything that a finger does, and how often it is measured.
const (
	paintGoal   = 100 * time.Millisecond
	digitClicks = 120
	cashClicks  = 100
)

// stopwatch measures in the page itself: from the click, as the browser has stamped it, until a condition holds and two frames were painted
// since.
const stopwatch = `(() => {
	globalThis.lapse = (condition) => new Promise((done) => {
		addEventListener('click', (click) => {
			const painted = () => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - click.timeStamp)));
			const look = () => (condition() ? painted() : setTimeout(look, 0));
			look();
		}, { capture: true, once: true });
	});
})()`

// anotherSale goes from the last customer to the open cash dialog of the next. Its buttons are pressed by script: they are not what is
// measured.
const anotherSale = `
	const step = async (press, there) => { one(press)?.click(); while (!there()) await new Promise((done) => setTimeout(done, 5)); };
	if (status() === 'approved') await step('next-customer', () => !visible('state'));
	await step('pad-5', () => text('total') === '€0.05');
	await step('tender-cash', () => one('cash-dialog').open);
	await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))`

// lapse clicks with the mouse and tells how long the page took until the condition was painted. What comes before the click is not
// measured.
func (p *tab) lapse(x, y float64, before, condition string) time.Duration {
	p.t.Helper()
	p.value(fmt.Sprintf(`(async () => { %s; globalThis.lapsed = lapse(() => { %s return %s; }); })()`, before, helpers, condition))
	p.run(chromedp.MouseClickXY(x, y))
	var ms float64
	if err := json.Unmarshal([]byte(p.value(`globalThis.lapsed`)), &ms); err != nil {
		p.t.Fatal(err)
	}
	return time.Duration(ms * float64(time.Millisecond))
}

// middle is where a finger would press a button.
func (p *tab) middle(testid string) (x, y float64) {
	p.t.Helper()
	var at [2]float64
	place := p.value(fmt.Sprintf(`(() => {
		const r = one('%s').getBoundingClientRect();
		return JSON.stringify([r.left + r.width / 2, r.top + r.height / 2]);
	})()`, testid))
	if err := json.Unmarshal([]byte(place), &at); err != nil {
		p.t.Fatal(err)
	}
	return at[0], at[1]
}

func TestWhatAFingerDoesIsPaintedAtOnce(t *testing.T) {
	s := openShop(t, false)
	p := s.cashier(1024, 600)
	p.value(stopwatch)
	var digits []time.Duration
	five, fiveY := p.middle("pad-5")
	clear, clearY := p.middle("pad-clear")
	for range digitClicks / 2 {
		digits = append(digits, p.lapse(five, fiveY, ``, `text('total') === '€0.05'`))
		digits = append(digits, p.lapse(clear, clearY, ``, `text('total') === '€0.00'`))
	}
	distribution(t, "digit pressed -> amount painted", digits)

	p.click("pad-5")
	p.pay("cash")
	p.until(`one('cash-dialog').open`)
	exact, exactY := p.middle("cash-exact")
	p.click("cash-close")
	p.click("pad-clear")
	var cash []time.Duration
	for range cashClicks {
		cash = append(cash, p.lapse(exact, exactY, anotherSale, `status() === 'approved'`))
	}
	distribution(t, "cash pressed -> approved and durable, painted", cash)
	if n := len(s.payments("")); n != cashClicks {
		t.Errorf("%d payments", n)
	}
}

func distribution(t *testing.T, what string, samples []time.Duration) {
	t.Helper()
	for _, p := range []int{50, 95} {
		bench.figures.note(t, fmt.Sprintf("%s, p%d of %d", what, p, len(samples)), percentile(samples, p), paintGoal)
	}
}
