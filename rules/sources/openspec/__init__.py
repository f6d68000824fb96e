"""OpenSpec, read as the ``openspec`` command 1.13 reads it: trees and text in, frozen data with line numbers out.

`layout` finds the files, `delta` reads what a change does to a capability, `spec` reads a capability's main spec,
`blocks` holds what both are made of. Lines are 1-based and inclusive and count as the command counts them.
"""
