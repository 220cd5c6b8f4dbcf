// The page: one stream of states in, text out. What hosts send becomes text nodes, never markup.
import { drawLines } from "./picture.js";

const KEPT = 200;
const LATE = 6000;
const $ = (id) => document.getElementById(id);

const clusters = new Map();
let entries = [];
let birth = "", now = 0, wall = 0, heardAt = 0, looked = {}, lostSince = null, refused = false;

// ---- time: the server's monotonic clock for ages, its wall clock for display alone
// Without a connection time stands still: what was seen then is not older or newer than that.
const serverNow = () => (lostSince === null ? now + (performance.now() - heardAt) : now);
const wallOf = (at) => new Date(wall + (at - now));

function ago(milliseconds) {
  const s = Math.max(0, Math.floor(milliseconds / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor(s / 60) % 60} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor(s / 3600) % 24} h`;
}

function clock(date) {
  return date.toLocaleTimeString("en-GB");
}

function dayAndClock(at) {
  const date = wallOf(at), today = wallOf(serverNow());
  return date.toDateString() === today.toDateString() ? clock(date) : `${date.toLocaleDateString("en-GB", { day: "numeric", month: "short" })} ${clock(date)}`;
}

const length = (milliseconds) => (milliseconds >= 10000 ? `${(milliseconds / 1000).toFixed(0)} s` : milliseconds >= 1000 ? `${(milliseconds / 1000).toFixed(1)} s` : `${Math.round(milliseconds)} ms`);

// ---- elements: kept and changed, so that a day of updates makes no garbage and moves no focus
function text(node, value) {
  if (node.textContent !== value) node.textContent = value;
}

/** As `text`; what stands between backticks is a command or a name to be typed. */
function words(node, value) {
  if (node.textContent === value.replaceAll("`", "") && node.childNodes.length) return;
  node.replaceChildren(...value.split("`").map((part, index) => {
    if (index % 2 === 0) return document.createTextNode(part);
    const code = document.createElement("code");
    code.textContent = part;
    return code;
  }));
}

function kind(node, value) {
  if (node.className !== value) node.className = value;
}

function show(node, visible) {
  if (node.hidden === visible) node.hidden = !visible;
}

function make(tag, ...classes) {
  const node = document.createElement(tag);
  node.className = classes.join(" ");
  return node;
}

/** Bring a parent's children to `items`: those with a known key stay, `build` makes new ones, `update` fills each. */
function list(parent, items, keyOf, build, update) {
  const known = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  const focused = parent.contains(document.activeElement) ? document.activeElement : null;
  let place = parent.firstElementChild;
  items.forEach((item, index) => {
    const key = String(keyOf(item, index));
    let node = known.get(key);
    known.delete(key);
    if (!node) {
      node = build(item);
      node.dataset.key = key;
    }
    if (node === place) place = place.nextElementSibling;
    else parent.insertBefore(node, place);
    update(node, item);
  });
  known.forEach((node) => node.remove());
  if (focused && focused !== document.activeElement && parent.contains(focused)) focused.focus();
}

/** Lines of a box: [class, text]. */
function lines(node, wanted) {
  list(node, wanted, (_, index) => index, () => make("p"), (line, [className, value]) => {
    kind(line, className);
    text(line, value);
  });
}

function box() {
  const node = make("li", "box");
  node.append(make("div", "lines"));
  return node;
}

function fillBox(node, level, wanted) {
  kind(node, `box ${level}`);
  lines(node.firstChild, wanted);
}

const MARKS = { bad: "broken", warn: "warning", good: "good", unknown: "unknown" };

// ---- one cluster
function sentence(view) {
  if (view.level === "unknown") return "Looking …";
  if (view.level === "good") return "All is well. Any one machine can be lost.";
  const count = view.problems.length;
  const things = count === 1 ? "One thing is" : `${count} things are`;
  if (view.level === "warn") return `The API answers. ${things} not as they must be.`.replace("is not as they", "is not as it");
  if (view.vips.some((vip) => !vip.ready)) return "The API does not answer.";
  return view.announced ? "Nobody announces a virtual IP." : "The virtual IP is not held as it must be.";
}

