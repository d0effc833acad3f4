#!/bin/bash
# SPDX-License-Identifier: MIT
# Every linter over the whole tree, one TAP test each; "make lint" runs it.
# LINT_KDIR names the kernel build tree for sparse (default: tools/vm kdir).
# The functions are called through run().
# shellcheck disable=SC2317
set -u
cd "$(dirname "$0")/../.." || exit 1

n=0
failed=0
run() {
	local name=$1 out
	shift
	n=$((n + 1))
	if out=$("$@" 2>&1); then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		failed=$((failed + 1))
		printf '%s\n' "$out" | tail -n 200 | sed 's/^/# /'
	fi
}

mapfile -t c_files < <(git ls-files '*.c' '*.h')
# Of the two sides of vhost-user-gpio's border, only the one whose libgpiod is installed can be read
other_gpiod=$(pkg-config --atleast-version=2 libgpiod && echo 1 || echo 2)
mapfile -t user_c < <(git ls-files '*.c' ':!kmod/' ':!tests/vm/faults/' ':!tests/vm/pm/' ':!tests/vm-kmod/overlap/' ':!tests/vm-gpio/irq_count.c' ":!vhost-user-gpio/gpio-chip-v$other_gpiod.c")
mapfile -t scripts < <(git ls-files -s | awk '$1 == "100755" { print $4 }' | while read -r f; do
	head -n 1 "$f" | grep -qE '^#!.*\b(sh|bash)$' && echo "$f"; done; git ls-files '*.sh' '*.bash')
mapfile -t python < <(git ls-files -s | awk '$1 == "100755" { print $4 }' | while read -r f; do
	head -n 1 "$f" | grep -q '^#!.*python3' && echo "$f"; done; git ls-files '*.py')

tidy() {
	local flags
	read -ra flags <<< "-std=gnu11 -D_GNU_SOURCE -DVERSION=\"0\" -Iinclude/uapi -Ivhost-user -I. \
$(pkg-config --cflags libsystemd libudev libevdev hidapi-hidraw cmocka)"
	printf '%s\n' "${user_c[@]}" | xargs -P 2 -n 4 sh -c 'clang-tidy --quiet "$@" -- '"$(printf '%q ' "${flags[@]}")" _ 2>/dev/null
}

static_analysis() {
	# missingInclude*: system headers are not read on purpose, that is what keeps it quick.
	# constParameterCallback, constVariable*: handlers have the signature of their caller.
	# unusedFunction is off by not being enabled: a library has functions for others.
	cppcheck --quiet --error-exitcode=1 --std=c11 --inline-suppr --enable=warning,portability,performance \
		--suppress=missingInclude --suppress=missingIncludeSystem -j 2 \
		-Iinclude/uapi -Ivhost-user -I. "${user_c[@]}"
}

sparse_kmod() {
	local out
	out=$(make --no-print-directory kmod-sparse KDIR="${LINT_KDIR:-$(tools/vm kdir)}" 2>&1) || {
		printf '%s\n' "$out"
		return 1
	}
	! printf '%s\n' "$out" | grep -E '(warning|error):'
}

python_compiles() {
	python3 - "${python[@]}" <<-'PY'
		import ast, sys
		for name in sys.argv[1:]:
		    ast.parse(open(name, encoding="utf-8").read(), name)
	PY
}

run "clang-format" clang-format --dry-run -Werror "${c_files[@]}"
run "clang-tidy" tidy
run "cppcheck" static_analysis
run "sparse on the module" sparse_kmod
run "layers, licences, budgets" tools/check-layers
run "shellcheck" shellcheck -x "${scripts[@]}"
run "python parses" python_compiles
echo "1..$n"
exit $((failed > 0))
