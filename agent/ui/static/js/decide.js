// Lets a supervisor decide by evidence what no device and no platform can tell. What the decision means for the money is said before
// anything can be pressed.
import { ask } from './api.js';
import { button, el, setText } from './dom.js';
import { has, t } from './i18n.js';
import { canEnd, doing, ending, isDoubt, isHeld, isHold, sumOf } from './look.js';
import * as pin from './pin.js';
import { money } from './price.js';
import { hear } from './sale.js';
import * as sheet from './sheet.js';
import { state } from './state.js';
import { toast } from './toast.js';

const evidences = ['slip', 'terminal_journal', 'host', 'evidence_abandoned'];
const outcomes = ['approved', 'declined', 'cancelled', 'voided'];

/** canDecide: there is something that a person may decide by evidence. */
export const canDecide = (payment) =>
  payment.status === 'unknown' || payment.status === 'forward_declined' || isDoubt(payment) || isHeld(payment);

/** subject is what is decided about: {of, operation?, amount, outcomes}; of stands before the outcomes' words where they are its own. */
function subject(payment) {
  if (isDoubt(payment) || (isHeld(payment) && !canEnd(payment))) {
    const operation = doing(payment);
    return { of: `${ending(payment) || 'operation'}_`, operation: operation.id, amount: operation.amount, outcomes: ['done', 'refused'] };
  }
  if (payment.status === 'forward_declined') return { of: '', amount: payment.amount, outcomes: ['written_off'] };
  if (isHeld(payment)) return { of: 'hold_', amount: sumOf(payment), outcomes: ['voided'] };
  if (isHold(payment)) return { of: 'hold_', amount: payment.amount, outcomes: outcomes.map((status) => (status === 'approved' ? 'reserved' : status)) };
  return { of: '', amount: payment.amount, outcomes };
}

/** word is the key of an outcome's label or meaning, its own or the one that all share. */
const word = (about, what, status) => (has(`decide.${what}.${about.of}${status}`) ? `decide.${what}.${about.of}${status}` : `decide.${what}.${status}`);

/** open asks for the evidence and what it says. */
export function open(payment, before = {}) {
  const about = subject(payment);
  const kinds = before.kinds ?? evidences.filter((kind) => kind !== 'evidence_abandoned' || (about.outcomes.length > 1 && payment.next?.code !== 'given_up'));
  const made = { kind: kinds[0], status: about.outcomes.length === 1 ? about.outcomes[0] : '', text: '', ...before };
  const field = el('input', {
    class: 'field decide-text',
    maxlength: 160,
    autocomplete: 'off',
    'aria-label': t('decide.text'),
    placeholder: t('decide.text'),
    'data-testid': 'decide-text',
    oninput: () => draw(),
    onkeydown: (event) => event.key === 'Enter' && (event.preventDefault(), go.click()),
  });
  field.value = made.text;
  const outcome = el('div', { class: 'decide-outcome' });
  const means = el('p', { class: 'decide-means', role: 'status', 'data-testid': 'decide-means' });
  const go = button('decide-next', t('decide.next'), '', () => vouch(payment, about, { ...made, text: field.value.trim() }), 'button-primary button-wide');

  function draw() {
    const status = made.kind === 'evidence_abandoned' ? 'unknown' : made.status;
    const amount = money(about.amount, payment.currency);
    setText(means, status === '' ? t('decide.choose') : t(word(about, 'means', status), { amount }));
    means.dataset.status = status;
    go.disabled = status === '' || (made.kind !== 'evidence_abandoned' && field.value.trim() === '');
  }

  function drawOutcome() {
    const items = about.outcomes.map((id) => ({ id, label: t(word(about, 'status', id)) }));
    const pick = (id) => {
      made.status = id;
      draw();
    };
    const found = sheet.choice('decide', t('decide.says'), items, () => made.status, pick);
    outcome.replaceChildren(...(made.kind === 'evidence_abandoned' ? [] : [el('p', { class: 'sum-label' }, t('decide.says')), found]));
    draw();
  }

  const evidence = sheet.choice(
    'evidence',
    t('decide.evidence'),
    kinds.map((id) => ({ id, label: t(`decide.kind.${id}`) })),
    () => made.kind,
    (id) => {
      made.kind = id;
      drawOutcome();
    },
  );
  const body = el('div', { class: 'decide' }, el('p', { class: 'sum-label' }, t('decide.evidence')), evidence, outcome, field, means, go);
  drawOutcome();
  sheet.open({ name: 'decide', title: t('decide.title', { amount: money(about.amount, payment.currency) }), body });
}

/** vouch asks for the supervisor, repeats what is decided, and sends it. */
function vouch(payment, about, { kind, status, text }) {
  const outcome = kind === 'evidence_abandoned' ? 'unknown' : status;
  const meaning = t(word(about, 'means', outcome), { amount: money(about.amount, payment.currency) });
  pin.askPIN({
    name: 'decide-pin',
    title: t('decide.pin'),
    text: meaning,
    people: state.people.filter((person) => person.role === 'supervisor'),
    yes: t('decide.yes'),
    submit: (supervisor, digits) =>
      ask('POST', `/v1/payments/${payment.id}/resolve`, {
        status: outcome,
        evidence: { kind, text },
        supervisor,
        pin: digits,
        ...(about.operation ? { operation: about.operation } : {}),
      }),
    done: (decided) => {
      sheet.close();
      hear(decided);
      toast(t('decide.done'), 'good');
    },
    back: () => open(payment, { kind, status, text }),
  });
}