function drawVerdict(level, said, problems) {
  kind($("verdict"), `verdict ${level}`);
  text($("sentence"), said);
  list($("problems"), problems, (problem) => problem.level + problem.text, () => {
    const node = make("li");
    node.append(make("span"), make("span"));
    return node;
  }, (node, problem) => {
    kind(node.firstChild, `mark ${problem.level}-text`);
    text(node.firstChild, MARKS[problem.level]);
    words(node.lastChild, problem.text);
  });
}

function tooMany(view, vip) {
  return !view.announced && vip.holders.length > 1;
}

function vipBox(node, vip, view) {
  const wanted = [["name", vip.address]], [holds, held] = view.announced ? ["announces", "announced"] : ["holds", "held"];
  if (!vip.known) wanted.push(["line warn-text", `who ${holds} it is not known`]);
  else if (!vip.holders.length) wanted.push(["line bad-text", `nobody ${holds} it`]);
  for (const holder of vip.holders) wanted.push([tooMany(view, vip) ? "line bad-text" : "line", `${held} by ${holder.name} for ${ago(serverNow() - holder.since)}`]);
  wanted.push(vip.ready ? ["line", "the API answers"] : ["line bad-text", "the API does not answer"]);
  fillBox(node, !vip.ready || !vip.holders.length || tooMany(view, vip) ? (vip.known || !vip.ready ? "bad" : "warn") : "good", wanted);
}

const STATES = { MASTER: "holds", BACKUP: "ready to take over", STANDBY: "is in standby", FAULT: "HAProxy is considered down", STOPPED: "its VRRP daemon does not run", UNREACHABLE: "does not answer" };
const ANNOUNCER_STATES = { WAITING: "came back after a failure, and waits", FAULT: "announces nothing", STOPPED: "frr or twinkeel-announce does not run" };

function balancerBox(node, lb, view) {
  const quiet = ["MASTER", "BACKUP", "ANNOUNCING"].includes(lb.state), [holds, held] = view.announced ? ["announces", "announced"] : ["holds", "held"];
  const state = (view.announced && ANNOUNCER_STATES[lb.state]) || STATES[lb.state] || lb.state;
  const said = lb.state !== "MASTER" && lb.state !== "ANNOUNCING" ? state : lb.vips.length ? `${holds} ${lb.vips.join(", ")}` : `${held} a virtual IP when last heard of`;
  const wanted = [["name", lb.name], [quiet ? "line" : "line warn-text", said]];
  if (view.announced && lb.detail && lb.state === "FAULT") wanted.push(["line soft", lb.detail]);
  if (lb.state === "UNREACHABLE") {
    if (lb.detail) wanted.push(["line soft", lb.detail]);
    if (lb.heard !== null) wanted.push(["line soft", `last heard of ${ago(serverNow() - lb.heard)} ago`]);
  } else {
    wanted.push([lb.haproxy === "active" ? "line soft" : "line warn-text", `haproxy ${lb.haproxy}`]);
    const up = lb.servers.filter((server) => server.level === "good").length;
    if (lb.servers.length) wanted.push([up ? "line soft" : "line bad-text", `${up} of ${lb.servers.length} API servers up`]);
    for (const session of lb.sessions) wanted.push([session.level === "good" ? "line soft" : "line warn-text", session.text]);
    if (lb.lingering) wanted.push(["line soft", `still serves ${lb.lingering.connections} connections, ${lb.lingering.seconds} s at most`]);
    if (lb.drift && !lb.drift.changes.length) wanted.push(["line soft", lb.drift.unknown ? `drift not known: ${lb.drift.unknown}` : "as the spec says"]);
  }
  const trouble = !quiet || lb.haproxy !== "active" || [...lb.servers, ...lb.sessions].some((each) => ["bad", "warn"].includes(each.level));
  const drifted = lb.drift && lb.drift.changes.length > 0 && lb.state !== "UNREACHABLE";
  fillBox(node, trouble || drifted ? "warn" : "good", wanted);
  driftDetails(node, drifted ? lb.drift.changes : []);
}

