# SPDX-License-Identifier: MIT
.PHONY: lint format
lint:
	@tools/setup build lint
	@prove --verbose --timer --exec '' tools/lint/lint.t

# Formats what lint would complain of.
format:
	@clang-format -i $$(git ls-files '*.c' '*.h')
