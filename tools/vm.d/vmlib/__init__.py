# SPDX-License-Identifier: MIT
"""The parts of tools/vm: what is cached, how a machine is started, how commands run in it."""