function driftDetails(node, changes) {
  let details = node.querySelector("details");
  if (!changes.length) return details?.remove();
  if (!details) {
    details = make("details");
    details.append(make("summary", "warn-text"), make("ul"));
    node.append(details);
  }
  text(details.firstChild, `drift: ${changes.length} thing${changes.length > 1 ? "s" : ""} not as the spec says`);
  list(details.lastChild, changes, (change) => change, () => make("li"), text);
}

function serverBox(node, server, view) {
  const wanted = [["name", server.name], server.ready ? ["line", "ready"] : ["line bad-text", `${server.known ? "not ready" : "not known"}: ${server.detail}`]];
  let level = server.ready ? "good" : "bad";
  for (const lb of view.balancers) {
    const seen = lb.servers.find((each) => each.name === server.name);
    if (!seen || seen.level === "good") continue;
    if (level === "good") level = "warn";
    wanted.push(["line warn-text", seen.level === "drained" ? `drained on ${lb.name}` : `${lb.name} has it ${seen.status}${seen.check ? ` (${seen.check})` : ""}`]);
  }
  fillBox(node, level, wanted);
}

function drawPicture(view) {
  list($("clients"), [view], () => "clients", box, (node) => fillBox(node, "", [["name", "kubectl, nodes"], ["line soft", view.endpoint]]));
  list($("vips"), view.vips, (vip) => vip.address, box, (node, vip) => vipBox(node, vip, view));
  list($("balancers"), view.balancers, (lb) => lb.name, box, (node, lb) => balancerBox(node, lb, view));
  list($("servers"), view.servers, (server) => server.name, box, (node, server) => serverBox(node, server, view));
  const client = $("clients").firstElementChild, pairs = [];
  const of = (parent, index) => $(parent).children[index];
  view.vips.forEach((vip, v) => {
    pairs.push([client, of("vips", v), vip.ready ? "carries" : "bad"]);
    view.balancers.forEach((lb, b) => pairs.push([of("vips", v), of("balancers", b), vip.holders.some((each) => each.name === lb.name) ? (tooMany(view, vip) ? "bad" : "carries") : "idle"]));
  });
  view.balancers.forEach((lb, b) => view.servers.forEach((server, s) => {
    const seen = lb.servers.find((each) => each.name === server.name);
    if (seen) pairs.push([of("balancers", b), of("servers", s), seen.level === "good" ? (lb.vips.length ? "carries" : "ready") : seen.level]);
  }));
  drawLines($("lines"), pairs);
}

function drawMoves(view) {
  show($("moves-part"), !view.announced);
  show($("no-moves"), !view.moves.length);
  list($("moves"), view.moves, (move) => `${move.vip} ${move.at}`, () => {
    const node = make("li");
    node.append(make("p"), make("p", "cost"));
    return node;
  }, (node, move) => {
    text(node.firstChild, `${dayAndClock(move.at)}  ${move.vip}: ${move.source} → ${move.target}`);
    const unheld = move.unheld === null ? "when it was let go is not known" : move.unheld === 0 ? "no gap was seen" : `nobody held it for ${length(move.unheld)}`;
    const felt = move.failed === null ? "the API could not be asked" : move.failed === 0 ? "none of this page's requests failed" : `${move.failed} of this page's requests failed${move.unanswered === null ? ", still" : `, for ${length(move.unanswered)}`}`;
    text(node.lastChild, `${unheld}; ${felt}`);
  });
}

