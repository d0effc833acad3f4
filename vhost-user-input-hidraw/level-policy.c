// SPDX-License-Identifier: MIT
#include "level-policy.h"

#include <string.h>

void level_policy_init(struct level_policy *policy, int wish, uint64_t now)
{
	memset(policy, 0, sizeof(*policy));
	policy->wish = wish;
	policy->level = LEVEL_NONE;
	policy->target = LEVEL_NONE;
	policy->next = LEVEL_NONE;
	policy->restarts = LEVEL_POLICY_RESTARTS;
	policy->paid_us = now;
}

static void hand_out(struct level_policy *policy, uint64_t now)
{
	uint64_t periods = (now - policy->paid_us) / LEVEL_POLICY_PERIOD_US;

	if (policy->restarts + periods >= LEVEL_POLICY_RESTARTS) {
		policy->restarts = LEVEL_POLICY_RESTARTS;
		policy->paid_us = now;
		return;
	}
	policy->restarts += (unsigned int)periods;
	policy->paid_us += periods * LEVEL_POLICY_PERIOD_US;
}

static enum level_step set(struct level_policy *policy, int level)
{
	policy->target = level;
	return LEVEL_SET;
}

/* What the driver wants and the panel has, if it has not had too much of it. */
static enum level_step grant(struct level_policy *policy, int level, uint64_t now, const char **refusal)
{
	if (level == policy->level)
		return LEVEL_TELL;
	hand_out(policy, now);
	if (policy->restarts == 0) {
		*refusal = "the panel was restarted too often for it";
		return LEVEL_TELL;
	}
	policy->restarts--;
	/* Without the option the panel itself remembers. */
	if (policy->wish != LEVEL_NONE)
		policy->wish = level;
	policy->ignored = false;
	return set(policy, level);
}

static enum level_fault find_fault(struct level_policy *policy, int target)
{
	bool before = policy->lacking;

	policy->lacking = policy->wish != LEVEL_NONE && policy->wish >= (int)policy->levels;
	if (target != LEVEL_NONE && target != policy->level) {
		policy->ignored = true;
		return LEVEL_NOT_KEPT;
	}
	return policy->lacking && !before ? LEVEL_LACKING : LEVEL_FINE;
}

enum level_step level_policy_seen(
	struct level_policy *policy, unsigned int levels, unsigned int level, uint64_t now, enum level_fault *fault)
{
	int target = policy->target, next = policy->next;
	const char *refusal;

	policy->present = true;
	policy->levels = levels;
	policy->level = levels ? (int)level : LEVEL_NONE;
	policy->target = LEVEL_NONE;
	policy->next = LEVEL_NONE;
	*fault = find_fault(policy, target);
	if (levels == 0)
		return LEVEL_REST;
	if (next != LEVEL_NONE && next < (int)levels)
		return grant(policy, next, now, &refusal);
	if (policy->wish == LEVEL_NONE || policy->wish == policy->level || policy->lacking || policy->ignored)
		return LEVEL_TELL;
	return set(policy, policy->wish);
}

void level_policy_gone(struct level_policy *policy)
{
	policy->present = false;
}

enum level_step level_policy_give_up(struct level_policy *policy)
{
	policy->target = LEVEL_NONE;
	policy->next = LEVEL_NONE;
	return policy->level == LEVEL_NONE ? LEVEL_REST : LEVEL_TELL;
}

enum level_step level_policy_request(
	struct level_policy *policy, unsigned int level, uint64_t now, const char **refusal)
{
	*refusal = NULL;
	if (policy->level == LEVEL_NONE) {
		*refusal = "the panel has no levels";
		return LEVEL_REST;
	}
	if (level >= policy->levels) {
		*refusal = "the panel lacks this level";
		return LEVEL_TELL;
	}
	if (policy->target != LEVEL_NONE) {
		policy->next = (int)level;
		return LEVEL_REST;
	}
	if (!policy->present) {
		*refusal = "the panel is away";
		return LEVEL_TELL;
	}
	return grant(policy, (int)level, now, refusal);
}
