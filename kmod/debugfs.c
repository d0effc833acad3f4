// SPDX-License-Identifier: GPL-2.0-only
/*
 * debugfs: virtio_loopback/<N>/state, one text file a device (see README.md).
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "vlb.h"

static s64 vlb_count(const atomic64_t *counter)
{
	return atomic64_read(counter);
}

static void vlb_show_requests(struct seq_file *seq, struct vlb_device *dev)
{
	spin_lock(&dev->lock);
	seq_printf(seq, "status: 0x%02x%s\n", dev->status, dev->needs_reset ? " needs-reset" : "");
	seq_printf(seq, "adapter: %s%s deaths %llu\n", dev->control ? "here" : "away",
		   dev->orphaned ? " orphaned" : "", dev->orphans);
	seq_printf(seq, "backend: %s%s\n", dev->backend == VLB_BACKEND_UP ? "up" : "down",
		   dev->late ? " late" : "");
	seq_printf(seq, "rings: %s\n", dev->rings_out ? "with the daemon" : "free");
	seq_printf(seq, "requests: %llu late %llu failed %llu\n", dev->requests, dev->requests_late,
		   dev->requests_failed);
	seq_printf(seq, "breaks: %llu%s\n", dev->breaks, dev->draining ? " draining" : "");
	spin_unlock(&dev->lock);
}

static void vlb_show_bounce(struct seq_file *seq, struct vlb_bounce *b)
{
	unsigned long flags, live, busy, busy_max;

	raw_spin_lock_irqsave(&b->lock, flags);
	live = b->live;
	busy = b->busy;
	busy_max = b->busy_max;
	raw_spin_unlock_irqrestore(&b->lock, flags);
	seq_printf(seq, "bounce: size %zu granule %lu busy %lu high-water %lu mappings %lu\n",
		   b->size, 1UL << b->shift, busy << b->shift, busy_max << b->shift, live);
	seq_printf(seq, "bytes: to-daemon %lld from-daemon %lld\n", vlb_count(&b->bytes_to_daemon),
		   vlb_count(&b->bytes_from_daemon));
	seq_printf(seq, "failures: mappings %lld bad-unmaps %lld\n", vlb_count(&b->map_failures),
		   vlb_count(&b->bad_unmaps));
}

static const char *vlb_relay_kind_name(const struct vlb_queue *q)
{
	switch (q->relay->kind) {
	case VLB_RELAY_DROP:
		return "console";
	case VLB_RELAY_STATE:
		return "control";
	default:
		return "port";
	}
}

static void vlb_show_queue(struct seq_file *seq, struct vlb_device *dev, u32 index)
{
	struct vlb_queue *q = &dev->queues[index];
	struct vlb_queue_state state;
	unsigned int inflight;
	bool exact;

	spin_lock(&dev->lock);
	vlb_queue_state(q, &state);
	spin_unlock(&dev->lock);
	inflight = vlb_inflight_count(q, &exact);
	seq_printf(
		seq,
		"queue %u: ready %u size %u avail %u used %u kicks %lld calls %lld interrupts %lld to-daemon %lld from-daemon %lld in-flight %u%s drained %lld\n",
		index, state.ready, state.size, state.avail_idx, state.used_idx,
		vlb_count(&q->kicks), vlb_count(&q->calls), vlb_count(&q->interrupts),
		vlb_count(&q->bytes_to_daemon), vlb_count(&q->bytes_from_daemon),
		state.ready ? inflight : 0, state.ready && !exact ? " unsure" : "",
		vlb_count(&q->drained));
	if (q->relay)
		seq_printf(seq, "queue %u: relay %s waiting %u dropped %lld\n", index,
			   vlb_relay_kind_name(q), vlb_relay_waiting(q),
			   vlb_count(&q->relay->dropped));
}

static int vlb_state_show(struct seq_file *seq, void *unused)
{
	struct vlb_device *dev = seq->private;
	u32 i;

	seq_printf(seq, "name: %s\n", dev->name[0] ? dev->name : "-");
	seq_printf(seq, "type: %u\n", dev->vdev.id.device);
	seq_printf(seq, "features: 0x%016llx driver 0x%016llx\n", dev->features,
		   dev->vdev.features);
	vlb_show_requests(seq, dev);
	vlb_show_bounce(seq, &dev->bounce);
	for (i = 0; i < dev->num_queues; i++)
		if (smp_load_acquire(&dev->queues[i].size))
			vlb_show_queue(seq, dev, i);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(vlb_state);

struct dentry *vlb_debugfs_root(void)
{
	return debugfs_create_dir("virtio_loopback", NULL);
}

/* Removed in stop_work, before the device goes: readers never see it freed. */
void vlb_debugfs_add(struct vlb_device *dev, struct dentry *root)
{
	char name[16];

	snprintf(name, sizeof(name), "%d", dev->pdev.id);
	dev->debugfs = debugfs_create_dir(name, root);
	debugfs_create_file("state", 0400, dev->debugfs, dev, &vlb_state_fops);
}
