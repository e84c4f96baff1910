// The screen of a browser that the till does not know yet: six digits that somebody at the till's own machine has read out.
import { ask } from './api.js';
import { find, setText, show } from './dom.js';
import { t } from './i18n.js';
import { connect } from './live.js';
import { state } from './state.js';

/** draw shows the screen when it is needed. */
export function draw() {
  const needed = state.paired === false;
  if (needed && find('pairing').hidden) {
    show(find('pairing'), true);
    find('pair-code').focus();
  }
  show(find('pairing'), needed);
}

/** attach listens to the form. */
export function attach() {
  const code = find('pair-code');
  code.addEventListener('input', () => {
    code.value = code.value.replace(/\D/g, '').slice(0, 6);
    find('pair-submit').disabled = code.value.length !== 6;
  });
  find('pair-form').addEventListener('submit', (event) => {
    event.preventDefault();
    if (code.value.length === 6) submit(code);
  });
}

async function submit(code) {
  find('pair-submit').disabled = true;
  const answer = await ask('POST', '/v1/session', { code: code.value });
  code.value = '';
  if (answer.kind === 'done') {
    setText(find('pair-error'), '');
    return connect();
  }
  const slowly = answer.data?.code === 'too_many_tries';
  setText(find('pair-error'), t(answer.kind === 'silent' ? 'pair.silent' : slowly ? 'pair.slowly' : 'pair.wrong'));
  code.focus();
}
