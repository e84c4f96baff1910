// Holds the till's event stream. EventSource hides the heartbeat, so the stream is read by hand: silence for 1.8 s means that
// the till's program is gone, which is said at once; then it is asked again every half second, from the last event seen.
import { parser } from './sse.js';

const silence = 1800;
const retry = 500;

/** listen keeps a stream until stop is called. It calls onEvent(name, data), onUp(), onDown(since) and onUnpaired(). */
export function listen({ onEvent, onUp, onDown, onUnpaired }) {
  let last = '';
  let stopped = false;
  let downSince = 0;
  let abort;
  let heard = 0;

  function alive() {
    heard = performance.now();
    if (downSince !== 0) onUp();
    downSince = 0;
  }

  function down() {
    if (downSince === 0) downSince = Date.now();
    onDown(downSince);
  }

  const feedInto = (feed) => async (reader) => {
    const text = new TextDecoder();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      alive();
      feed(text.decode(value, { stream: true }));
    }
  };

  async function once() {
    abort = new AbortController();
    heard = performance.now();
    const headers = last === '' ? {} : { 'Last-Event-ID': last };
    const response = await fetch('/v1/events', { headers, signal: abort.signal, credentials: 'same-origin', cache: 'no-store' });
    if (response.status === 401) {
      stopped = true;
      return onUnpaired();
    }
    if (!response.ok) return;
    downSince ||= Date.now(); // every new stream is an onUp: what changed in between is asked for
    await feedInto(parser(deliver))(response.body.getReader());
  }

  function deliver({ event, data, id }) {
    if (id) last = id;
    let value;
    try {
      value = JSON.parse(data);
    } catch {
      return; // half a message of a program that was killed while it wrote
    }
    onEvent(event, value);
  }

  async function forever() {
    while (!stopped) {
      await once().catch(() => {});
      if (stopped) return;
      down();
      await new Promise((done) => setTimeout(done, retry));
    }
  }

  const watch = setInterval(() => {
    if (performance.now() - heard > silence) abort?.abort();
  }, 100);
  forever();
  return function stop() {
    stopped = true;
    clearInterval(watch);
    abort?.abort();
  };
}
