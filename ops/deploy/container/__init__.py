"""The container image: its build, the profile of its browser sandbox, and its credentials.

Theory of operation. `Dockerfile` builds one image for all processes, from the lock file with its hashes. Secrets
are files, never environment variables, because every program that a process starts inherits variables, including
Chromium. `python -m ops.deploy.container.credentials FOLDER` creates the files, compose and Kubernetes mount them,
and `CREDENTIALS_DIRECTORY` names their folder (`actors.settings.load`).

Chromium keeps its own sandbox. The sandbox needs user namespaces, which a container engine refuses by default,
because a process is root in its own namespace. `seccomp.json` allows them and refuses by name the calls that such
a root could misuse; without capabilities and new privileges there is nothing else to gain.
`ops/dev/container_sandbox.py` runs Chromium under that profile on any Linux system, so a test can verify that the
profile is neither too strict nor ineffective. `ops/dev/check_image.py` runs the Dockerfile's steps as far as possible
without a container engine.
"""
