// Sends the form of a recorded sign-in page, which has lost its own scripts: by its button, or by Enter.
"use strict";

function send(event) {
  event.preventDefault();
  const form = document.createElement("form");
  form.method = "post";
  form.action = "/login";
  document.body.append(form);
  form.submit();
}

document.addEventListener("submit", send, true);
for (const button of document.querySelectorAll("button, input[type=submit]")) {
  if (!button.closest("form")) button.addEventListener("click", send);
}
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.target.closest("form")) send(event);
});
