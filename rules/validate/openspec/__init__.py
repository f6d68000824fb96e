"""The verdict of ``openspec validate --all`` (1.13) on a tree, message by message, with the place of each.

`report` judges; `change` and `main_spec` hold the rules of the two kinds of items.
"""
