// The key of the API, kept until the tab is closed.

const KEY = "idexx-sync.key";

// Headers and keys are ASCII only; a key with other characters is refused by the gateway.
export const keepKey = (key) => sessionStorage.setItem(KEY, key.trim().replace(/[^\x20-\x7e]/g, "?"));
export const dropKey = () => sessionStorage.removeItem(KEY);
export const hasKey = () => Boolean(sessionStorage.getItem(KEY));
export const keyHeader = () => (hasKey() ? { Authorization: `Bearer ${sessionStorage.getItem(KEY)}` } : {});
