// The page: follows the platform, shows what it holds, and says at once when it does not answer or wants somebody to log in.
import { Stranger, follow, login, logout } from './feed.js';
import { chores, returned } from './more.js';
import { intake, payment, states, statuses, tiles } from './rows.js';
import { choose, label, say } from './text.js';
import { tills } from './tills.js';
import { clock } from './when.js';

const place = (id) => document.getElementById(id);
let before = '';
let search = '';
let last;

function show(state) {
  last = state;
  const { who, payments, totals, marks, health, presence, work, returns, at } = state;
  enter(who);
  place('payments').replaceChildren(...payments.items.map((p) => payment(p, totals.exponent)));
  place('none').hidden = payments.items.length > 0;
  place('none').textContent = say(search === '' ? 'none' : 'nothing');
  place('older').hidden = !payments.next;
  place('newest').hidden = before === '';
  place('totals').replaceChildren(...tiles(totals));
  place('statuses').replaceChildren(...statuses(totals));
  place('marks').replaceChildren(...tills(marks, presence, at));
  fill('work', chores(work, totals.exponent, at));
  fill('returns', returned(returns, totals.exponent));
  place('intake').replaceChildren(...intake(health.intake));
  live(health.broker ? say('live', { time: clock(at, at) }) : say('broker.away'), !health.broker);
}

/** fill shows a table that is there only when it has rows. */
function fill(id, rows) {
  place(id).replaceChildren(...rows);
  place(`${id}-sheet`).hidden = rows.length === 0;
}

/** enter shows the office to who is known, and else the door. */
function enter(who) {
  place('office').hidden = !who;
  place('door').hidden = Boolean(who);
  place('person').hidden = place('logout').hidden = !who?.name;
  place('person').textContent = who?.name ? `${who.name} · ${say(`role.${who.role}`)}` : '';
}

function live(text, alarm) {
  place('live').textContent = text;
  place('live').classList.toggle('lost', alarm);
}

function lost(problem) {
  if (!(problem instanceof Stranger)) {
    live(say('lost'), true);
    return;
  }
  last = undefined;
  const knocking = place('door').hidden;
  enter();
  live('', false);
  if (knocking) place('token').focus();
}

const query = () => {
  const asked = new URLSearchParams(search);
  if (before) asked.set('before', before);
  return asked.size > 0 ? `?${asked}` : '';
};

function turn(page) {
  before = page;
  again();
}

/** ask reads the form. Days are those of the browser's own zone. */
function ask() {
  const asked = new URLSearchParams();
  for (const name of ['order', 'till', 'day', 'status']) {
    const value = place(`search-${name}`).value.trim();
    if (value) asked.set(name, value);
  }
  if (asked.has('day')) asked.set('timezone', Intl.DateTimeFormat().resolvedOptions().timeZone);
  search = asked.toString();
  turn('');
}

function translate() {
  label();
  const chosen = place('search-status').value;
  place('search-status').replaceChildren(...states());
  place('search-status').value = chosen;
}

translate();
const again = follow(query, show, lost);
place('older').addEventListener('click', () => turn(last.payments.next));
place('newest').addEventListener('click', () => turn(''));
place('search').addEventListener('submit', (e) => { e.preventDefault(); ask(); });
place('search-status').addEventListener('change', ask);
place('search-day').addEventListener('change', ask);
place('login').addEventListener('submit', async (e) => {
  e.preventDefault();
  try {
    place('wrong').hidden = await login(place('token').value.trim());
    if (place('wrong').hidden) place('token').value = '';
    again();
  } catch (problem) {
    lost(problem);
  }
});
place('logout').addEventListener('click', async () => {
  try {
    await logout();
  } finally {
    again();
  }
});
for (const chip of document.querySelectorAll('[data-language]')) {
  chip.addEventListener('click', () => {
    choose(chip.dataset.language);
    translate();
    if (last) show(last);
  });
}
