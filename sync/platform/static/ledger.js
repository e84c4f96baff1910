// The page: follows the platform, shows what it holds, and says at once when it does not answer.
import { follow } from './feed.js';
import { intake, mark, payment, statuses, tiles } from './rows.js';
import { choose, label, say } from './text.js';
import { clock } from './when.js';

const place = (id) => document.getElementById(id);
let before = '';
let last;

function show(state) {
  last = state;
  const { payments, totals, marks, health, at } = state;
  place('payments').replaceChildren(...payments.items.map((p) => payment(p, totals.exponent)));
  place('none').hidden = payments.items.length > 0;
  place('older').hidden = !payments.next;
  place('newest').hidden = before === '';
  place('totals').replaceChildren(...tiles(totals));
  place('statuses').replaceChildren(...statuses(totals));
  place('marks').replaceChildren(...marks.map((m) => mark(m, at)));
  place('intake').replaceChildren(...intake(health.intake));
  live(health.broker ? say('live', { time: clock(at, at) }) : say('broker.away'), !health.broker);
}

function live(text, alarm) {
  place('live').textContent = text;
  place('live').classList.toggle('lost', alarm);
}

function turn(page) {
  before = page;
  again();
}

label();
const again = follow(() => before, show, () => live(say('lost'), true));
place('older').addEventListener('click', () => turn(last.payments.next));
place('newest').addEventListener('click', () => turn(''));
for (const chip of document.querySelectorAll('[data-language]')) {
  chip.addEventListener('click', () => {
    choose(chip.dataset.language);
    if (last) show(last);
  });
}
