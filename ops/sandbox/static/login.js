// Draws the sign-in form after the load event, in whichever of its seen shapes the page's data asks for.
"use strict";

const form = JSON.parse(document.getElementById("form-data").textContent);

function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function field(text, attributes) {
  return element("label", {}, text, element("input", attributes));
}

function companyField() {
  const shapes = {
    companyId: { name: "companyId" },
    company_id: { name: "company_id" },
    id: { id: "companyId" },
  };
  const shape = shapes[form.company_field];
  return shape ? [field("Company ID", { type: "text", autocomplete: "organization", ...shape })] : [];
}

function userField() {
  return form.user_field === "email"
    ? field("Email", { type: "email", name: "email", autocomplete: "username" })
    : field("Username", { type: "text", name: "username", autocomplete: "username" });
}

function passwordField() {
  const name = form.password_field === "name" ? "password" : "pwd";
  return field("Password", { type: "password", name, autocomplete: "current-password" });
}

function submitButton() {
  if (form.submit === "type_only") return element("button", { type: "submit" }, "→");
  return element("button", {}, form.submit === "sign_in" ? "Sign In" : "Login");
}

function passwordForm() {
  const drawn = element("form", { method: "post", action: form.action },
    ...companyField(), userField(), passwordField(), submitButton());
  // A field without a name is not sent by the browser: the page's own script adds it.
  drawn.addEventListener("formdata", (event) => {
    const unnamed = drawn.querySelector("#companyId");
    if (unnamed && !unnamed.name) event.formData.set("companyId", unnamed.value);
  });
  if (form.by_script) drawn.addEventListener("submit", sendByScript);
  return drawn;
}

function codeForm() {
  return element("form", { method: "post", action: "/login/verify" },
    field("We sent you a code", { type: "text", name: form.second_factor, inputmode: "numeric", autocomplete: "one-time-code" }),
    element("button", {}, "Verify"));
}

// Over all of the page; a click does not get through it.
function cover() {
  const made = element(form.cover === "modal" ? "dialog" : "div", { class: "cover", id: "consent" }, "We use cookies. ");
  if (form.cover === "banner" || form.cover === "modal") {
    const button = element("button", { type: "button" }, "Accept all");
    button.addEventListener("click", () => made.remove());
    made.append(button);
  }
  document.body.append(made);
  if (form.cover === "modal") made.showModal();
  if (form.cover === "trap") addEventListener("keydown", (event) => event.preventDefault(), true);
}

async function sendByScript(event) {
  event.preventDefault();
  const body = new URLSearchParams(new FormData(event.target));
  const answer = await fetch(form.action, { method: "POST", body, redirect: "manual" });
  if (answer.type === "opaqueredirect") location = "/" + form.landing;
  else document.documentElement.innerHTML = await answer.text();
}

function showMessage() {
  if (!form.message) return;
  const shapes = {
    role_alert: { role: "alert", class: "message" },
    error_message: { class: "error-message message" },
    alert_danger: { class: "alert alert-danger message" },
  };
  document.getElementById("messages").replaceChildren(element("div", shapes[form.error], form.message));
}

function draw() {
  const drawn = form.second_factor ? codeForm() : passwordForm();
  drawn.append(element("input", { type: "hidden", name: "_csrf", value: form.token }));
  document.getElementById("form-place").replaceChildren(drawn);
  showMessage();
  if (form.cover) cover();
}

addEventListener("load", () => setTimeout(draw, form.draw_delay_ms));
