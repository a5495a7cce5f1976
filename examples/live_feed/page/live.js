// Draws each reading that /events sends, and talks to /socket. What is kept is bounded.

const POINTS = 300; // of a chart
const SPAN = 10; // seconds that it shows at least
const CHARTS = 24; // of those, the one that has been silent longest makes room

const byId = (id) => document.getElementById(id);

// ---- values as people read them -----------------------------------------------------------------

const number = new Intl.NumberFormat("en", { maximumFractionDigits: 3 });
const short = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const clock = new Intl.DateTimeFormat("en", { timeStyle: "medium", hourCycle: "h23" });

function plain(value) {
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e9) ? value.toExponential(2) : number.format(value);
}

function bytes(value) {
  const units = ["B/s", "kB/s", "MB/s", "GB/s", "TB/s"];
  while (Math.abs(value) >= 999.5 && units.length > 1) {
    value /= 1000;
    units.shift();
  }
  return `${short.format(value)} ${units[0]}`;
}

const fromZero = { min: { soft: 0, mode: 1, pad: 0.1 }, max: { soft: 1, mode: 1, pad: 0.1 } };
const KINDS = {
  load: { title: "Load", show: (value) => value.toFixed(2), range: fromZero },
  memory: { title: "Memory", show: (value) => `${value.toFixed(1)} %`, range: [0, 100] },
  sent: { title: "Sent", show: bytes, range: fromZero },
  received: { title: "Received", show: bytes, range: fromZero },
};
const kindOf = (name) => (Object.hasOwn(KINDS, name) ? KINDS[name] : { title: name, show: plain });

// ---- charts -------------------------------------------------------------------------------------

class Chart {
  constructor(name) {
    this.kind = kindOf(name);
    this.times = [];
    this.values = []; // null where the line is broken
    this.section = byId("chart").content.firstElementChild.cloneNode(true);
    this.section.dataset.name = name;
    this.section.querySelector("h2").textContent = this.kind.title;
    this.value = this.section.querySelector(".value");
    byId("charts").append(this.section);
  }

  /** Make the plot, which fits the section whatever its size. */
  draw() {
    const place = this.section.querySelector(".plot");
    const size = () => ({ width: place.clientWidth, height: place.clientHeight });
    this.plot = new uPlot({ ...size(), ...this.options() }, [this.times, this.values], place);
    this.watch = new ResizeObserver(() => this.plot.setSize(size()));
    this.watch.observe(place);
  }

  options() {
    const style = getComputedStyle(this.section); // live: it follows the colour scheme
    const colour = (name) => () => style.getPropertyValue(name);
    const axis = {
      stroke: colour("--faint"),
      font: "12px system-ui, sans-serif",
      grid: { stroke: colour("--grid"), width: 1 },
      ticks: { show: false },
    };
    const { show, range } = this.kind;
    const width = (_, labels) => 14 + 7 * Math.max(4, ...(labels ?? []).map((one) => one.length));
    const times = (_, splits) => splits.map((time) => clock.format(time * 1000));
    return {
      legend: { show: false },
      padding: [8, 20, 0, 0],
      cursor: { y: false, drag: { x: false, y: false }, sync: { key: "charts" } },
      scales: { x: { range: () => this.span() }, y: range ? { range } : {} },
      axes: [
        { ...axis, values: times, space: 90, size: 20 },
        { ...axis, values: (_, splits) => splits.map(show), space: 32, size: width },
      ],
      series: [
        {},
        {
          stroke: colour("--line"),
          width: 2,
          fill: () => `${style.getPropertyValue("--line")}22`,
          points: { size: 5, fill: colour("--line") },
        },
      ],
      hooks: { setCursor: [() => this.say()] },
    };
  }

  /** Keep a reading in its place by time: one that was posted may be older than the last. */
  add({ time, value }) {
    let at = this.times.length;
    while (at > 0 && this.times[at - 1] > time) {
      at -= 1;
    }
    this.insert(at, time, value);
    this.section.dataset.points = this.values.filter((one) => one !== null).length;
    this.section.dataset.time = this.times.at(-1);
  }

  /** Draw no line from the last reading to the next: nothing is known of the time between. */
  break() {
    this.insert(this.times.length, this.times.at(-1), null);
  }

