"""The image: how it is built, what its browser may do, its credentials, and a check that needs no engine.

Theory of operation. `Dockerfile` makes one image for all processes, from the lock with its hashes. Secrets are
files, never variables: `python -m ops.deploy.container.credentials FOLDER` makes them, compose and Kubernetes
mount them, and
`CREDENTIALS_DIRECTORY` says where (`actors.settings.load`). Variables would reach every program that a process
starts, so also Chromium.

Chromium keeps its own sandbox. That needs user namespaces, which a container engine refuses by default, since a
process is root in a namespace of its own. `seccomp.json` allows them and refuses by name what such a root could do
with them; with no capabilities and no new privileges there is nothing else to gain. `sandbox.py` runs Chromium under
that profile on any Linux, so a test knows that it is neither too tight nor useless.

`check.py` carries out what it can of the Dockerfile on a machine without a container engine.
"""
