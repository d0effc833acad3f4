# SPDX-License-Identifier: MIT
"""Unit tests in Python: runs each test_* function of a module and prints TAP."""


def run(namespace):
    """The exit status; namespace is the caller's globals()."""
    tests = [(name[5:], value) for name, value in sorted(namespace.items()) if name.startswith("test_")]
    failed = 0
    print(f"1..{len(tests)}")
    for number, (name, function) in enumerate(tests, 1):
        try:
            function()
            print(f"ok {number} - {name.replace('_', ' ')}")
        except Exception as error:  # any error is a failed test, and the next one still runs
            failed += 1
            print(f"not ok {number} - {name.replace('_', ' ')}\n# {error!r}")
    return 1 if failed else 0
