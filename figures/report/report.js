// The drawing that can be turned. It reads the numbers of the page, asks nobody for anything, and writes text only.
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const scene = JSON.parse(byId("scene").textContent);
  const { nodes, arcs } = scene;
  const nNodes = nodes.label.length;
  const nTimes = scene.time_s.length;
  const closed = scene.period_s !== null;
  const moving = scene.position_m.length > 1;
  const lastPlace = closed ? nTimes : nTimes - 1; // time is counted in computed times: 0, 1, 2, ...
  const wantsCalm = matchMedia("(prefers-reduced-motion: reduce)");
  const SECONDS_PER_ORBIT = 24;
  const TOUCH_PX = 8;

  // --- links: both directions of a pair of nodes

  const links = [];
  const linkOf = new Map();
  arcs.tail.forEach((tail, e) => {
    const head = arcs.head[e];
    const key = `${Math.min(tail, head)} ${Math.max(tail, head)}`;
    if (!linkOf.has(key)) {
      linkOf.set(key, links.length);
      links.push({ a: tail, b: head, arcs: [], cut: arcs.in_cut[e] === 1 });
    }
    links[linkOf.get(key)].arcs.push(e);
  });
  const shareOf = (e) => arcs.load_bps[e] / arcs.kept_bps[e];
  links.forEach((link) => { link.share = Math.max(...link.arcs.map(shareOf)); });
  const rounded = (link) => Math.round(link.share * 1e6);
  const byLoad = links.map((_, k) => k).sort((i, j) => rounded(links[j]) - rounded(links[i]) || i - j);
  const arcsOfNode = nodes.label.map(() => []);
  arcs.tail.forEach((tail, e) => { arcsOfNode[tail].push(e); arcsOfNode[arcs.head[e]].push(e); });

  // --- time: between computed times a cubic through the four nearest places, so computed places are met exactly

  const wrap = (k) => closed ? ((k % nTimes) + nTimes) % nTimes : Math.min(Math.max(k, 0), nTimes - 1);
  const places = new Float64Array(3 * nNodes);

  function cubic(p, q, r, s, f) {
    return q + 0.5 * f * (r - p + f * (2 * p - 5 * q + 4 * r - s + f * (3 * (q - r) + s - p)));
  }

  function before(k) { // the computed place before the first of an open series continues its line
    return closed || k > 0 ? [wrap(k - 1), 0] : [0, 1];
  }

  function findPlaces(time) {
    const k = Math.min(Math.floor(time), closed ? nTimes : Math.max(nTimes - 2, 0));
    const f = time - k;
    const [first, mirrorFirst] = before(k);
    const mirrorLast = !closed && k + 2 > nTimes - 1;
    const p = scene.position_m[moving ? first : 0];
    const q = scene.position_m[moving ? wrap(k) : 0];
    const r = scene.position_m[moving ? wrap(k + 1) : 0];
    const s = scene.position_m[moving ? wrap(k + 2) : 0];
    for (let v = 0; v < nNodes; v += 1) {
      for (let axis = 0; axis < 3; axis += 1) {
        const [y, z] = [q[v][axis], r[v][axis]];
        const x = mirrorFirst ? 2 * y - z : p[v][axis];
        const w = mirrorLast ? 2 * z - y : s[v][axis];
        places[3 * v + axis] = moving ? cubic(x, y, z, w, f) : y;
      }
    }
  }

  function aroundNow(table, e) { // value of an arc at the computed times before and after
    const k = Math.floor(state.time);
    return [table[wrap(k)][e], table[wrap(state.time > k ? k + 1 : k)][e]];
  }

  const capacityNow = (e) => scene.capacity_bps ? Math.min(...aroundNow(scene.capacity_bps, e)) : arcs.kept_bps[e];

  function rangeNow(link) {
    if (scene.range_m) return Math.max(...aroundNow(scene.range_m, link.arcs[0]));
    const [i, j] = [3 * link.a, 3 * link.b];
    return Math.hypot(places[i] - places[j], places[i + 1] - places[j + 1], places[i + 2] - places[j + 2]);
  }

  function secondsNow() {
    const k = Math.min(Math.floor(state.time), nTimes - 1);
    const next = k + 1 < nTimes ? scene.time_s[k + 1] : scene.time_s[0] + (scene.period_s ?? 0);
    return scene.time_s[k] + (state.time - k) * (state.time > k ? next - scene.time_s[k] : 0);
  }

  // --- numbers for people

  const short = (value, digits = 4) => String(Number(value.toPrecision(digits)));
  const percent = (share) => `${(100 * share).toFixed(1)} %`;
  const PREFIXES = [[1e15, "P"], [1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]];

  function rate(bps) {
    const [factor, prefix] = PREFIXES.find(([f]) => bps >= f) ?? [1, ""];
    return `${short(bps / factor)} ${prefix}b/s`;
  }

  // --- state and view

  const FIRST_VIEW = { yaw: 0, pitch: 0, zoom: 1 };
  const state = { ...FIRST_VIEW, time: 0, playing: false, chosen: null, over: null };
  const canvas = byId("canvas");
  const pen = canvas.getContext("2d");
  let size = { width: 0, height: 0 };
  const most = { radial: 0, along: 0, all: 0 }; // metres from the centre at any time, so that the scale stays
  for (const [x, y, z] of scene.position_m.flat()) {
    most.radial = Math.max(most.radial, Math.abs(x));
    most.along = Math.max(most.along, Math.abs(y));
    most.all = Math.max(most.all, Math.hypot(x, y, z));
  }
  const screen = new Float64Array(3 * nNodes);
  let look = {};

  function readStyle() {
    const style = getComputedStyle(document.documentElement);
    const value = (name) => style.getPropertyValue(name).trim();
    const shades = value("--load").split(",").map((hex) => {
      const number = parseInt(hex.trim().slice(1), 16);
      return [number >> 16, (number >> 8) & 255, number & 255];
    });
    look = { shades, ink: value("--ink"), soft: value("--soft"), paper: value("--panel"), one: value("--one"),
      other: value("--other"), rule: value("--rule"), idle: value("--idle") };
  }

  function shade(share) {
    const at = Math.min(Math.max(share, 0), 1) * (look.shades.length - 1);
    const k = Math.min(Math.floor(at), look.shades.length - 2);
    const mixed = look.shades[k].map((c, i) => Math.round(c + (at - k) * (look.shades[k + 1][i] - c)));
    return `rgb(${mixed.join(" ")})`;
  }

  function pixelsPerMetre() { // the first view fills the canvas; turned ones stay nearly inside
    const fits = [[size.width, most.along], [size.height, most.radial], [1.25 * size.height, most.all]];
    return state.zoom * Math.min(...fits.map(([pixels, metres]) => 0.44 * pixels / (metres || 1)));
  }

  function turned(x, y, z) { // x right, y up, z towards the viewer
    const [cy, sy] = [Math.cos(state.yaw), Math.sin(state.yaw)];
    const [cp, sp] = [Math.cos(state.pitch), Math.sin(state.pitch)];
    const [x1, z1] = [cy * x + sy * z, cy * z - sy * x];
    return [x1, cp * y - sp * z1, sp * y + cp * z1];
  }

  function project() {
    const scale = pixelsPerMetre();
    for (let v = 0; v < nNodes; v += 1) { // along-track to the right, away from Earth up
      const [x, y, z] = turned(places[3 * v + 1], places[3 * v], -places[3 * v + 2]);
      screen[3 * v] = size.width / 2 + scale * x;
      screen[3 * v + 1] = size.height / 2 - scale * y;
      screen[3 * v + 2] = z / (most.all || 1);
    }
  }

  // --- drawing

  function drawLink(k, width, colour) {
    const { a, b } = links[k];
    pen.beginPath();
    pen.moveTo(screen[3 * a], screen[3 * a + 1]);
    pen.lineTo(screen[3 * b], screen[3 * b + 1]);
    pen.lineWidth = width;
    pen.strokeStyle = colour;
    pen.stroke();
  }

  function drawNode(v, radius, colour) {
    const [x, y] = [screen[3 * v], screen[3 * v + 1]];
    pen.beginPath();
    if (nodes.gpus[v] === 0) {
      pen.rect(x - radius, y - radius, 2 * radius, 2 * radius);
    } else if (nodes.side[v]) {
      pen.arc(x, y, radius, 0, 2 * Math.PI);
    } else {
      const r = 1.25 * radius;
      pen.moveTo(x, y - r); pen.lineTo(x + r, y); pen.lineTo(x, y + r); pen.lineTo(x - r, y); pen.closePath();
    }
    pen.fillStyle = colour;
    pen.fill();
  }

  const nodeColour = (v) => nodes.gpus[v] === 0 ? look.idle : nodes.side[v] ? look.one : look.other;

  function draw() {
    findPlaces(state.time);
    project();
    pen.clearRect(0, 0, size.width, size.height);
    pen.lineCap = "round";
    const depth = (k) => screen[3 * links[k].a + 2] + screen[3 * links[k].b + 2];
    const order = byLoad.map((_, i) => byLoad[byLoad.length - 1 - i]); // fuller links over emptier ones,
    order.sort((i, j) => depth(i) - depth(j)); // and nearer ones over both
    const shown = [state.chosen, state.over].filter(Boolean);
    const isShown = (kind, index) => shown.some((item) => item.kind === kind && item.index === index);
    const thin = links.length > 600 ? 0.8 : 1.6;
    for (const k of order) {
      drawLink(k, links[k].cut ? 3 * thin : thin, shade(links[k].share));
    }
    const ends = new Set();
    for (const { index } of shown.filter((item) => item.kind === "link")) {
      drawLink(index, 13, look.ink);
      drawLink(index, 9, look.paper);
      drawLink(index, 5, shade(links[index].share));
      ends.add(links[index].a).add(links[index].b);
    }
    const room = Math.sqrt(size.width * size.height / nNodes) * state.zoom;
    const radius = Math.min(Math.max(room / 12, 2), 6.5);
    const front = Array.from({ length: nNodes }, (_, v) => v).sort((v, w) => screen[3 * v + 2] - screen[3 * w + 2]);
    pen.font = "12px system-ui, 'DejaVu Sans', sans-serif";
    pen.textAlign = "left";
    pen.textBaseline = "alphabetic";
    for (const v of front) {
      const marked = ends.has(v) || isShown("node", v);
      if (marked) drawNode(v, radius + 4.5, look.ink);
      drawNode(v, radius + 1.5, look.paper);
      drawNode(v, radius, nodeColour(v));
      if (room > 85 || marked) labelNode(v, radius);
    }
    if (scene.in_orbit) drawScale();
    if (scene.in_orbit) drawAxes();
    tell();
  }

  function labelNode(v, radius) {
    const [text, x, y] = [nodes.label[v], screen[3 * v], screen[3 * v + 1] - radius];
    const fits = x + radius + 3 + pen.measureText(text).width <= size.width; // else it stands on the other side
    pen.textAlign = fits ? "left" : "right";
    label(text, fits ? x + radius + 3 : x - radius - 3, y);
    pen.textAlign = "left";
  }

  function label(text, x, y) {
    pen.lineWidth = 3;
    pen.strokeStyle = look.paper;
    pen.strokeText(text, x, y);
    pen.fillStyle = look.ink;
    pen.fillText(text, x, y);
  }

  function drawScale() {
    const most = 120 / pixelsPerMetre();
    const decade = 10 ** Math.floor(Math.log10(most));
    const metres = [5, 2, 1].find((n) => n * decade <= most) * decade;
    const [x, y] = [size.width - 18, size.height - 18];
    const width = metres * pixelsPerMetre();
    pen.beginPath();
    pen.moveTo(x - width, y - 5); pen.lineTo(x - width, y); pen.lineTo(x, y); pen.lineTo(x, y - 5);
    pen.lineWidth = 1.5;
    pen.strokeStyle = look.soft;
    pen.stroke();
    pen.textAlign = "right";
    label(metres >= 1000 ? `${metres / 1000} km` : `${metres} m`, x, y - 8);
    pen.textAlign = "left";
  }

  const AXES = [["along-track", 1, 0, 0], ["away from Earth", 0, 1, 0], ["orbit normal", 0, 0, -1]];

  function drawAxes() {
    const [x, y] = [96, size.height - 56];
    for (const [name, ...direction] of AXES) {
      const [dx, dy] = turned(...direction);
      if (Math.hypot(dx, dy) < 0.35) continue; // it points at the viewer
      pen.beginPath();
      pen.moveTo(x, y);
      pen.lineTo(x + 32 * dx, y - 32 * dy);
      pen.lineWidth = 1.5;
      pen.strokeStyle = look.soft;
      pen.stroke();
      const sideways = Math.abs(dx) > 0.4;
      pen.textAlign = !sideways ? "center" : dx > 0 ? "left" : "right";
      label(name, x + 37 * dx, y - 37 * dy + (sideways ? 4 : dy > 0 ? -2 : 12));
    }
    pen.textAlign = "left";
  }

  // --- what the drawing says in words

  function factsOf(item) {
    if (item.kind === "node") return nodeFacts(item.index);
    const link = links[item.index];
    const rows = [["range now", `${rangeNow(link).toFixed(1)} m`]];
    const [shortest, longest] = [arcs.shortest_m, arcs.longest_m].map((column) => column[link.arcs[0]].toFixed(1));
    if (shortest !== longest) rows.push(["range over the orbit", `${shortest} to ${longest} m`]);
    rows.push(["crosses the cut", link.cut ? "yes" : "no"]);
    for (const e of link.arcs) {
      rows.push([`${nodes.label[arcs.tail[e]]} → ${nodes.label[arcs.head[e]]}`]);
      rows.push(["load", `${rate(arcs.load_bps[e])}, ${percent(shareOf(e))}`]);
      rows.push(["capacity now", rate(capacityNow(e))]);
      rows.push(["kept at every time", rate(arcs.kept_bps[e])]);
      rows.push(["price, relative", short(arcs.price[e], 3)]);
      rows.push(["share of the proof", `${(100 * arcs.certificate_share[e]).toFixed(2)} %`]);
    }
    return rows;
  }

  function nodeFacts(v) {
    const out = arcsOfNode[v].filter((e) => arcs.tail[e] === v);
    const sum = (list, column) => list.reduce((total, e) => total + column[e], 0);
    const rows = [
      ["GPUs", String(nodes.gpus[v])],
      ["links", String(out.length)],
      ["sends over links", `${rate(sum(out, arcs.load_bps))} of ${rate(sum(out, arcs.kept_bps))}`],
      ["switches", rate(nodes.switching_bps[v])],
    ];
    if (nodes.host_share[v] !== null) rows.push(["host interface", `${percent(nodes.host_share[v])} full`]);
    if (nodes.gpus[v] > 0) rows.push(["side of the cut", nodes.side[v] ? "one" : "the other"]);
    const touching = sum(arcsOfNode[v], arcs.certificate_share);
    rows.push(["its links' share of the proof", `${(100 * touching).toFixed(2)} %`]);
    rows.push(["its own limits' share", `${(100 * nodes.certificate_share[v]).toFixed(2)} %`]);
    return rows;
  }

  function nameOf(item) {
    if (item.kind === "node") return nodes.label[item.index];
    return `${nodes.label[links[item.index].a]} – ${nodes.label[links[item.index].b]}`;
  }

  function made(tag, text, className) {
    const element = document.createElement(tag);
    element.textContent = text;
    if (className) element.className = className;
    return element;
  }

  function tell() {
    const item = state.over ?? state.chosen;
    const facts = byId("facts");
    if (!item) {
      facts.replaceChildren(made("p", "Hover or choose a link or a satellite to see its numbers.", "note"));
    } else {
      const list = document.createElement("dl");
      for (const [term, value] of factsOf(item)) {
        list.append(made("dt", term, value === undefined ? "head" : ""));
        if (value !== undefined) list.append(made("dd", value));
      }
      facts.replaceChildren(made("h3", nameOf(item)), list);
    }
    const minutes = (secondsNow() / 60).toFixed(1);
    const whole = closed ? ` of ${(scene.period_s / 60).toFixed(1)} min` : " min";
    byId("clock").textContent = `${minutes}${whole}${Number.isInteger(state.time) ? "" : ", interpolated"}`;
    byId("time").value = String(state.time);
    byId("time").setAttribute("aria-valuetext", `${minutes} minutes${closed ? whole.replace("min", "minutes") : ""}`);
    const { yaw, pitch, zoom, time } = state;
    canvas.dataset.view = JSON.stringify({ yaw, pitch, zoom, time, chosen: state.chosen && nameOf(state.chosen) });
  }

  // --- one picture for all that happens between two frames

  let asked = false;
  function redraw() {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; draw(); });
  }

  function choose(item) {
    state.chosen = item;
    byId("choice").value = item ? `${item.kind} ${item.index}` : "";
    byId("status").textContent = item ? statusOf(item) : "";
    redraw();
  }

  function statusOf(item) {
    const words = factsOf(item).map((row) => row.length > 1 ? row.join(" ") : row[0]);
    return `${nameOf(item)}: ${words.join("; ")}`;
  }

  function zoomBy(factor) {
    state.zoom = Math.min(Math.max(state.zoom * factor, 0.4), 40);
    redraw();
  }

  function turnBy(yaw, pitch) {
    state.yaw = (state.yaw + yaw) % (2 * Math.PI);
    state.pitch = Math.min(Math.max(state.pitch + pitch, -Math.PI / 2), Math.PI / 2);
    redraw();
  }

  function moveTo(time) {
    state.time = Math.min(Math.max(time, 0), lastPlace);
    redraw();
  }

  function moveOn(time) { // a whole orbit begins anew where it ends
    moveTo(closed && (time > lastPlace || time < 0) ? ((time % lastPlace) + lastPlace) % lastPlace : time);
  }

  // --- playing: smooth, or one computed time a second for those who asked for less motion

  let previous = 0;
  let waited = 0;
  function tick(now) {
    if (!state.playing) return;
    const passed = Math.min((now - previous) / 1000, 0.2);
    previous = now;
    waited += passed;
    if (!wantsCalm.matches) {
      moveOn(state.time + passed * lastPlace / SECONDS_PER_ORBIT);
    } else if (waited >= 1) {
      waited = 0;
      moveOn(Math.floor(state.time) + 1);
    }
    if (!closed && state.time >= lastPlace) play(false); else requestAnimationFrame(tick);
  }

  function play(wanted) {
    if (lastPlace < 1) return;
    if (wanted && !closed && state.time >= lastPlace) state.time = 0;
    state.playing = wanted;
    byId("play").textContent = wanted ? "Pause" : "Play";
    byId("play").setAttribute("aria-pressed", String(wanted));
    previous = performance.now();
    if (wanted) requestAnimationFrame(tick);
  }

  // --- pointing: nodes first, then links

  function itemAt(x, y) {
    let best = null;
    let least = TOUCH_PX + 3;
    for (let v = 0; v < nNodes; v += 1) {
      const distance = Math.hypot(screen[3 * v] - x, screen[3 * v + 1] - y);
      if (distance < least) [least, best] = [distance, { kind: "node", index: v }];
    }
    if (best) return best;
    least = TOUCH_PX;
    links.forEach(({ a, b }, k) => {
      const [ax, ay] = [screen[3 * a], screen[3 * a + 1]];
      const [dx, dy] = [screen[3 * b] - ax, screen[3 * b + 1] - ay];
      const along = ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1);
      const f = Math.min(Math.max(along, 0), 1);
      const distance = Math.hypot(ax + f * dx - x, ay + f * dy - y);
      if (distance < least) [least, best] = [distance, { kind: "link", index: k }];
    });
    return best;
  }

  function showTip(item, x, y) {
    const tip = byId("tip");
    tip.hidden = !item;
    if (!item) return;
    const load = item.kind === "link" ? `, ${percent(links[item.index].share)} full` : "";
    tip.textContent = nameOf(item) + load;
    tip.style.left = `${Math.max(Math.min(x + 14, size.width - tip.offsetWidth - 4), 0)}px`;
    tip.style.top = `${y > 44 ? y - 34 : y + 18}px`;
  }

  const pointers = new Map();
  let travelled = 0;

  function pinch() {
    const [p, q] = [...pointers.values()];
    return Math.hypot(p.x - q.x, p.y - q.y);
  }

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
    travelled = pointers.size > 1 ? Infinity : 0;
  });
  canvas.addEventListener("pointermove", (event) => {
    const last = pointers.get(event.pointerId);
    const now = { x: event.offsetX, y: event.offsetY };
    if (!last) {
      const item = itemAt(now.x, now.y);
      const changed = item?.kind !== state.over?.kind || item?.index !== state.over?.index;
      state.over = item;
      canvas.classList.toggle("over", item !== null);
      showTip(item, now.x, now.y);
      if (changed) redraw();
      return;
    }
    const apart = pointers.size === 2 ? pinch() : 0;
    pointers.set(event.pointerId, now);
    if (pointers.size === 2) {
      zoomBy(pinch() / (apart || 1));
      return;
    }
    travelled += Math.hypot(now.x - last.x, now.y - last.y);
    if (travelled < 4) return;
    state.over = null;
    byId("tip").hidden = true;
    canvas.classList.add("turning");
    turnBy((now.x - last.x) / 160, (now.y - last.y) / 160);
  });
  function release(event) {
    if (!pointers.delete(event.pointerId)) return;
    canvas.classList.remove("turning");
    if (event.type !== "pointerup" || travelled >= 4) return;
    state.over = null;
    choose(itemAt(event.offsetX, event.offsetY));
  }
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("pointerleave", () => {
    state.over = null;
    byId("tip").hidden = true;
    redraw();
  });
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return; // a plain wheel scrolls the page
    event.preventDefault();
    zoomBy(Math.exp(-event.deltaY / 400));
  }, { passive: false });

  // --- keys and controls

  function step(kind, by) {
    const ring = kind === "link" ? byLoad : nodes.label.map((_, v) => v);
    if (!ring.length) return;
    const at = state.chosen?.kind === kind ? ring.indexOf(state.chosen.index) : by > 0 ? -1 : 0;
    choose({ kind, index: ring[(at + by + ring.length) % ring.length] });
  }

  const TURN = Math.PI / 24;
  const firstView = () => { Object.assign(state, FIRST_VIEW); redraw(); };
  const KEYS = {
    ArrowLeft: () => turnBy(-TURN, 0),
    ArrowRight: () => turnBy(TURN, 0),
    ArrowUp: () => turnBy(0, -TURN),
    ArrowDown: () => turnBy(0, TURN),
    "+": () => zoomBy(1.25),
    "=": () => zoomBy(1.25),
    "-": () => zoomBy(0.8),
    0: firstView,
    " ": () => play(!state.playing),
    ",": () => moveOn(Math.ceil(state.time) - 1),
    ".": () => moveOn(Math.floor(state.time) + 1),
    n: () => step("link", 1),
    p: () => step("link", -1),
    s: () => step("node", 1),
    Escape: () => choose(null),
  };
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in KEYS)) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  byId("closer").addEventListener("click", () => zoomBy(1.25));
  byId("farther").addEventListener("click", () => zoomBy(0.8));
  byId("reset").addEventListener("click", firstView);
  byId("play").addEventListener("click", () => play(!state.playing));
  byId("time").addEventListener("input", (event) => moveTo(Number(event.target.value)));
  byId("choice").addEventListener("change", (event) => {
    const [kind, index] = event.target.value.split(" ");
    choose(kind ? { kind, index: Number(index) } : null);
  });

  function fillChoice() {
    const option = (item, text) => {
      const one = made("option", text);
      one.value = item ? `${item.kind} ${item.index}` : "";
      return one;
    };
    const group = (name, options) => {
      const one = document.createElement("optgroup");
      one.label = name;
      one.append(...options);
      return one;
    };
    const linkItems = byLoad.map((index) => ({ kind: "link", index }));
    const nodeItems = nodes.label.map((_, index) => ({ kind: "node", index }));
    byId("choice").append(
      option(null, "none"),
      group("links, the fullest first", linkItems.map((item) => {
        const link = links[item.index];
        return option(item, `${nameOf(item)}, ${percent(link.share)}${link.cut ? ", cut" : ""}`);
      })),
      group("satellites and other nodes", nodeItems.map((item) => option(item, nameOf(item)))),
    );
  }

  // --- begin

  function resize() {
    const ratio = devicePixelRatio || 1;
    size = { width: canvas.clientWidth, height: canvas.clientHeight };
    canvas.width = Math.round(size.width * ratio);
    canvas.height = Math.round(size.height * ratio);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    redraw();
  }

  byId("drawing").hidden = false;
  byId("orbit").hidden = lastPlace < 1;
  byId("time").max = String(lastPlace);
  fillChoice();
  if (links.length) {
    state.chosen = { kind: "link", index: byLoad[0] };
    byId("choice").value = `link ${byLoad[0]}`;
  }
  readStyle();
  new ResizeObserver(resize).observe(canvas);
  for (const query of ["(prefers-color-scheme: dark)", "print"]) {
    matchMedia(query).addEventListener("change", () => { readStyle(); redraw(); });
  }
  resize();
  draw();
})();
