"""Registering the App in a browser: the pages that `wrc serve` shows as long as it has no credentials.

Source of the flow: https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
"""
