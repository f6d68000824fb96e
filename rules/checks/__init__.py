"""One module a rule. See `rules.registry` for what a module offers, and CONTRIBUTING.md for how to add one."""
