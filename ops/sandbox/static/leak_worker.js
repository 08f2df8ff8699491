// A worker of any kind: its script is the portal's own, what it sends is not.
"use strict";

fetch(new URL(location.href).searchParams.get("to"), { method: "POST", mode: "no-cors", body: "leak" }).catch(() => {});
