// Draws the payment screen: one big word in one colour, what it means for the money, and what to do next.
import { symbol } from './crisp.js';
import { button, find, icon, setText, show } from './dom.js';
import { t } from './i18n.js';
import { state } from './state.js';
import { left, span } from './when.js';

const keys = {
  cancel: 'Esc',
  back: 'Enter',
  again: 'Enter',
  next: 'Enter',
  aside: 'N',
  ask: 'W',
  rest: 'Enter',
  void: 'V',
  book: 'B',
  release: 'V',
  refund: 'R',
  capture: 'R',
  decide: 'D',
  dismiss: 'Enter',
  'sell-offline': 'O',
  override: 'O',
  'give-up': 'G',
  leave: 'N',
  close: 'Esc',
  blocker: 'W',
};
const testids = { next: 'next-customer', again: 'try-again', ask: 'ask-again', aside: 'set-aside', rest: 'pay-rest' };
const primary = ['next', 'again', 'ask', 'back', 'close', 'rest', 'dismiss'];

const asking = ['cancel', 'give-up', 'ask']; // what waits for an answer of the till

let shown = '';
let sign = '';
let press = () => {};
let qr = null;

/** attach gives the screen its buttons' meaning: onPress(action). */
export function attach(onPress) {
  press = onPress;
  qr = symbol(find('qr'), () => Math.min(find('qr-room').clientWidth, find('qr-room').clientHeight));
}

/** draw shows a scene of scene.js, or nothing. */
export function draw(scene) {
  const screen = find('payment');
  show(screen, Boolean(scene));
  document.body.classList.toggle('is-paying', Boolean(scene));
  if (!scene) {
    shown = sign = '';
    qr.want('');
    return;
  }
  screen.className = `payment tone-${scene.tone}${scene.qr ? ' has-qr' : ''}`;
  Object.assign(screen.dataset, {
    status: scene.status,
    tone: scene.tone,
    tender: scene.tender ?? '',
    code: scene.code ?? '',
    rule: scene.rule ?? '',
    operation: scene.operation ?? '',
    running: String(scene.running !== false),
  });
  screen.dataset.payment = scene.payment?.id ?? '';
  screen.dataset.next = scene.payment?.next?.code ?? '';
  words(scene);
  buttons(scene);
  show(find('code-form'), Boolean(scene.awaitsCode));
  show(find('qr-room'), Boolean(scene.qr));
  qr.want(scene.qr || '');
  tick(scene);
  announce(scene);
}

function words(scene) {
  if (find('state-symbol').dataset.name !== scene.symbol) {
    find('state-symbol').dataset.name = scene.symbol;
    find('state-symbol').replaceChildren(icon(scene.symbol));
  }
  line('state-tender', scene.tender && scene.tender !== 'none' ? t(`tender.${scene.tender}`) : '');
  line('state-word', scene.word);
  line('state-amount', scene.amount);
  line('state-detail', scene.detail);
  line('state-reason', scene.reason);
  line('state-explain', scene.explain);
  line('state-charged', scene.charged);
  line('state-facts', scene.facts);
  line('next-text', scene.next.text);
  line('next-quote', scene.next.quote);
  show(find('next-step'), Boolean(scene.next.text));
  line('change', scene.change);
  setText(find('change-word'), scene.changeWord ?? '');
  show(find('change-box'), Boolean(scene.change));
  line('rest', scene.rest);
  show(find('rest-box'), Boolean(scene.rest));
  line('code-note', scene.awaitsCode ? (state.note ?? '') : '');
}

function line(id, text = '') {
  setText(find(id), text ?? '');
  show(find(id), Boolean(text));
}

/** tick writes what runs with time. */
export function tick(scene) {
  const until = scene?.ends;
  show(find('countdown'), Boolean(until));
  if (until) setText(find('countdown'), left(until) > 0 ? t('countdown.left', { time: span(left(until)) }) : t('countdown.over'));
}

/**
 * keyOf: after an end without money Enter goes back to the goods, which loses nothing; the next customer is then a key of its
 * own.
 */
const keyOf = (action, scene) => (scene.actions[0] === action ? keys[action] : ({ next: 'N', again: 'T' }[action] ?? keys[action]));

/** buttons are made anew only when they are others: the focus stays where it is. */
function buttons(scene) {
  const busy = state.asking.has('cancel') || state.asking.has('ask');
  const key = [scene.key, scene.actions, document.documentElement.lang, busy].join();
  if (key === shown) return;
  shown = key;
  const made = scene.actions.map((action) => {
    const label = t(busy && asking.includes(action) ? 'action.asking' : `action.${action}`);
    const node = button(
      testids[action] ?? action,
      label,
      keyOf(action, scene),
      () => press(action),
      primary.includes(action) ? 'button-primary' : '',
    );
    node.disabled = busy && asking.includes(action);
    return node;
  });
  find('actions').replaceChildren(...made);
  find('actions').classList.toggle('is-many', made.length > 3);
  focus(scene, made);
}

/** focus: Enter must never cancel, so that only what loses nothing gets the focus by itself. */
function focus(scene, made) {
  const first = scene.actions.findIndex((action) => primary.includes(action));
  if (scene.awaitsCode && document.activeElement !== find('code-text')) return find('state-word').focus();
  if (first >= 0) return made[first].focus();
  find('state-word').focus();
}

/** announce reads the state out once. */
function announce(scene) {
  if (sign === scene.key) return;
  sign = scene.key;
  setText(find('spoken'), [scene.word, scene.amount, scene.charged].filter(Boolean).join('. '));
}