function drawDrills(view) {
  show($("no-drills"), !view.drills.length);
  show($("drills-part"), view.drills.length > 0);
  list($("drills"), view.drills, (drill) => drill.scenario, () => {
    const node = make("tr");
    for (let cell = 0; cell < 5; cell++) node.append(make("td"));
    return node;
  }, (node, drill) => {
    const [scenario, downtime, budget, verdict, when] = node.children;
    text(scenario, drill.trials > 1 ? `${drill.scenario} (${drill.trials} trials)` : drill.scenario);
    text(downtime, drill.downtime === null ? "not measured" : length(drill.downtime));
    text(budget, drill.budget === null ? "" : length(drill.budget));
    kind(verdict, { pass: "good-text", fail: "bad-text" }[drill.verdict] || "warn-text");
    text(verdict, drill.verdict);
    text(when, drill.moved.length ? `${drill.started}, ${drill.moved.join(" → ")}` : drill.started);
  });
}

function drawServices(view) {
  show($("services-part"), view.services.length > 0);
  list($("services"), view.services, (service) => `${service.balancer} ${service.name}`, () => make("li"), (node, service) => {
    const down = service.servers.filter((server) => server.level !== "good");
    kind(node, down.length ? "warn-text" : "");
    text(node, `${service.name} on ${service.balancer}: ${service.servers.map((server) => `${server.name} ${server.status}`).join(", ")}`);
  });
}

// ---- all clusters
const ORDER = ["bad", "warn", "unknown", "good"];

function drawOverview(views) {
  const sorted = [...views].sort((a, b) => ORDER.indexOf(a.level) - ORDER.indexOf(b.level) || Number(a.id) - Number(b.id));
  list($("clusters"), sorted, (view) => view.id, () => {
    const node = make("li"), link = make("a");
    link.append(make("div", "lines"));
    node.append(link);
    return node;
  }, (node, view) => {
    const link = node.firstChild, href = `#${view.id}`;
    if (link.getAttribute("href") !== href) link.setAttribute("href", href);
    kind(link, `box ${view.level}`);
    const first = view.problems[0] ? view.problems[0].text : "";
    const holders = view.vips.map((vip) => `${vip.address} on ${vip.holders.map((each) => each.name).join(" and ") || (vip.known ? "nobody" : "an unknown host")}`);
    const marked = { bad: "broken: ", warn: "warning: " }[view.level] || "";
    lines(link.firstChild, [["name", view.name], ["line", view.level === "good" ? "all is well" : view.level === "unknown" ? "looking …" : `${marked}${first}`], ["line soft", holders.join(", ")]]);
  });
  const of = (level) => views.filter((view) => view.level === level).length;
  const parts = [[of("bad"), "broken"], [of("warn"), of("warn") === 1 ? "with a warning" : "with warnings"], [of("unknown"), "not known yet"]].filter(([count]) => count);
  const said = parts.length ? `${parts.map(([count, what]) => `${count} ${what}`).join(", ")}, of ${views.length} clusters.` : `All ${views.length} clusters are well.`;
  const level = ORDER.find((each) => of(each)) || "unknown";
  drawVerdict(lostSince === null ? level : "unknown", lostSince === null ? said : "What is now is not known.", []);
}

function drawTimeline(chosen) {
  const shown = entries.filter((entry) => !chosen || entry.cluster === chosen.id).reverse();
  const many = !chosen && clusters.size > 1;
  show($("no-entries"), !shown.length);
  list($("timeline"), shown, (entry) => `${entry.cluster} ${entry.number}`, () => {
    const node = make("li");
    node.append(make("time"), make("span", "cluster"), make("span"), make("span", "text"));
    return node;
  }, (node, entry) => {
    const [time, name, mark, said] = node.children;
    kind(node, many ? "many" : "");
    text(time, dayAndClock(entry.at));
    show(name, many);
    text(name, many ? clusters.get(entry.cluster)?.name || "" : "");
    kind(mark, `mark ${entry.level}-text`);
    text(mark, MARKS[entry.level]);
    text(said, entry.text);
  });
}

