// The cashier's screen: wires state, sale and keys to what is drawn.
import { ask } from './api.js';
import * as basket from './basket.js';
import * as cart from './cart.js';
import * as cash from './cash.js';
import * as confirm from './confirm.js';
import * as day from './day.js';
import * as decide from './decide.js';
import { find, setText, show } from './dom.js';
import * as gone from './gone.js';
import * as goods from './goods.js';
import * as history from './history.js';
import * as hold from './hold.js';
import { choose, follow as followLanguage, locale, offered, t, translate } from './i18n.js';
import * as keyboard from './keyboard.js';
import { keypad } from './keypad.js';
import * as live from './live.js';
import * as operate from './operate.js';
import { awaitsCode } from './look.js';
import { push } from './money.js';
import * as pairing from './pairing.js';
import * as payment from './payment.js';
import { inWords } from './problems.js';
import * as recent from './recent.js';
import * as refund from './refund.js';
import * as sale from './sale.js';
import { current } from './scene.js';
import * as sheet from './sheet.js';
import * as split from './split.js';
import { changed, follow, state } from './state.js';
import * as store from './store.js';
import { order, refusal } from './tenders.js';
import { toast } from './toast.js';
import * as truth from './truth.js';
import * as viewed from './viewed.js';
import { clock } from './when.js';

const scene = () => current(store.read());

function draw() {
  const kept = store.read();
  const view = state.paired ? current(kept) : null;
  pairing.draw();
  gone.draw();
  truth.draw();
  basket.draw(kept, { onCount: count, onTender: tender });
  goods.draw(basket.money);
  recent.draw();
  payment.draw(view);
  cash.draw();
  day.draw();
  sheet.tick();
  viewed.keep();
  find('desk').inert = state.paired !== true || Boolean(view);
  if (view && cash.isOpen()) cash.close();
  if (state.paired === false && sheet.isOpen()) sheet.close();
  setText(find('till-name'), state.till ?? '');
  drawLanguages();
}

function drawLanguages() {
  for (const node of document.querySelectorAll('[data-language]')) {
    show(node, offered(state.status?.shop?.languages).includes(node.dataset.language));
    node.setAttribute('aria-pressed', String(node.dataset.language === document.documentElement.lang));
  }
}

const isSelling = () => state.paired === true && !scene() && !sheet.isOpen();

function count(index, by) {
  store.change((kept) => cart.count(kept, index, by));
}

function sell(item) {
  if (isSelling()) store.change((kept) => cart.add(kept, item));
}

/** pad takes a key of the amount pad. */
function pad(key) {
  if (!isSelling()) return;
  store.change((kept) => {
    if (key === 'enter') return cart.addTyped(kept);
    if (key === 'clear') return { ...kept, typed: '' };
    return cart.key(kept, key === 'backspace' ? kept.typed.slice(0, -1) : push(kept.typed, key));
  });
}

/** tender begins to pay, or says why not. */
function tender(name) {
  const kept = store.read();
  if (!isSelling() || !state.status?.shop) return;
  const reason = name === 'none' ? '' : refusal(name, state.status);
  if (reason) return toast(reason, 'warn');
  if (cart.isEmpty(kept)) return toast(t('cart.nothing'));
  state.note = null;
  const { currency, exponent } = state.status.shop;
  if (name === 'cash' && cart.due(kept) > 0) return cash.open(cart.due(kept), currency, exponent, state.status.shop.cash_step);
  start(name);
}

function start(name, extra) {
  if (!sale.begin(name, extra)) toast(t('store.full'), 'warn');
}

/** press is what the buttons of the payment screen do. */
async function press(action) {
  const kept = store.read();
  const view = current(kept);
  if (!view?.actions.includes(action)) return;
  const id = view.payment?.id;
  if (action === 'cancel') return report(await sale.cancel(id));
  if (action === 'give-up')
    return (await confirm.confirm('confirm.give_up', 'confirm.give_up.yes')) && report(await sale.cancel(id));
  if (action === 'leave' && !(await confirm.confirm('confirm.leave', 'confirm.leave.yes'))) return;
  const given = { void: refund.takeBack, refund: refund.giveBack, capture: refund.collectAgain, book: hold.book, release: hold.release, decide: decide.open, 'sell-offline': split.sellOffline, override: split.override };
  if (given[action]) return given[action](view.payment ?? kept.problem);
  const plain = { again: sale.again, rest: sale.goesOn, back: sale.back, next: sale.next, aside: sale.next, leave: sale.next };
  plain[action]?.();
  if (action === 'ask') await askAgain(id);
  if (action === 'dismiss') state.refusal = null;
  if (action === 'blocker') {
    sale.back();
    state.viewed = view.blocker;
    sale.refresh(view.blocker);
  }
  if (action === 'close') state.viewed = null;
  changed();
}

async function askAgain(id) {
  const answer = await sale.askAgain(id);
  if (answer.kind === 'refused') return report(answer);
  toast(t(answer.kind === 'done' ? 'unknown.asked' : 'gone.text'));
}

/** report says what the till refused. */
function report(answer) {
  if (answer.kind === 'refused') toast(inWords(answer.data), 'warn');
  if (answer.kind === 'silent') toast(t('cancel.silent'), 'warn');
}

/** scan hands over what a wedge scanner typed; what it was comes back as an event. */
async function scan(text) {
  find('code-text').value = '';
  const answer = await ask('POST', '/v1/scan', { text });
  if (answer.kind === 'refused') note(inWords(answer.data));
  if (answer.kind === 'silent') note(t('scan.silent'));
}

function note(text) {
  state.note = text;
  if (!awaitsCode(store.read().seen)) toast(text, 'warn');
  changed();
}

