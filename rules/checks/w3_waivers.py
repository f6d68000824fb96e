"""A waiver names a rule, gives a reason, and is still needed.

## What it does

Reads the waivers, comments of the form `# wrc:allow F-5 until=2027-01-31 reason`, and says which of them waive nothing:
no rule or an unknown one is named, the reason is missing, the date cannot be read or has passed, or nothing is there
to waive any more. It never fails a pull request. A pull request hears of the waivers that it brings into this state,
an audit tells all.

## Why it matters

A waiver says that somebody knows of a violation and wants it. One that waives nothing says so too, and is wrong: the
next reader believes that something is allowed here that is not, or looks for a problem that is gone.

## Bad

```hcl
# wrc:allow F-2
privileged = false
```

## Good

```hcl
# wrc:allow F-2 until=2027-01-31 the kernel of the new host lacks what Sysbox needs, see its ticket
privileged = true
```

## Fix

Name the rules and the reason, or take the waiver away if it is no longer needed: `# wrc:allow F-5,F-7 until=2027-01-31
reason`, above the line or block that it is for, or at the end of the line.
"""

from __future__ import annotations

ID = "W-3"
REQUIREMENT = "Waivers"
