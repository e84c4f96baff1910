// Asks the till's program. An answer is one of three: done, refused (a problem after RFC 9457), or none at all. They are never
// mixed up.
import { learn } from './when.js';

/** How long one answer may take. The till answers at once with what is durable; longer means that it is gone. */
const patience = 8000;

/**
 * ask sends a request. body is sent as it stands if it is a string. Result: {kind: 'done'|'refused'|'silent'|'unpaired',
 * status, data}. longest is for what takes a device's time, in milliseconds.
 */
export async function ask(method, path, body, longest = patience) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), longest);
  const headers = body === undefined ? {} : { 'Content-Type': 'application/json' };
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  try {
    const response = await fetch(path, {
      method,
      headers,
      body: text,
      signal: abort.signal,
      credentials: 'same-origin',
      cache: 'no-store',
    });
    learn(response.headers.get('Date'));
    return await read(response);
  } catch {
    return { kind: 'silent', status: 0 };
  } finally {
    clearTimeout(timer);
  }
}

async function read(response) {
  const raw = await response.text();
  const data = raw === '' ? {} : parse(raw);
  if (response.ok && data !== null) return { kind: 'done', status: response.status, data };
  if (response.status === 401) return { kind: 'unpaired', status: 401, data };
  if (data?.code) return { kind: 'refused', status: response.status, data };
  return { kind: 'silent', status: response.status }; // not the till's own words: nothing may be concluded from it
}

function parse(raw) {
  try {
    return JSON.parse(raw);
  } catch {
    return null;
  }
}
