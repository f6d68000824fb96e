"""Tables of cases, one module a rule: `RULE`, `BAD`, `GOOD` and, where the rule can be at a loss, `UNDECIDED`."""
