// Keeps the pages of kiosks, so that they open without a network. With one, the page comes from there, and is kept anew.
const KEPT = "touchline-kiosk";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("message", (event) => {
  event.waitUntil(caches.open(KEPT).then((kept) => kept.addAll(event.data.map((path) => new URL(path, location.origin).href))));
});
self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || new URL(request.url).origin !== location.origin) return;
  event.respondWith(fromNetwork(request));
});

async function fromNetwork(request) {
  const kept = await caches.open(KEPT);
  try {
    const answer = await fetch(request);
    if (answer.ok) await kept.put(request.url, answer.clone());
    if (answer.status < 500) return answer;
    return (await kept.match(request.url)) || answer;
  } catch (error) {
    const known = await kept.match(request.url);
    if (known) return known;
    throw error;
  }
}