  insert(at, time, value) {
    this.times.splice(at, 0, time);
    this.values.splice(at, 0, value);
    if (this.times.length > POINTS) {
      this.times.shift();
      this.values.shift();
    }
  }

  span() {
    const last = this.times.at(-1);
    return [Math.min(this.times[0], last - SPAN), last];
  }

  show() {
    if (this.plot) {
      this.plot.setData([this.times, this.values]);
    } else if (globalThis.uPlot) {
      this.draw();
    }
    this.say();
  }

  /** Say the value under the cursor, or the last one. */
  say() {
    const pointed = this.values[this.plot?.cursor.idx ?? -1];
    const value = pointed ?? this.values.findLast((one) => one !== null);
    this.value.textContent = value === undefined ? "" : this.kind.show(value);
  }

  remove() {
    this.watch?.disconnect();
    this.plot?.destroy();
    this.section.remove();
  }
}

const charts = new Map(); // by name, the one that has been silent longest first
const changed = new Set(); // to be drawn with the next frame

function take(reading) {
  const chart = charts.get(reading.name) ?? new Chart(reading.name);
  charts.delete(reading.name);
  charts.set(reading.name, chart);
  if (charts.size > CHARTS) {
    const [name, silent] = charts.entries().next().value;
    charts.delete(name);
    changed.delete(silent);
    silent.remove();
  }
  chart.add(reading);
  if (changed.size === 0) {
    requestAnimationFrame(show);
  }
  changed.add(chart);
}

function show() {
  changed.forEach((chart) => chart.show());
  changed.clear();
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  charts.forEach((chart) => chart.plot?.redraw(false));
});

// ---- the readings, as Server-Sent Events --------------------------------------------------------

function say(id, state, text) {
  byId(id).dataset.state = state;
  byId(id).textContent = text;
}

let run = ""; // of the server, and the number of its last event: both are in its id
let last = -1;

function listen() {
  const source = new EventSource("/events");
  source.onopen = () => say("state", "live", "live");
  source.onerror = () => {
    say("state", "waiting", "reconnecting…");
    if (source.readyState === EventSource.CLOSED) {
      setTimeout(listen, 2000); // it gives up on an answer that is no stream; we do not
    }
  };
  source.addEventListener("reading", (event) => {
    const [ofRun, number] = event.lastEventId.split("-");
    if (ofRun !== run) {
      charts.forEach((chart) => chart.break());
      [run, last] = [ofRun, -1];
    }
    if (Number(number) > last) { // not what a new source repeats
      last = Number(number);
      take(JSON.parse(event.data));
    }
  });
}

// ---- the socket ---------------------------------------------------------------------------------

const SUBSCRIBE = ["load"];
let socket;
let asked = []; // when, of each command that is not answered yet: answers come in order
let pause = 500; // ms until the next attempt, about

function connect() {
  socket = new WebSocket("/socket");
  socket.onopen = () => {
    pause = 500;
    asked = [];
    say("socket-state", "live", "connected");
    byId("echo").querySelector("button").disabled = false;
    command({ subscribe: SUBSCRIBE });
  };
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    "subscribed" in message ? answered(message) : subscription(message);
  };
  socket.onclose = ({ code, reason }) => {
    byId("echo").querySelector("button").disabled = true;
    say("socket-state", "waiting", `reconnecting… (${reason || code})`);
    setTimeout(connect, pause * (0.5 + Math.random() / 2)); // not all clients at once
    pause = Math.min(2 * pause, 10_000);
  };
}

function command(words) {
  asked.push(performance.now());
  socket.send(JSON.stringify(words));
}

function answered({ echo, subscribed }) {
  const took = performance.now() - asked.shift();
  byId("subscribed").textContent = subscribed.join(", ") || "–";
  if (echo !== null) {
    byId("answer").textContent = echo;
    byId("trip").textContent = `${took.toFixed(1)} ms`;
  }
}

function subscription({ name, value, time }) {
  const { title, show } = kindOf(name);
  byId("subscription").textContent = `${title} ${show(value)} at ${clock.format(time * 1000)}`;
}

byId("echo").addEventListener("submit", (event) => {
  event.preventDefault();
  command({ echo: byId("text").value });
});

// ---- the page -----------------------------------------------------------------------------------

byId("missing").hidden = "uPlot" in globalThis;
byId("example").textContent =
  `curl ${location.origin}/readings -d '{"name": "answer", "value": 42}'`;
listen();
connect();
