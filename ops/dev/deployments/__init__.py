"""Runs the deployments of docs/deploying.md on this machine: `python -m ops.dev.deployments`. Run it before a release.

It needs root on Debian or Ubuntu, installs the packages that it lacks (mmdebstrap, buildah, runc, systemd-container),
and needs neither a container engine nor a registry. It takes ten to fifteen minutes and five GB of a temporary folder,
and leaves nothing. `python -m ops.dev.deployments containers` (or `manifests`, `systemd`) runs one part.

Theory of operation. `image` builds the Dockerfile as it is; `stand_ins` makes the images that only a registry has.

- `manifests` renders the Kubernetes manifests and scans them and the Dockerfile with Trivy.
- `containers` reads compose.yaml (`services`), translates each service into what Docker would hand to runc (`bundle`),
  and starts all of them on a network of their own (`installation`, `container`). It requires that they become healthy,
  are confined, pass `doctor`, sync two clinics, survive a rolling update without a failed sync, and end with SIGTERM
  within their grace.
- `systemd` boots the image, with systemd and PostgreSQL added, by systemd-nspawn (`systemd_machine`), and installs the
  units of ops/deploy/systemd. It requires the same of the units, and that a killed process is started again.

In both, the portal is the sandbox, and what an operator does is done by our own commands (`acceptance`).
"""
