# SPDX-License-Identifier: MIT
"""The demo's runner: targets, steps, result file and report. Scenarios are in demo/scenarios."""
