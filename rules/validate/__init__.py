"""What `wrc validate` finds in the written contract's files, family by family: one module each."""