// ---- the whole page
function drawHeader(chosen) {
  show($("back"), clusters.size > 1 && chosen !== null);
  text($("title"), chosen ? chosen.name : clusters.size ? "All clusters" : "Twinkeel");
  text($("endpoint"), chosen ? chosen.endpoint : "");
  const level = $("verdict").className.replace("verdict ", "");
  const mark = { bad: "BROKEN ", warn: "warning: " }[level] || "";
  const title = `${lostSince === null ? mark : "? "}${chosen ? chosen.name : "Twinkeel"}`;
  if (document.title !== title) document.title = title;
  const ats = (chosen ? [looked[chosen.id]] : Object.values(looked)).map((at) => at ?? null);
  const oldest = ats.includes(null) || !ats.length ? null : Math.min(...ats);
  const age = oldest === null ? null : serverNow() - oldest;
  kind($("seen"), age !== null && age > LATE ? "late" : "");
  text($("seen"), age === null ? "" : age > LATE ? `nothing heard for ${ago(age)}` : `${lostSince === null ? "seen" : "last seen"} at ${clock(wallOf(serverNow()))}`);
}

function drawLost() {
  show($("lost"), lostSince !== null);
  document.body.classList.toggle("stale", lostSince !== null);
  if (lostSince === null) return;
  const when = wall ? ` What is below was seen at ${clock(wallOf(now))}, ${ago(performance.now() - heardAt)} ago.` : "";
  text($("lost"), refused ? `This page may no longer look: reload it and give the token again.${when}` : `No connection to twinkeel serve.${when}`);
}

function draw() {
  const chosen = clusters.get(decodeURIComponent(location.hash.slice(1))) || (clusters.size === 1 ? [...clusters.values()][0] : null);
  show($("overview"), !chosen && clusters.size > 1);
  show($("cluster"), chosen !== null && chosen.level !== "unknown");
  if (chosen) {
    drawVerdict(lostSince === null ? chosen.level : "unknown", lostSince === null ? sentence(chosen) : "What is now is not known.", chosen.problems);
    if (chosen.level !== "unknown") {
      drawPicture(chosen);
      drawServices(chosen);
      drawMoves(chosen);
      drawDrills(chosen);
    }
  } else if (clusters.size) drawOverview([...clusters.values()]);
  drawTimeline(chosen);
  drawHeader(chosen);
  drawLost();
}

function take(message) {
  if (message.fresh) {
    entries = [];
    clusters.clear();
  }
  ({ birth, now, wall, looked } = message);
  heardAt = performance.now();
  lostSince = null;
  for (const view of message.views) clusters.set(view.id, view);
  entries.push(...message.entries);
  entries.sort((a, b) => a.at - b.at);
  if (entries.length > KEPT) entries = entries.slice(-KEPT);
}

let source = null;

function connect() {
  source?.close();
  source = new EventSource("/events");
  source.onmessage = (event) => {
    refused = false;
    take(JSON.parse(event.data));
    draw();
  };
  source.onerror = () => {
    if (lostSince === null) lostSince = performance.now();
    // After a refusal a browser does not ask again by itself.
    if (source.readyState === EventSource.CLOSED) {
      refused = true;
      setTimeout(connect, 5000);
    }
    draw();
  };
}

// A stream that is open and says nothing is lost, too: the server speaks every second.
setInterval(() => {
  if (heardAt && lostSince === null && performance.now() - heardAt > LATE) {
    lostSince = performance.now();
    connect();
  }
  draw();
}, 1000);
addEventListener("hashchange", () => {
  draw();
  $("main").focus();
  scrollTo(0, 0);
});
// The address says which cluster is shown, and the skip link must not change that.
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  $("main").focus();
});
addEventListener("resize", draw);
connect();
