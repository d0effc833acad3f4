# SPDX-License-Identifier: MIT
$(call daemon,vhost-user-rng,vhost-user-rng.c)

# tests/protocol/rng-polite.t runs it
$(call protocol-test,test-rng,test-rng.c visit.c)