let leads = false;

/** onScan: goods go into the sale once, though every tab hears of them. */
function onScan({ kind, item, note: text }) {
  if (kind === 'payment_code' && !text) return;
  if (kind !== 'goods' || !item || store.read().request || store.read().payment) return text && note(locale() === 'en' ? text : t('scan.not_code'));
  if (leads) store.change((kept) => cart.add(kept, item));
}

const shortcuts = { c: 'cash', k: 'card', s: 'code', q: 'qr' };
const letters = {
  t: 'again',
  w: ['ask', 'blocker'],
  g: 'give-up',
  n: ['aside', 'leave', 'next'],
  v: ['void', 'release'],
  b: 'book',
  r: ['refund', 'capture'],
  d: 'decide',
  o: ['sell-offline', 'override'],
};

const enters = ['rest', 'again', 'next', 'back', 'ask', 'close', 'dismiss'];

/** act does what a key means here; true if it meant something. */
function act(key) {
  if (confirm.isOpen()) return key === 'Escape' && (confirm.done(false), true);
  if (cash.isOpen()) return inCash(key);
  if (sheet.isOpen()) return sheet.key(key) || key.length === 1;
  const view = state.paired ? scene() : null;
  if (!view) return onDesk(key);
  if (desk.awaited() && inCode(key)) return true;
  const names = { Enter: enters, Escape: ['cancel', 'close', 'back', 'dismiss'], ...letters }[key] ?? [];
  const meant = [names].flat().filter((name) => view.actions.includes(name));
  const action = key === 'Enter' ? view.actions.find((name) => meant.includes(name)) : meant[0];
  if (action) press(action);
  return Boolean(action);
}

function inCash(key) {
  const meant = { Enter: 'enter', Backspace: 'backspace', Delete: 'clear' }[key];
  if (key === 'Escape') cash.close();
  else if (meant) cash.press(meant);
  return Boolean(meant) || key === 'Escape';
}

function inCode(key) {
  const field = find('code-text');
  if (field.value === '' || !['Enter', 'Backspace'].includes(key)) return false;
  if (key === 'Enter') find('code-form').requestSubmit();
  else field.value = field.value.slice(0, -1);
  return true;
}

function onDesk(key) {
  const meant = { Enter: 'enter', Backspace: 'backspace', Escape: 'clear', Delete: 'clear' }[key];
  if (meant) pad(meant);
  const sheets = { p: () => history.open(), d: day.open, t: split.open }[key];
  if (sheets) sheets();
  const name = shortcuts[key];
  if (name && order.includes(name) && (state.status?.shop?.tenders ?? []).includes(name)) tender(name);
  return Boolean(meant || name || sheets);
}

/** type puts keys into the field for a code while one is awaited: by then they have no other meaning. */
function type(text) {
  if (!desk.awaited() || sheet.isOpen()) return false;
  find('code-text').value += text;
  return true;
}

const desk = {
  awaited: () => awaitsCode(store.read().seen),
  goods: () => (state.status?.shop?.goods ? state.goods : []),
  snapshot: () => (cash.isOpen() ? { cash: cash.keyed() } : { typed: store.read().typed }),
  restore: (before) => {
    if (before?.cash !== undefined && cash.isOpen()) cash.key(before.cash);
    if (before?.typed !== undefined && isSelling()) store.change((kept) => ({ ...kept, typed: before.typed }));
  },
  digit: (digit) => (sheet.isOpen() ? sheet.digit(digit) : cash.isOpen() ? cash.press(digit) : pad(digit)),
  secret: sheet.isSecret,
  scan,
  type,
  act,
};

function onMode({ mode, mode_since_at: since }) {
  toast(t(`mode.toast.${mode}`, { time: clock(since) }), mode === 'online' ? 'good' : 'warn');
}

function attach() {
  find('pad').append(keypad('pad', pad, 'pad.add'));
  find('send-now').addEventListener('click', truth.sendNow);
  find('code-form').addEventListener('submit', (event) => {
    event.preventDefault();
    const text = find('code-text').value.trim();
    if (text !== '') scan(text);
  });
  for (const node of document.querySelectorAll('[data-language]'))
    node.addEventListener('click', () => choose(node.dataset.language));
  for (const node of document.querySelectorAll('[data-panel-of]'))
    node.addEventListener('click', () => panel(node.dataset.panelOf));
  cash.attach((tendered) => start('cash', { tendered }));
  confirm.attach();
  sheet.attach();
  find('day').addEventListener('click', day.open);
  find('history').addEventListener('click', () => history.open());
  find('split').addEventListener('click', split.open);
  pairing.attach();
  goods.attach(sell, scan, draw);
  payment.attach(press);
  keyboard.attach(desk);
  find('desk').addEventListener('click', letGo);
}

/** letGo takes the focus from what a finger pressed, so that the next Enter is not taken for a second press. */
function letGo(event) {
  if (event.detail > 0 && document.activeElement instanceof HTMLButtonElement) document.activeElement.blur();
}

/** panel chooses what a narrow screen shows: there is room for one of them. */
function panel(name) {
  find('desk').dataset.panel = name;
  for (const node of document.querySelectorAll('[data-panel-of]'))
    node.setAttribute('aria-pressed', String(node.dataset.panelOf === name));
}

attach();
translate(document.body);
panel('pad');
follow(draw);
store.follow(changed);
followLanguage(changed);
store.lead(() => {
  leads = true;
});
setInterval(draw, 1000);
setInterval(sale.resume, 1000);
setInterval(operate.resume, 1000);
live.start({ onMode, onScan, onUp: () => (sale.resume(), viewed.restore()) });
changed();
