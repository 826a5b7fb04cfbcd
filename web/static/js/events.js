// Server-sent events over fetch: EventSource can neither post nor be told why a request failed.

/**
 * Post a form and yield its answer's events as {kind, data}.
 * Throws an Error with `sentence` set where the server said why it refused.
 */
export async function* post(address, body, signal) {
  const response = await fetch(address, {
    method: "POST",
    body,
    signal,
    headers: { Accept: "text/event-stream" },
  });
  if (!response.ok) {
    const problem = await response.json().catch(() => null);
    throw Object.assign(new Error("refused"), { sentence: problem?.error?.message });
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    buffer += value;
    const events = buffer.split("\n\n");
    buffer = events.pop();
    for (const event of events) {
      const parsed = parse(event);
      if (parsed) yield parsed;
    }
  }
}

function parse(event) {
  let kind = "message";
  let data = "";
  for (const line of event.split("\n")) {
    if (line.startsWith("event: ")) kind = line.slice(7);
    else if (line.startsWith("data: ")) data += line.slice(6);
  }
  return data ? { kind, data: JSON.parse(data) } : null;
}
