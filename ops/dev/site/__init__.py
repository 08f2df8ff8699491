"""The documents as a site: staged from the repository, built by zensical, and checked link by link."""
